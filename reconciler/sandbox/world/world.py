"""The world put together: every controller, and who hears of which kind."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from reconciler.sandbox.arm.cloud import Cloud
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.kube.store import Event, Store
from reconciler.sandbox.trouble import Troubles

from .addresses import Addresses
from .budgets import Budgets
from .deployment import Deployments, ReplicaSets
from .disks import Disks
from .endpoints import Claims, Endpoints
from .ground import Ground, Pace
from .job import Jobs
from .karpenter import Karpenter
from .kubelet import Kubelet
from .logs import Logs
from .nodes import Nodes
from .processes import Image, Processes
from .queue import Turns
from .recorder import Recorder
from .scheduler import Scheduler
from .sight import Sight
from .statefulset import StatefulSets
from .vitals import Vitals


class Controller(Protocol):
    """Whoever hears of the kinds it names."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name the kinds it wants to hear of."""

    def note(self, event: Event) -> None:
        """Hear of one event."""


class World:
    """All controllers over one store. Nodes follow the cloud's pools."""

    def __init__(self, ground: Ground, cloud: Cloud, images: Iterable[Image], folder: Path) -> None:
        processes = Processes(tuple(images), folder)
        self._ground, self._cloud = ground, cloud
        self._vitals, self._kubelet = Vitals(ground, cloud), Kubelet(ground, processes)
        budgets = Budgets(ground)
        self._nodes = Nodes(ground, cloud, self._vitals, budgets)
        self._addresses, self._disks = Addresses(ground), Disks(folder)
        self.logs = Logs(ground, processes)
        self._hearers: dict[str, list[Controller]] = {}
        self._employ(
            self._vitals,
            Scheduler(ground),
            self._kubelet,
            StatefulSets(ground),
            Deployments(ground),
            ReplicaSets(ground),
            Jobs(ground),
            Endpoints(ground),
            Claims(ground),
            self._addresses,
            self._disks,
            budgets,
            Karpenter(ground, cloud),
        )

    def start(self) -> None:
        """Begin to hear: first of all there is, then of what changes."""
        for kind in self._hearers:
            for obj in self._ground.store.objects(kind):
                self._ground.sight.note(Event("ADDED", kind, obj))
        for kind, hearers in self._hearers.items():
            for obj in self._ground.store.objects(kind):
                for hearer in hearers:
                    hearer.note(Event("ADDED", kind, obj))
        self._ground.store.subscribe(self._hear)
        self._kubelet.start()
        estate = self._cloud.estate
        estate.on_change, estate.on_power = self._nodes.note_pool, self._vitals.look_again
        estate.blockers = self._nodes.blockers
        if not self._ground.sight.nodes:
            for pool in self._cloud.pools.values():
                self._nodes.settle(pool)
        for pool in tuple(self._cloud.pools.values()):
            self._nodes.note_pool(pool)

    async def stop(self) -> None:
        """End every local process, and what leads to it."""
        await self._kubelet.stop()
        await self._addresses.stop()
        await self._disks.stop()

    def _employ(self, *controllers: Controller) -> None:
        for controller in controllers:
            for kind in controller.kinds:
                self._hearers.setdefault(kind, []).append(controller)

    def _hear(self, event: Event) -> None:
        self._ground.sight.note(event)
        for hearer in self._hearers.get(event.kind, ()):
            hearer.note(event)


def ground_of(store: Store, clock: Clock, pace: Pace, troubles: Troubles) -> Ground:
    """Lay the ground that controllers stand on."""
    return Ground(store, Sight(), clock, pace, troubles, Recorder(store, clock), Turns(clock))
