"""What a pass has to say of the fleet as a whole: what was not seen, what does not go, what failed untold,
what beside the workspaces is left to others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.moment import seconds_between
from reconciler.domain.plan import Outcome
from reconciler.domain.report import SETTLED, WorkspaceReport
from reconciler.domain.state import ObservedObject, ObservedState
from reconciler.planner.health.going import going, going_since

from .contested import contested

_MOST = 20
_HANGS_AFTER = 300.0
"""Seconds after which what goes is said to hang; a NodeClaim may well take minutes to empty its machine."""


def problems_of(
    observed: ObservedState,
    leaving: Iterable[ObservedObject],
    outcomes: tuple[Outcome, ...],
    reports: Mapping[WorkspaceName, WorkspaceReport],
    now: str,
) -> tuple[str, ...]:
    """In sentences. Of steps that failed and objects that do not go those that no workspace's own message
    tells, at most 20 of each."""
    untold = (
        f"{each.step.action} {each.step.target}: {each.message}"
        for each in outcomes
        if not each.done and _is_untold(each, reports)
    )
    left = (contested(each) for each in outcomes if each.is_left and each.step.workspace is None)
    return (*observed.blind, *_some(_hanging(leaving, reports, now)), *_some(untold), *_some(left))


def _hanging(
    leaving: Iterable[ObservedObject], reports: Mapping[WorkspaceName, WorkspaceReport], now: str
) -> Iterator[str]:
    told = " ".join(each.message for each in reports.values() if "has been going" in each.message)
    for live in sorted(leaving, key=lambda each: each.ref):
        since = going_since(live.document)
        if since and seconds_between(since, now) > _HANGS_AFTER and str(live.ref) not in told:
            yield going(live)


def _some(sentences: Iterable[str]) -> tuple[str, ...]:
    found = tuple(sentences)
    more = (f"and {len(found) - _MOST} more",) if len(found) > _MOST else ()
    return (*found[:_MOST], *more)


def _is_untold(outcome: Outcome, reports: Mapping[WorkspaceName, WorkspaceReport]) -> bool:
    """A settled workspace whose step is to be tried again would else look finished."""
    name = outcome.step.workspace
    report = reports.get(name) if name is not None else None
    return report is None or (outcome.transient and report.phase in SETTLED)
