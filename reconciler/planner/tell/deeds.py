"""What a pass has done to a workspace, and could not do, as news of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.report import Report
from reconciler.domain.state import DesiredObject, DesiredPool, ObservedState
from reconciler.planner.assess.contested import contested
from reconciler.planner.assess.failing import failure

from .news import News

_MOST_NAMED = 6
_PAST = {
    Action.CREATE: "Created",
    Action.UPDATE: "Updated",
    Action.REPLACE: "Replaced",
    Action.PRUNE: "Pruned",
}
_POOLS = {
    Action.CREATE: ("NodesRequested", "Asked Azure for"),
    Action.UPDATE: ("NodesRequested", "Asked Azure again for"),
    Action.REPLACE: ("NodesRemoved", "Giving back"),
    Action.PRUNE: ("NodesRemoved", "Giving back"),
    Action.ABORT: ("NodesAborted", "Stopping what Azure does with"),
}


def by_workspace(outcomes: Iterable[Outcome]) -> Mapping[WorkspaceName, tuple[Outcome, ...]]:
    """Each workspace's outcomes; what is beside the workspaces has no Event."""
    found: dict[WorkspaceName, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        if each.step.workspace is not None and each.step.workspace.name:
            found[each.step.workspace].append(each)
    return {name: tuple(group) for name, group in found.items()}


def news_of_deeds(outcomes: tuple[Outcome, ...], report: Report, observed: ObservedState) -> Iterator[News]:
    """What was done to one workspace: one line for each kind of action, one for each agent pool."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        if not each.done:
            continue
        if isinstance(each.step.target, PoolRef) and each.step.action in _POOLS:
            yield _of_pool(each)
        elif each.step.action in _PAST:
            groups[_reason(each, observed)].append(each)
    since = f" as of commit {report.commit[:7]} ({report.subject})" if report.commit else ""
    for reason, group in groups.items():
        yield News(is_warning=False, reason=reason, note=_of_objects(reason, group, since))


def news_of_failures(outcomes: Iterable[Outcome]) -> Iterator[News]:
    """What could not be done. What Azure said no to is told of its nodes."""
    for each in outcomes:
        if not each.done and each.error is None:
            reason = f"Failed{each.step.action.capitalize()}"
            yield News(is_warning=True, reason=reason, note=failure(each, None))


def news_of_contests(outcomes: Iterable[Outcome]) -> Iterator[News]:
    """The fields that are left to whoever sets them."""
    for each in outcomes:
        if each.claims and each.until:
            yield News(is_warning=True, reason="Contested", note=contested(each))


def _reason(outcome: Outcome, observed: ObservedState) -> str:
    """`DriftCorrected` where the object was asked for as it is now: somebody else has changed it."""
    step = outcome.step
    if step.action is Action.UPDATE and isinstance(step.desired, DesiredObject) and step.fields:
        live = observed.objects.get(step.desired.ref)
        if live is not None and live.digest == step.desired.digest:
            return "DriftCorrected"
    return _PAST[step.action]


def _of_objects(reason: str, group: list[Outcome], since: str) -> str:
    told = _listed([_named(each) for each in group])
    if reason == "DriftCorrected":
        return f"Set back what somebody else had changed: {told}"
    return f"{reason} {told}{since}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _named(outcome: Outcome) -> str:
    step = outcome.step
    name = f"{step.target.kind}/{step.target.name}"
    fields = step.fields if isinstance(step.target, Ref) and step.action is not Action.CREATE else ()
    if not fields:
        return name
    more = f" and {len(fields) - 1} more" if len(fields) > 1 else ""
    return f"{name} ({fields[0]}{more})"


def _of_pool(outcome: Outcome) -> News:
    step = outcome.step
    reason, verb = _POOLS[step.action]
    what = f"{_machines(step)}agent pool {step.target.name}"
    return News(is_warning=False, reason=reason, note=f"{verb} {what}: {step.because}")


def _machines(step: Step) -> str:
    """How many of which are asked for; nothing of a pool that goes."""
    if step.action in (Action.CREATE, Action.UPDATE) and isinstance(step.desired, DesiredPool):
        return f"{step.desired.count}× {step.desired.instance_type}, "
    return ""
