"""The kubelets of all nodes: one life for each pod that has a node.

A pod whose containers are processes of this machine is held by a finalizer until they have ended, as a pod
is in its grace period.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from reconciler.sandbox.kube.podports import LISTEN
from reconciler.sandbox.kube.store import Event, Refusal

from .ground import Ground
from .life import Life
from .pods import is_done, is_ready
from .processes import Processes
from .sight import Object, key_of

_BY = "kubelet"
_HOLD = "sandbox.towline.dev/process"


class Kubelet:
    """Starts a pod's life when it gets a node, and ends it when the pod goes."""

    kinds = ("Pod", "Node")

    def __init__(self, ground: Ground, processes: Processes) -> None:
        self._ground, self._processes = ground, processes
        self._lives: dict[str, asyncio.Task[None] | None] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._images: dict[str, set[str]] = {}
        self._addresses = 0

    def note(self, event: Event) -> None:
        """Hear of a pod, or of a node that goes."""
        if event.kind == "Node":
            if event.type == "DELETED":
                self._images.pop(event.obj["metadata"]["name"], None)
        elif event.type == "DELETED" or event.obj["metadata"].get("deletionTimestamp"):
            self._end(event.obj)
        elif event.obj["spec"].get("nodeName") and event.obj["metadata"]["uid"] not in self._lives:
            self._begin(event.obj)

    def start(self) -> None:
        """Forget what an earlier sandbox left: its processes' addresses, and the files of pods that went."""
        pods = list(self._ground.sight.pods.values())
        self._processes.clear_all_but(pod["metadata"]["uid"] for pod in pods)
        for pod in pods:
            if LISTEN in (pod["metadata"].get("annotations") or {}):
                self._patch(pod, {"annotations": {LISTEN: None}})

    async def stop(self) -> None:
        """End all lives, and the processes with them."""
        lives = [life for uid, life in self._lives.items() if life and uid not in self._ending]
        for life in lives:
            life.cancel()
        await asyncio.gather(*lives, *self._ending.values(), return_exceptions=True)
        await self._processes.stop()

    def _begin(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        self._lives[uid] = None
        if is_done(pod) or self._is_steady(pod):
            return
        images = self._images.setdefault(pod["spec"]["nodeName"], set())
        life = Life(self._ground, pod, self._processes, images, self._address())
        task = asyncio.get_running_loop().create_task(self._live(pod, life))
        self._lives[uid] = task
        task.add_done_callback(lambda done: self._note_end(uid, done))

    async def _live(self, pod: Object, life: Life) -> None:
        held = pod["metadata"].get("finalizers") or ()
        if self._processes.are_here(pod) and _HOLD not in held:
            self._patch(pod, {"finalizers": [*held, _HOLD]})
        await life.live()

    def _is_steady(self, pod: Object) -> bool:
        """Does nothing more happen to it? So it is with one made ready in an earlier life of the sandbox."""
        here = self._processes.are_here(pod)
        return is_ready(pod) and not here and pod["spec"].get("restartPolicy", "Always") == "Always"

    def _note_end(self, uid: str, task: asyncio.Task[None]) -> None:
        if self._lives.get(uid) is task:
            self._lives[uid] = None
        if not task.cancelled() and (error := task.exception()):
            loop = asyncio.get_running_loop()
            loop.call_exception_handler({"message": "a pod's life broke", "exception": error, "task": task})

    def _end(self, pod: Object) -> None:
        """End a pod's life once, and let go of the pod after it."""
        uid = pod["metadata"]["uid"]
        if uid in self._ending:
            return
        if pod["spec"].get("nodeName") and not is_done(pod):
            for container in pod["spec"]["containers"]:
                self._ground.recorder.say(pod, "Killing", f"Stopping container {container['name']}", by=_BY)
        self._ending[uid] = asyncio.get_running_loop().create_task(self._let_go(pod))

    async def _let_go(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if life := self._lives.get(uid):
            life.cancel()
            await asyncio.wait((life,))
        if self._processes.are_here(pod):
            await self._processes.clear(pod)
        self._lives.pop(uid, None)
        held = pod["metadata"].get("finalizers") or ()
        if _HOLD in held:
            self._patch(pod, {"finalizers": [each for each in held if each != _HOLD]})
        self._ground.delete("Pod", pod)
        self._ending.pop(uid)

    def _patch(self, pod: Object, metadata: dict[str, object]) -> None:
        """Write some of a pod's metadata, unless it is gone or has been made anew."""
        found = self._ground.sight.pods.get(key_of(pod))
        if found and found["metadata"]["uid"] == pod["metadata"]["uid"]:
            with suppress(Refusal):
                self._ground.store.patch("Pod", *key_of(pod), {"metadata": metadata}, manager=_BY)

    def _address(self) -> str:
        self._addresses += 1
        high, low = divmod(self._addresses, 254)
        return f"10.{244 + high // 256 % 8}.{high % 256}.{low + 1}"
