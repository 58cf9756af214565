"""What a pass found to be true: a workspace's phase, its conditions, and the fleet as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from .finding import Finding
from .identity import WorkspaceName
from .provisioning import Move, NodeChoice, Orphan, Spending
from .share import Share
from .state import Cost
from .telemetry import LAST_WORDS, SILENCE, Telemetry


class Phase(StrEnum):
    """A workspace's state in one word. The first six are KAITO's `status.state`; the rest are ours."""

    PENDING = "Pending"
    READY = "Ready"
    NOT_READY = "NotReady"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    INVALID = "Invalid"
    HELD = "Held"
    DELETING = "Deleting"


SETTLED = frozenset({Phase.READY, Phase.SUCCEEDED, Phase.FAILED, Phase.INVALID, Phase.HELD})


@dataclass(frozen=True, slots=True)
class Condition:
    """metav1.Condition with KAITO's types and reasons. `status` is True, False or Unknown;
    `since` is RFC 3339, the last time the status changed."""

    type: str
    status: str
    reason: str
    message: str
    since: str


@dataclass(frozen=True, slots=True)
class Health:
    """One thing's state: healthy, still on its way, or broken; and a sentence."""

    state: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class WorkspaceReport:
    """One workspace, as it is. `awaiting` is the next thing waited for, empty when nothing is; `choice` how
    its nodes are had, None where no agent pool is made; `spending` what they have cost; `telemetry` what its
    container says of itself; `proposal` how the next commit stands that was offered of it."""

    name: WorkspaceName
    phase: Phase
    message: str
    awaiting: str
    commit: str
    file: str
    model: str
    instance_type: str
    nodes_wanted: int
    nodes_ready: tuple[str, ...]
    endpoint: str
    cost: Cost
    conditions: tuple[Condition, ...] = ()
    findings: tuple[Finding, ...] = ()
    gpus_per_node: int = 0
    tuning: bool = False
    choice: NodeChoice | None = None
    spending: Spending | None = None
    telemetry: Telemetry = SILENCE
    proposal: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing is waited for but a person."""
        if self.choice is not None and self.choice.needs_a_person:
            return True
        is_unheard = self.phase is Phase.SUCCEEDED and self.awaiting == LAST_WORDS
        return self.phase in SETTLED and not is_unheard and not (self.phase is Phase.READY and self.awaiting)

    @property
    def is_busy(self) -> bool:
        """Whether something may come of it any moment. Waiting for an hour to be over is not being busy."""
        waits = self.choice is not None and self.choice.move is Move.WAIT
        return not self.settled and not waits


@dataclass(frozen=True, slots=True)
class Report:
    """The fleet after a pass. `problems` are sentences about the pass as a whole; `untold` is that of them
    which says why nothing of it stands in Git, empty where it does; `has_made` whether it made what no look
    has seen yet."""

    fleet: str
    commit: str
    subject: str
    workspaces: Mapping[WorkspaceName, WorkspaceReport]
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
    awaiting_approval: str = ""
    orphans: tuple[Orphan, ...] = ()
    untold: str = ""
    has_made: bool = False

    @property
    def settled(self) -> bool:
        """Whether another pass, the world unchanged, would have nothing to wait for."""
        return not (self.problems or self.has_made) and all(each.settled for each in self.workspaces.values())

    def of(self, share: Share) -> Report:
        """The same, of the workspaces of this share alone."""
        if share.is_whole:
            return self
        ours = {name: each for name, each in self.workspaces.items() if share.has(name)}
        return replace(self, workspaces=ours)

    def amended(self, part: Report) -> Report:
        """The same, with the workspaces and the problems that `part` tells of as it tells them."""
        return replace(self, workspaces={**self.workspaces, **part.workspaces}, problems=part.problems)

    @property
    def is_busy(self) -> bool:
        """Whether another look should come soon."""
        return bool(self.problems) or self.has_made or any(each.is_busy for each in self.workspaces.values())


@dataclass(frozen=True, slots=True)
class StatusCommit:
    """Files for the status branch (None removes one) and the sentence that goes with them."""

    files: Mapping[str, bytes | None]
    message: str
