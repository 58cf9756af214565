"""One way of having a workspace's nodes: how it stands with it, and what is to be done about it now."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.logbook import Attempt, Refusal
from reconciler.domain.moment import clock, later
from reconciler.domain.provisioning import Kind, Move, Setback
from reconciler.domain.state import DesiredWorkspace, ObservedPool

from .setbacks import understand


@dataclass(frozen=True, slots=True)
class Way:
    """A workspace with its nodes had in one of the ways its owner accepts.

    `live` is its agent pool where that is there and ours, `holder` says whose the pool of that name is where
    it is somebody else's. `attempt` is what was tried since the workspace was last changed, `refusal` what
    still closes this way for everybody.
    """

    workspace: DesiredWorkspace
    live: ObservedPool | None = None
    holder: str = ""
    attempt: Attempt | None = None
    refusal: Refusal | None = None

    @property
    def option(self) -> Option:
        """The terms."""
        return self.workspace.option

    @property
    def is_own(self) -> bool:
        """Whether its nodes were there before."""
        return self.option.capacity_type is CapacityType.OWN

    @property
    def state(self) -> str:
        """provisioningState of its agent pool, empty where it has none."""
        return self.live.state if self.live else ""

    @property
    def tries(self) -> int:
        """How often Azure was asked for it."""
        return self.attempt.tries if self.attempt else 0

    @property
    def managed_disk(self) -> bool:
        """Whether it was found to need a managed OS disk."""
        return self.attempt is not None and self.attempt.managed_disk

    @property
    def given_back_at(self) -> str:
        """When its pool was last taken away by us to be made anew; empty where that is not the last thing
        that is known of it."""
        known = self.attempt
        if known is None or not known.recreations:
            return ""
        return known.begun if known.begun > max(known.stood, known.failed) else ""

    @property
    def setback(self) -> Setback | None:
        """What Azure said last, understood. The logbook knows it with its correlation id, and later than the
        pool does."""
        known = self.attempt.error if self.attempt else None
        error = known or (self.live.error if self.live else None)
        return understand(error) if error else None

    @property
    def refused(self) -> str:
        """What closes it and until when, in a few words; empty where nothing does."""
        if self.refusal is None:
            return ""
        until, lasts = self.refusal.until, self.refusal.seconds
        begun = later(until, -lasts) if lasts else ""
        return self.named(f"{self.refusal.sentence} until {clock(until, begun)}")

    def named(self, why: str) -> str:
        """A reason that says of which machines and zone it speaks."""
        if self.option.zone:
            why = why.replace("this zone", f"zone {self.option.zone}")
        return why if self.option.instance_type.lower() in why.lower() else f"{self.option}: {why}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done about one way now.

    With Move.WAIT the way is closed: `until` is when it opens by itself, `setback` what closed it, None
    where nothing but a little time is missing. `stays` keeps to this way whatever else is open;
    `last_resort` is a way that is gone only when no other is open. `why` is the reason where the setback does
    not say it.
    """

    move: Move
    setback: Setback | None = None
    until: str = ""
    why: str = ""
    stays: bool = False
    last_resort: bool = False
    stage: str = ""
    managed_disk: bool = False

    @property
    def is_open(self) -> bool:
        """Whether something may be done, or need not be."""
        return self.move is not Move.WAIT

    @property
    def said(self) -> str:
        """The reason, as far as there is one."""
        return self.why or (self.setback.sentence if self.setback else "")


def closed(setback: Setback | None, until: str = "", why: str = "", *, stays: bool = False) -> Verdict:
    """Not this way, not now."""
    return Verdict(Move.WAIT, setback, until, why, stays=stays)


def in_the_way(sentence: str, next_step: str) -> Setback:
    """What only a person can change, and Azure was not asked about."""
    return Setback(Kind.PERMANENT, "", sentence, next_step)
