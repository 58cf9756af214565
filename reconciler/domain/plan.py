"""One thing to do and because of what; all of them in order; what came of each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from .cloud import CloudError
from .identity import PoolRef, Ref, WorkspaceName
from .state import DesiredObject, DesiredPool, ObservedObject


class Action(StrEnum):
    """What a step does to its target."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    KEEP = "keep"
    PRUNE = "prune"
    HOLD = "hold"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `fields` are those that differ; `uid` guards a prune or replace, and of what is to be
    created it is the one that it had when it was ours."""

    action: Action
    target: Ref | PoolRef
    workspace: WorkspaceName | None
    because: str
    desired: DesiredObject | DesiredPool | None = None
    fields: tuple[str, ...] = ()
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.target}: {self.because}"


@dataclass(frozen=True, slots=True)
class Overlap:
    """The time while former nodes go on serving and new ones are made, and both cost: hours as such nodes
    usually take, and at most by the Fleet's limits. `dollars_per_hour` is what both cost together, None when
    a price is not known, `at_most` where some are spot machines."""

    hours: float
    most_hours: float
    dollars_per_hour: float | None
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class WorkspaceChange:
    """What becomes of one workspace as a whole. Dollars are None when no price is known, and a bound where
    the nodes `after` are spot machines; `overlap` is told where nodes are replaced."""

    workspace: WorkspaceName
    action: Action
    because: str
    nodes_before: int
    nodes_after: int
    dollars_per_hour_before: float | None
    dollars_per_hour_after: float | None
    at_most_after: bool = False
    overlap: Overlap | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps but the kept ones, in order; `kept` counts the rest."""

    steps: tuple[Step, ...]
    changes: tuple[WorkspaceChange, ...]
    kept: int = 0

    @property
    def hash(self) -> str:
        """What an approval names: the same steps give the same twelve hex digits."""
        return plan_hash(self.steps)

    @property
    def has_changes(self) -> bool:
        """Whether anything would be done."""
        return any(step.action not in (Action.KEEP, Action.HOLD) for step in self.steps)


def plan_hash(steps: tuple[Step, ...]) -> str:
    """Twelve hex digits over what is done to what, in order of name."""
    lines = sorted(
        f"{step.action} {step.target} {getattr(step.desired, 'digest', '')}{step.uid}" for step in steps
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Claim:
    """A field of an object that somebody else sets. `manager` is who, as the API names them; empty where it
    names nobody, for then it was changed on its way in: by a mutating webhook, or by the server itself.
    `fought` says that they set it again as often as we did."""

    field: str
    manager: str = ""
    fought: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one step: done, or the sentence that says why not. `uid` is the object's afterwards.

    `error` is what Azure answered about an agent pool; `correlation` the id of what it has begun. `claims`
    are fields that were not made as asked for, though the rest was: they are left to others, until the moment
    `until`, or where that is empty until the wish is another.
    """

    step: Step
    done: bool
    message: str = ""
    uid: str = ""
    transient: bool = False
    error: CloudError | None = None
    correlation: str = ""
    claims: tuple[Claim, ...] = ()
    until: str = ""

    @property
    def is_left(self) -> bool:
        """Whether it tells what of an object is left to others, and nothing was done."""
        return bool(self.claims) and self.step.action is Action.KEEP


@dataclass(frozen=True, slots=True)
class Applied:
    """What a door answers after applying an object: `seen` is the object as it is then."""

    uid: str
    generation: int = 0
    changed: bool = True
    seen: ObservedObject | None = None
