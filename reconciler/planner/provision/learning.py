"""What acting adds to the logbook: before it, what is about to be asked; after it, what Azure answered."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.domain.cloud import CloudError
from reconciler.domain.identity import PoolRef
from reconciler.domain.logbook import Attempt, Logbook, Refusal
from reconciler.domain.moment import later
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.provisioning import Kind
from reconciler.domain.state import DesiredPool, DesiredState

from .failing import failed, with_refusal
from .ground import Ground
from .setbacks import understand

_BUSY = frozenset({409, 429})


def begun(logbook: Logbook, steps: Iterable[Step], desired: DesiredState, ground: Ground) -> Logbook:
    """The logbook before these steps are done: each request that may cost is counted before it is made. What
    an earlier pass was about to ask, and did not live to tell, stays counted."""
    known = logbook.attempts
    attempts = {name: replace(each, asked="") if each.asked else each for name, each in known.items()}
    for step in steps:
        if isinstance(step.target, PoolRef) and _is_of_an_attempt(step):
            before = _attempt(attempts, step, desired)
            if before is not None:
                attempts[step.target.name] = _asking(before, step, ground.now)
    return logbook if attempts == logbook.attempts else replace(logbook, attempts=attempts)


def learned(logbook: Logbook, outcomes: Iterable[Outcome], desired: DesiredState, ground: Ground) -> Logbook:
    """The logbook after these outcomes; the very same value where they taught nothing. What was counted and
    then not asked, since something before it failed, is given back."""
    attempts, refusals = dict(logbook.attempts), logbook.refusals
    for outcome in outcomes:
        attempt = _attempt(attempts, outcome.step, desired)
        if attempt is not None and isinstance(outcome.step.target, PoolRef):
            attempts[outcome.step.target.name], refusal = _answered(attempt, outcome, ground)
            refusals = with_refusal(refusals, refusal, ground.now) if refusal else refusals
    attempts = {name: _given_back(each) if each.asked else each for name, each in attempts.items()}
    if attempts == logbook.attempts and refusals == logbook.refusals:
        return logbook
    return replace(logbook, attempts=attempts, refusals=refusals)


def _is_of_an_attempt(step: Step) -> bool:
    """Whether the step is to have the nodes asked for: a change of a pool that stands is not, but that of its
    size is."""
    match step.action:
        case Action.CREATE | Action.REPLACE | Action.ABORT:
            return True
        case Action.PRUNE:
            return step.desired is not None
        case Action.UPDATE:
            return not step.fields or "count" in step.fields
    return False


def _attempt(attempts: Mapping[str, Attempt], step: Step, desired: DesiredState) -> Attempt | None:
    """The attempt as it is, or a new one where the workspace has changed."""
    workspace = desired.workspaces.get(step.workspace) if step.workspace else None
    known = attempts.get(step.target.name)
    if workspace is None or not _is_of_an_attempt(step):
        return known
    if known is not None and known.workspace == workspace.name and known.digest == workspace.digest:
        return replace(known, option=workspace.option)
    return Attempt(workspace.name, workspace.option, workspace.digest)


def _asking(attempt: Attempt, step: Step, now: str) -> Attempt:
    """The attempt with the request counted; it comes after any failure that is written down already."""
    if step.action is Action.ABORT:
        return replace(attempt, asked=step.action.value, aborted=now)
    if step.action is Action.PRUNE:
        return replace(attempt, parked=step.because)
    begins = max(now, later(attempt.failed, 1)) if attempt.failed else now
    asked = replace(attempt, asked=step.action.value, begun=begins, correlation="")
    nodes = step.desired.count if isinstance(step.desired, DesiredPool) else attempt.nodes
    asked = replace(asked, nodes=nodes, managed_disk=attempt.managed_disk or _has_managed_disk(step))
    if step.action is Action.REPLACE:
        return replace(asked, recreations=attempt.recreations + 1)
    asked = replace(asked, aborted="")
    if step.fields:
        return replace(asked, asked="")
    fresh = step.action is Action.CREATE
    since = ("", "", "") if fresh else (attempt.stood, attempt.joined, attempt.equipped)
    return replace(asked, tries=attempt.tries + 1, stood=since[0], joined=since[1], equipped=since[2])


def _has_managed_disk(step: Step) -> bool:
    if not isinstance(step.desired, DesiredPool):
        return False
    properties = json.loads(step.desired.body).get("properties") or {}
    return bool(properties.get("osDiskType") == "Managed")


def _answered(attempt: Attempt, outcome: Outcome, ground: Ground) -> tuple[Attempt, Refusal | None]:
    known = replace(attempt, asked="", correlation=outcome.correlation or attempt.correlation)
    if outcome.done:
        return known, None
    if not _is_of_an_attempt(outcome.step) or outcome.step.action in (Action.ABORT, Action.PRUNE):
        return known, None
    if outcome.error is None:
        return _given_back(attempt), None
    if _is_busy(outcome.error):
        return replace(_given_back(attempt), again=_soon(outcome.error, ground)), None
    return failed(known, outcome.error, ground)


def _is_busy(error: CloudError) -> bool:
    """Whether Azure said: not now. It has begun nothing then."""
    return error.status in _BUSY and understand(error).kind is Kind.TRANSIENT


def _soon(error: CloudError, ground: Ground) -> str:
    return later(ground.now, understand(error).rest)


def _given_back(attempt: Attempt) -> Attempt:
    """The attempt as if what was counted had not been asked."""
    match attempt.asked:
        case Action.CREATE | Action.UPDATE:
            before = replace(attempt, tries=max(attempt.tries - 1, 0), begun=attempt.failed)
        case Action.REPLACE:
            before = replace(attempt, recreations=max(attempt.recreations - 1, 0), begun=attempt.failed)
        case Action.ABORT:
            before = replace(attempt, aborted="")
        case _:
            before = attempt
    return replace(before, asked="")
