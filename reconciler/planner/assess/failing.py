"""What is said of a failed step: what could not be done, what a person can do, whether it is tried again."""

from __future__ import annotations

from reconciler.domain.cloud import CloudError
from reconciler.domain.identity import PoolRef
from reconciler.domain.logbook import Attempt
from reconciler.domain.moment import clock
from reconciler.domain.plan import Action, Outcome
from reconciler.planner.provision.setbacks import understand

_DRAIN = frozenset({"PodDrainFailure", "UnsatisfiablePDB"})
_VERBS = {
    Action.CREATE: "make",
    Action.UPDATE: "change",
    Action.REPLACE: "take away",
    Action.PRUNE: "remove",
    Action.ABORT: "stop what Azure does with",
}


def failure(outcome: Outcome, attempt: Attempt | None) -> str:
    """One sentence; of an agent pool by what Azure's error means."""
    target = outcome.step.target
    if isinstance(target, PoolRef) and outcome.error is not None:
        tried = _tried_again(outcome, attempt)
        return (
            f"Could not {_VERBS[outcome.step.action]} agent pool {target.name}: {_told(outcome.error)}{tried}"
        )
    again = "; it is tried again" if outcome.transient else ""
    message = outcome.message.rstrip(". ") or "no reason given"
    return f"Could not {outcome.step.action} {target}: {message}{again}"


def not_gone(pool: str, error: CloudError) -> str:
    """Why an agent pool that nobody asks for any more is still there. What else it failed with was of when it
    was made."""
    blocked = f"is not gone yet: {_told(error)}" if _DRAIN.intersection(error.codes) else "is left"
    return f"Agent pool {pool} {blocked}; its removal is asked for again"


def _told(error: CloudError) -> str:
    setback = understand(error)
    return f"{setback.sentence}; {setback.next_step}" if setback.next_step else setback.sentence


def _tried_again(outcome: Outcome, attempt: Attempt | None) -> str:
    """A pool that goes is asked for in every pass; one that comes, when its attempt says."""
    if attempt is not None and attempt.again:
        return f"; tried again at {clock(attempt.again, attempt.failed or attempt.begun)}"
    return "; it is tried again" if outcome.transient or outcome.step.action is Action.PRUNE else ""
