"""The kubelets of all nodes: one life for each pod that has a node."""

from __future__ import annotations

import asyncio

from reconciler.sandbox.kube.store import Event

from .ground import Ground
from .life import Life
from .pods import is_done, is_ready
from .processes import Processes
from .sight import Object

_BY = "kubelet"


class Kubelet:
    """Starts a pod's life when it gets a node, and ends it when the pod goes."""

    kinds = ("Pod", "Node")

    def __init__(self, ground: Ground, processes: Processes) -> None:
        self._ground, self._processes = ground, processes
        self._lives: dict[str, asyncio.Task[None] | None] = {}
        self._images: dict[str, set[str]] = {}
        self._addresses = 0

    def note(self, event: Event) -> None:
        """Hear of a pod, or of a node that goes."""
        if event.kind == "Node":
            if event.type == "DELETED":
                self._images.pop(event.obj["metadata"]["name"], None)
        elif event.type == "DELETED":
            self._end(event.obj)
        elif event.obj["metadata"].get("deletionTimestamp"):
            self._end(event.obj)
            asyncio.get_running_loop().call_soon(self._ground.delete, "Pod", event.obj)
        elif event.obj["spec"].get("nodeName") and event.obj["metadata"]["uid"] not in self._lives:
            self._begin(event.obj)

    async def stop(self) -> None:
        """End all lives, and the processes with them."""
        lives = [life for life in self._lives.values() if life]
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    def _begin(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        self._lives[uid] = None
        if is_done(pod) or self._is_steady(pod):
            return
        images = self._images.setdefault(pod["spec"]["nodeName"], set())
        life = Life(self._ground, pod, self._processes, images, self._address())
        task = asyncio.get_running_loop().create_task(life.live())
        self._lives[uid] = task
        task.add_done_callback(lambda done: self._note_end(uid, done))

    def _is_steady(self, pod: Object) -> bool:
        """Does nothing more happen to it? So it is with one made ready in an earlier life of the sandbox."""
        here = any(self._processes.image(container) for container in pod["spec"]["containers"])
        return is_ready(pod) and not here and pod["spec"].get("restartPolicy", "Always") == "Always"

    def _note_end(self, uid: str, task: asyncio.Task[None]) -> None:
        if self._lives.get(uid) is task:
            self._lives[uid] = None
        if not task.cancelled() and (error := task.exception()):
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "a pod's life broke", "exception": error, "task": task})

    def _end(self, pod: Object) -> None:
        if life := self._lives.pop(pod["metadata"]["uid"], None):
            life.cancel()
        if pod["spec"].get("nodeName") and not is_done(pod):
            for container in pod["spec"]["containers"]:
                self._ground.recorder.say(pod, "Killing", f"Stopping container {container['name']}", by=_BY)

    def _address(self) -> str:
        self._addresses += 1
        high, low = divmod(self._addresses, 254)
        return f"10.{244 + high // 256 % 8}.{high % 256}.{low + 1}"
