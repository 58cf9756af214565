"""What of a pass is worth a Kubernetes Event: what it did, and what has come to be so since the last one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.domain.event import Event
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.plan import Outcome
from reconciler.domain.report import Report, WorkspaceReport
from reconciler.domain.state import ObservedState
from reconciler.domain.workspace import V1BETA1
from reconciler.planner.decide.inventory import NAMESPACE, is_inventory

from .deeds import by_workspace, news_of_contests, news_of_deeds, news_of_failures
from .masked import masked
from .news import News, standing_news
from .readable import readable

MOST = 50
"""Events of one pass; what is more is summed up in the last of them."""
_LONGEST_NOTE = 1024  # characters: events.k8s.io/v1, validation of `note`
_WORKLOADS = (("apps/v1", "StatefulSet"), ("batch/v1", "Job"))


@dataclass(frozen=True, slots=True)
class Account:
    """A pass to be told: what came of its steps and how it stands. `now` is RFC 3339."""

    report: Report
    outcomes: tuple[Outcome, ...]
    now: str


def compose_events(before: Account | None, after: Account, observed: ObservedState) -> tuple[Event, ...]:
    """The Events of what was done and what has changed, in order of the workspaces; what is wrong goes first
    where there is too much to tell. Without a pass `before`, of what stands only what is wrong is told."""
    outcomes = by_workspace(after.outcomes)
    earlier = by_workspace(before.outcomes) if before else {}
    told: list[tuple[WorkspaceName, News]] = []
    for name in sorted({*_changed(before, after), *outcomes}):
        done, known = outcomes.get(name, ()), {each.gist for each in _undone(earlier.get(name, ()))}
        deeds = news_of_deeds(done, after.report, observed)
        fresh = (each for each in _undone(done) if each.gist not in known)
        told += ((name, each) for each in (*deeds, *fresh, *_news(name, before, after)))
    chosen, rest = _bounded(told)
    events = [
        _event(_about(name, outcomes.get(name, ()), observed), each, after.now) for name, each in chosen
    ]
    return (*events, *_summed_up(rest, after, observed))


def _changed(before: Account | None, after: Account) -> Iterator[WorkspaceName]:
    """The assessor gives the very same report for what has not changed."""
    known = before.report.workspaces if before else {}
    for name, report in after.report.workspaces.items():
        if known.get(name) is not report:
            yield name


def _undone(outcomes: tuple[Outcome, ...]) -> Iterator[News]:
    """What could not be done and what is left to others: an outcome of each pass while that lasts."""
    yield from news_of_failures(outcomes)
    yield from news_of_contests(outcomes)


def _news(name: WorkspaceName, before: Account | None, after: Account) -> Iterator[News]:
    report = after.report.workspaces.get(name)
    if report is None:
        return
    known = _known(before.report.workspaces.get(name)) if before else frozenset()
    for each in standing_news(report):
        if each.gist not in known and (before is not None or each.is_warning):
            yield each


def _known(report: WorkspaceReport | None) -> frozenset[str]:
    return frozenset(each.gist for each in standing_news(report)) if report else frozenset()


def _bounded(
    told: list[tuple[WorkspaceName, News]],
) -> tuple[list[tuple[WorkspaceName, News]], list[News]]:
    """As many as are told one by one, and the rest."""
    if len(told) <= MOST:
        return told, []
    by_weight = sorted(range(len(told)), key=lambda place: (not told[place][1].is_warning, place))
    chosen = set(by_weight[: MOST - 1])
    one_by_one = [each for place, each in enumerate(told) if place in chosen]
    return one_by_one, [news for place, (_, news) in enumerate(told) if place not in chosen]


def _event(about: tuple[Ref, str], news: News, now: str) -> Event:
    note = readable(masked(news.note), _LONGEST_NOTE)
    return Event(*about, "Warning" if news.is_warning else "Normal", news.reason, note, now)


def _about(name: WorkspaceName, outcomes: tuple[Outcome, ...], observed: ObservedState) -> tuple[Ref, str]:
    """The Workspace itself where it is in the cluster or was made just now, else what runs for it; of one of
    which nothing is there, its name."""
    custom = Ref(V1BETA1, "Workspace", name.namespace, name.name)
    workloads = (Ref(version, kind, name.namespace, name.name) for version, kind in _WORKLOADS)
    made = {each.step.target: each.uid for each in outcomes}
    for ref in (custom, *workloads):
        live = observed.objects.get(ref)
        if uid := live.uid if live else made.get(ref, ""):
            return ref, uid
    return custom, ""


def _summed_up(rest: list[News], after: Account, observed: ObservedState) -> Iterator[Event]:
    """One Event of the fleet's inventory, which stands for the fleet in the cluster."""
    if not rest:
        return
    counted = sorted(Counter(each.reason for each in rest).items(), key=lambda pair: (-pair[1], pair[0]))
    reasons = ", ".join(f"{count} {reason}" for reason, count in counted)
    note = readable(f"{len(rest)} more, told on the status branch: {reasons}", _LONGEST_NOTE)
    ref = Ref("v1", "ConfigMap", NAMESPACE, f"inventory-{after.report.fleet}")
    found = (each for each in observed.objects if is_inventory(each, after.report.fleet))
    ref = ref if ref in observed.objects else min(found, default=ref)
    uid = observed.objects[ref].uid if ref in observed.objects else ""
    is_warning = any(each.is_warning for each in rest)
    yield Event(ref, uid, "Warning" if is_warning else "Normal", "ManyChanges", note, after.now)
