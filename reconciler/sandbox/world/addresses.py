"""Where Services of local processes are reached: a loopback port each, written on the Service."""

from __future__ import annotations

import asyncio

from reconciler.sandbox.kube.podports import LISTEN
from reconciler.sandbox.kube.store import Event

from .doorway import Doorway
from .ground import Ground
from .pods import is_ready
from .queue import Key, Queue
from .sight import Object, key_of

ADDRESS = "sandbox.towline.dev/address"
_BY = "service-controller"
_SCHEME = "http://"


class Addresses:
    """Opens a doorway for each Service with a local process behind it, and keeps its port for as long as the
    Service is there."""

    kinds = ("Service", "Pod")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._doorways: dict[Key, Doorway] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._queue = Queue(ground.clock, self._look)

    def note(self, event: Event) -> None:
        """Hear of a Service, or of a pod that listens."""
        if event.kind == "Service":
            self._queue.add(key_of(event.obj))
        elif _listens_at(event.obj) and event.type != "DELETED":
            for service in self._ground.sight.services_for(event.obj):
                self._queue.add(key_of(service))

    async def stop(self) -> None:
        """Close every doorway."""
        await asyncio.gather(*(doorway.close() for doorway in self._doorways.values()), *self._closing)

    def _look(self, key: Key) -> None:
        service = self._ground.sight.services.get(key)
        if service is None:
            self._close(key)
        elif key not in self._doorways and (_address(service) or self._pods(service)):
            self._open(key, service)

    def _open(self, key: Key, service: Object) -> None:
        _, _, port = _address(service).rpartition(":")
        doorway = Doorway(lambda: self._leads_to(key), int(port) if port.isdigit() else 0)
        self._doorways[key] = doorway
        told = {"metadata": {"annotations": {ADDRESS: _SCHEME + doorway.address}}}
        self._ground.store.patch("Service", *key, told, manager=_BY)

    def _close(self, key: Key) -> None:
        if doorway := self._doorways.pop(key, None):
            task = asyncio.get_running_loop().create_task(doorway.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _leads_to(self, key: Key) -> str | None:
        """A ready pod's address; where the Service publishes those that are not ready, else one of theirs."""
        service = self._ground.sight.services.get(key)
        pods = self._pods(service) if service else []
        if service and not service["spec"].get("publishNotReadyAddresses"):
            pods = [pod for pod in pods if is_ready(pod)]
        return next((_listens_at(pod) for pod in sorted(pods, key=_order)), None)

    def _pods(self, service: Object) -> list[Object]:
        """The pods of a Service that run here."""
        found = self._ground.sight.pods_like(key_of(service)[0], service["spec"].get("selector") or {})
        return [pod for pod in found if _listens_at(pod)]


def _order(pod: Object) -> tuple[bool, Key]:
    return not is_ready(pod), key_of(pod)


def _address(service: Object) -> str:
    return str((service["metadata"].get("annotations") or {}).get(ADDRESS, ""))


def _listens_at(pod: Object) -> str | None:
    return (pod["metadata"].get("annotations") or {}).get(LISTEN)
