"""How it stands with a workspace's nodes: what Azure's no means, and which way of having nodes was chosen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .cloud import CapacityType, Option


class Kind(StrEnum):
    """What an error asks for: waiting, another way, a person, or the same thing made anew."""

    TRANSIENT = "transient"
    CAPACITY = "capacity"
    PERMANENT = "permanent"
    RECREATE = "recreate"


class Scope(StrEnum):
    """How much of what Azure sells an error closes for a while."""

    ZONE = "zone"
    SIZE = "size"
    FAMILY = "family"
    SPOT = "spot"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Setback:
    """An Azure error understood.

    `sentence` tells a data scientist what happened, `next_step` what to do about it (both without a full
    stop; the step is empty where there is nothing to do but wait). `code` and `correlation` are Azure's own.
    `rest` is how many seconds to wait before trying again; `closes` is what is shut for everybody meanwhile,
    for `closed_seconds`, or for `closed_seconds_on_spot` where that is set and the machines were spot.
    `needs_managed_disk` asks for the same again with another kind of OS disk.
    """

    kind: Kind
    code: str
    sentence: str
    next_step: str = ""
    correlation: str = ""
    rest: float = 60.0
    closes: Scope | None = None
    closed_seconds: float = 0.0
    needs_managed_disk: bool = False
    closed_seconds_on_spot: float = 0.0

    @property
    def told(self) -> str:
        """The whole of it as a sentence without its full stop, Azure's code and correlation id behind it."""
        step = f"; {self.next_step}" if self.next_step else ""
        ids = ", ".join(each for each in (self.code, self.correlation) if each)
        return f"{self.sentence}{step}{f' ({ids})' if ids else ''}"


_MACHINES_UNNAMED = ("machine of this size", "this VM size")


class Move(StrEnum):
    """What is to be done about a workspace's agent pool: make it so, ask the same again, take it away to
    make it anew, stop what Azure is doing with it, give it back for good, or wait."""

    GO = "go"
    AGAIN = "again"
    ANEW = "anew"
    ABORT = "abort"
    GIVE_BACK = "give back"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class NodeChoice:
    """The way of having nodes that was chosen for a workspace, and what is to be done now.

    `because` says why this way, or why to wait. `until` is when it is tried again by itself, empty where it
    is not. `tries` counts how often Azure was asked for these nodes since the workspace was last changed, of
    at most `most_tries`. `passed_over` are the ways before it in the order of preference, each with a reason.
    """

    option: Option
    move: Move
    because: str = ""
    setback: Setback | None = None
    until: str = ""
    tries: int = 0
    most_tries: int = 0
    passed_over: tuple[str, ...] = ()
    managed_disk: bool = False
    stage: str = ""

    @property
    def needs_a_person(self) -> bool:
        """Whether nothing will happen unless somebody changes something: it waits without an end, or all that
        Azure was asked for is there and lacks what only a person can add."""
        if self.setback is None or self.until:
            return False
        return self.move is Move.WAIT or (self.move is Move.GO and self.setback.kind is Kind.PERMANENT)

    @property
    def trouble(self) -> str:
        """What happened, with the machines and the zone that were asked for where Azure does not name them;
        empty when nothing did."""
        if self.setback is None:
            return ""
        machines, sentence = (
            f"{'spot ' if self.is_spot else ''}{self.option.instance_type}",
            self.setback.sentence,
        )
        for vague in _MACHINES_UNNAMED:
            sentence = sentence.replace(vague, machines)
        if self.option.zone:
            sentence = sentence.replace("this zone", f"zone {self.option.zone}")
        if self.is_spot and self.setback.kind is Kind.CAPACITY and "spot" not in sentence:
            sentence = sentence.replace(self.option.instance_type, machines)
        about_machines = self.setback.closes in (Scope.ZONE, Scope.SIZE)
        is_named = self.option.instance_type.lower() in sentence.lower()
        return f"{self.option}: {sentence}" if about_machines and not is_named else sentence

    @property
    def next_step(self) -> str:
        """What to do about it, empty when there is nothing; what helps against a lack of spot machines."""
        if self.setback is None:
            return ""
        if self.is_spot and self.setback.kind is Kind.CAPACITY and "on-demand" not in self.setback.next_step:
            return "wait, or accept on-demand machines as well"
        return self.setback.next_step

    @property
    def is_spot(self) -> bool:
        """Whether its machines may be taken away at any time."""
        return self.option.capacity_type is CapacityType.SPOT


@dataclass(frozen=True, slots=True)
class Spending:
    """What nodes have cost, in dollars, up to the moment `at`; `since` is when the first of them came. None
    where a price is not known; `is_partial` where it is known of some of them only, `at_most` where some are
    spot machines, which cost less."""

    dollars: float | None
    since: str
    at: str
    is_partial: bool = False
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Orphan:
    """An agent pool of ours that no workspace asks for. `first_seen` is when it was first seen so, `due` when
    it may be removed, `hold` why it may not be yet."""

    pool: str
    owner: str
    instance_type: str
    count: int
    first_seen: str
    due: str
    spending: Spending
    dollars_per_hour: float | None
    hold: str = ""
