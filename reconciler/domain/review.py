"""What a pull request would change, cost and need: the plan of its base beside the plan of its merge result.

Every text in it that came from somebody else has been concealed already: nothing that looks like a credential
is left in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from .finding import Finding
from .identity import WorkspaceName
from .plan import Overlap


class Fate(StrEnum):
    """What becomes of a workspace or an object when the pull request is merged."""

    REMOVED = "removed"
    REPLACED = "replaced"
    HELD = "held back"
    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field as it is and as it would be, None where it is not there. `is_hidden` says that the values are
    not shown because they may be secret."""

    path: str
    before: str | None
    after: str | None
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One Kubernetes object or agent pool, by `kind/namespace/name`. `more` counts the fields that differ and
    are not told."""

    target: str
    fate: Fate
    fields: tuple[FieldChange, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class Machines:
    """The nodes of a workspace, and the model they serve. Dollars are of all of them together, an hour, None
    where no price is known and a bound with `at_most`; `gpu_nodes` are those bought that have GPUs."""

    model: str
    option: str
    nodes: int
    gpu_nodes: int
    dollars_per_hour: float | None
    at_most: bool = False


NOTHING = Machines("", "", 0, 0, 0.0)


@dataclass(frozen=True, slots=True)
class Fit:
    """The memory of the fullest GPU, GiB: what the model takes of what there is. `needed_gib` is with one
    sequence of `context` tokens, `largest_context` the longest that has room, `at_once` how many sequences of
    `context` tokens do; None of a training, whose `context` is the length of a training sequence."""

    fits: bool
    weights_gib: float
    needed_gib: float
    given_gib: float
    context: int
    largest_context: int
    at_once: int | None
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Supply:
    """Whether the nodes are to be had now: what is known of it, and what to do where they are not."""

    is_short: bool
    said: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class WorkspaceReview:
    """What the pull request does to one workspace.

    `because` are sentences, the most telling first. `overlap` is the time for which former and new nodes both
    cost, `pause` says for what time and why the model does not answer; empty where it goes on.
    """

    name: WorkspaceName
    fate: Fate
    file: str
    before: Machines
    after: Machines
    because: tuple[str, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    overlap: Overlap | None = None
    pause: str = ""
    fit: Fit | None = None
    supply: Supply | None = None
    digest_before: str = ""
    digest_after: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of a workspace by the pull request's own `towline.yaml`, other than by the base's."""

    workspace: WorkspaceName
    said: str


@dataclass(frozen=True, slots=True)
class RulesChange:
    """The pull request changes `towline.yaml`, by which nothing of it is judged here. `findings` are mistakes
    of the new file; `effects` and dollars an hour (None: not known) what it adds once it is merged."""

    fields: tuple[FieldChange, ...]
    findings: tuple[Finding, ...] = ()
    effects: tuple[Effect, ...] = ()
    dollars_per_hour: float | None = 0.0
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """Mistakes the pull request brings in, those it leaves, and those it mends."""

    new: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """The world the Review was made against. `is_embedded`: it is the embedded one and says nothing of a real
    cluster. `state` digests what was there of the workspaces concerned; `blind` are sentences about what
    could not be seen."""

    at: str
    is_embedded: bool
    state: str
    blind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prices:
    """The day of the price list, the regions its prices are of, and what they mean."""

    date: str
    regions: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was reviewed: the refs as they were typed, their commits, and the tree of their merge."""

    base_ref: str
    head_ref: str
    base: str
    head: str
    tree: str


@dataclass(frozen=True, slots=True)
class Total:
    """The whole fleet, dollars an hour of those whose price is known, and its budget, None without one."""

    before: float
    after: float
    budget: float | None


@dataclass(frozen=True, slots=True)
class Review:
    """The whole of it. `workspaces` are those something becomes of, the gravest first, `untouched` counts the
    others; `objects` belong to no one workspace; `limits` are sentences about the base's policy."""

    fleet: str
    asked: Asked
    workspaces: tuple[WorkspaceReview, ...]
    untouched: int
    objects: tuple[ObjectChange, ...]
    rules: RulesChange | None
    findings: Findings
    limits: tuple[str, ...]
    total: Total
    sight: Sight
    prices: Prices

    @property
    def has_changes(self) -> bool:
        """Whether merging changes anything that is reviewed."""
        return bool(self.workspaces or self.objects or self.rules)

    @property
    def gpu_nodes(self) -> tuple[int, int]:
        """GPU nodes more and GPU nodes less, both at least 0."""
        each = [one.after.gpu_nodes - one.before.gpu_nodes for one in self.workspaces]
        return sum(one for one in each if one > 0), -sum(one for one in each if one < 0)

    @property
    def dollars(self) -> tuple[float, float]:
        """Dollars an hour more and less, both at least 0, of the workspaces whose prices are known."""
        known = [each for each in map(dearer_by, self.workspaces) if each is not None]
        return math.fsum(each for each in known if each > 0), -math.fsum(each for each in known if each < 0)

    @property
    def unpriced(self) -> int:
        """How many of the workspaces have no known price."""
        return sum(dearer_by(each) is None for each in self.workspaces)

    @property
    def is_at_most(self) -> bool:
        """Whether some price is a bound, as of spot machines."""
        return any(each.after.at_most or each.before.at_most for each in self.workspaces)


def dearer_by(review: WorkspaceReview) -> float | None:
    """Dollars an hour that this workspace costs more, below 0 where it costs less; None when not known."""
    before, after = review.before.dollars_per_hour, review.after.dollars_per_hour
    return None if before is None or after is None else after - before
