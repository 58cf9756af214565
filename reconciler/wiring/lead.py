"""Who may write for a fleet: whoever holds its leases, or everybody where nobody asked for an election."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, runtime_checkable

import structlog

from reconciler.adapters.kube.leases import KubeLeases
from reconciler.domain.fleet import Fleet
from reconciler.domain.lease import Candidate
from reconciler.domain.share import WHOLE, Share
from reconciler.domain.tally import Tally
from reconciler.leading import Leading
from reconciler.look import Doors
from reconciler.planner.decide.inventory import NAMESPACE
from reconciler.settings import Settings

from .worlds import World

_NOT_SOUGHT = Share(frozenset(), because="the fleet has not been read yet")


@runtime_checkable
class _Fenced(Protocol):
    """A door that asks before it writes."""

    def ask_before_writing(self, may_write: Callable[[], None]) -> None:
        """From now on call this before every write."""


@contextmanager
def leadership(settings: Settings, world: World, on_change: Callable[[], None]) -> Iterator[Leadership]:
    """The leadership of the fleet that will be read; let go of at the end."""
    lead = Leadership(settings, world, on_change)
    try:
        yield lead
    finally:
        lead.close()


class Leadership:
    """The leases of the fleet sought last. `identity` is told to no two processes."""

    def __init__(self, settings: Settings, world: World, on_change: Callable[[], None]) -> None:
        self.identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self._settings, self._world, self._on_change = settings, world, on_change
        self._fleet = ""
        self._leading: Leading | None = None
        self._closing = ExitStack()

    def fencing(self, doors: Callable[[Fleet], Doors]) -> Callable[[Fleet], Doors]:
        """The same doors, which ask before they write whether that is still ours to do."""
        if not self._settings.leader_elect:
            return doors

        def fenced(fleet: Fleet) -> Doors:
            opened = doors(fleet)
            self._seek(fleet.name)
            for door in (opened.cluster, opened.cloud, opened.book, opened.proposals):
                if isinstance(door, _Fenced):
                    door.ask_before_writing(self._may_write)
            return opened

        return fenced

    def share(self) -> Share:
        """What a pass may act on that begins now."""
        if not self._settings.leader_elect:
            return WHOLE
        return self._leading.share() if self._leading is not None else _NOT_SOUGHT

    def tallies(self) -> tuple[Tally, ...]:
        """Whether we lead and which shards are ours; nothing where nobody asked for an election."""
        if self._leading is None:
            return ()
        held, names = self._leading.held, lease_names(self._fleet, self._settings.shards)
        leads = "1 where this process acts on the fleet or a share of it, 0 where it stands by."
        shards = "Shards of the fleet held by this process."
        lease = "1 where this process holds that lease, as client-go tells it."
        return (
            Tally("towline_leader", leads, (), float(bool(held)), grows=False),
            Tally("towline_shards_held", shards, (), float(len(held)), grows=False),
            *(
                Tally("leader_election_master_status", lease, (("name", name),), number in held, grows=False)
                for number, name in enumerate(names)
            ),
        )

    def close(self) -> None:
        """Let go of the leases."""
        self._closing.close()
        self._fleet, self._leading = "", None

    def _may_write(self) -> None:
        if self._leading is not None:
            self._leading.may_write()

    def _seek(self, fleet: str) -> None:
        if fleet == self._fleet:
            return
        self.close()
        leases = KubeLeases(self._world.kubeconfig, self._world.context, NAMESPACE)
        self._closing.callback(leases.close)
        candidate = Candidate(self.identity, lease_names(fleet, self._settings.shards))
        leading = Leading(leases, candidate, self._on_change)
        lease = f"{NAMESPACE}/{candidate.names[0]}"
        structlog.get_logger().info("seeking", lease=lease, identity=self.identity)
        leading.start()
        self._closing.callback(leading.close)
        self._fleet, self._leading = fleet, leading


def lease_names(fleet: str, shards: int) -> tuple[str, ...]:
    """One lease a shard. A fleet's name holds no dot, so no two fleets ever mean the same lease."""
    return (
        tuple(f"towline-{fleet}.{number}" for number in range(shards))
        if shards > 1
        else (f"towline-{fleet}",)
    )
