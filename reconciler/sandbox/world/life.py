"""One pod's life on its node: volumes, images, init containers in order, the others at once, restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.sandbox.kube.podports import LISTEN

from .boxes import Box, boxes_of, pod_status
from .ground import Ground
from .mounts import missing_sources
from .processes import Image, Local, Processes, exit_code
from .queue import Key
from .readiness import until_ready
from .references import missing_references
from .sight import Object, key_of

_BY = "kubelet"
_FIRST_DELAY, _LONGEST_DELAY = 10.0, 300.0
_CRASH_AFTER = 2.0
_INIT_SECONDS = 2.0
Container = Mapping[str, Any]


class Life:
    """Runs one pod. `images` are those its node has pulled; `address` its IP where nothing really runs."""

    def __init__(
        self, ground: Ground, pod: Object, processes: Processes, images: set[str], address: str
    ) -> None:
        self._ground, self._pod, self._processes, self._images = ground, pod, processes, images
        self._key: Key = key_of(pod)
        self._policy = pod["spec"].get("restartPolicy", "Always")
        self._inits, self._mains = boxes_of(pod, "initContainers"), boxes_of(pod, "containers")
        self._address, self._shown = address, ""

    async def live(self) -> None:
        """Live until nothing is left to happen; for as long as a process runs where one does."""
        self._write()
        await self._mount()
        for container in self._pod["spec"].get("initContainers") or ():
            await self._run(container, self._inits)
            if self._inits[container["name"]].exit_code:
                return
        self._shown = self._address
        async with asyncio.TaskGroup() as together:
            for container in self._pod["spec"]["containers"]:
                together.create_task(self._run(container, self._mains))

    async def _mount(self) -> None:
        """Wait until the pod's volumes have what they are made from."""
        delay, is_real = 2.0, self._processes.are_here(self._pod)
        while why := missing_sources(self._ground, self._pod, logs_in=is_real):
            self._say("FailedMount", why, warning=True)
            await self._ground.turns.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)

    async def _configure(self, container: Container, boxes: dict[str, Box]) -> None:
        """Wait until a container's environment has what it refers to."""
        delay = 2.0
        while why := missing_references(self._ground, self._pod, container):
            self._say("Failed", f"Error: {why}", warning=True)
            self._put(boxes, boxes[container["name"]].held("CreateContainerConfigError", why))
            await self._ground.turns.sleep(delay)
            delay = min(delay * 2, _LONGEST_DELAY)

    async def _run(self, container: Container, boxes: dict[str, Box]) -> None:
        """Run one container, again where the restart policy says so."""
        delay = _FIRST_DELAY
        while True:
            await self._pull(container, boxes)
            await self._configure(container, boxes)
            code = await self._once(container, boxes)
            if code is None:
                return
            message = self._processes.last_words(self._pod, container, code)
            self._put(boxes, boxes[container["name"]].ended(code, self._now(), message))
            if not self._comes_again(code, boxes):
                return
            await self._back_off(container, boxes, delay)
            delay = min(delay * 2, _LONGEST_DELAY)

    def _comes_again(self, code: int, boxes: dict[str, Box]) -> bool:
        if boxes is self._inits:
            return bool(code) and self._policy != "Never"
        return self._policy == "Always" or (self._policy == "OnFailure" and bool(code))

    async def _pull(self, container: Container, boxes: dict[str, Box]) -> None:
        image, delay = container.get("image", ""), _FIRST_DELAY
        if image in self._images:
            self._say("Pulled", f'Container image "{image}" already present on machine')
            return
        while True:
            self._say("Pulling", f'Pulling image "{image}"')
            if not self._strikes("image-pull", container):
                break
            await self._pull_failed(container, boxes, delay)
            delay = min(delay * 2, _LONGEST_DELAY)
        await self._ground.turns.sleep(self._ground.pace.image)
        self._images.add(image)
        self._say("Pulled", f'Successfully pulled image "{image}" in {self._ground.pace.image:g}s')

    async def _pull_failed(self, container: Container, boxes: dict[str, Box], delay: float) -> None:
        image, name = container.get("image", ""), container["name"]
        why = f'failed to pull and unpack image "{image}": failed to resolve reference: {image}: not found'
        self._say("Failed", f'Failed to pull image "{image}": {why}', warning=True)
        self._put(boxes, boxes[name].held("ErrImagePull", why))
        await self._ground.turns.sleep(delay / 2)
        self._say("BackOff", f'Back-off pulling image "{image}"', warning=True)
        self._put(boxes, boxes[name].held("ImagePullBackOff", f'Back-off pulling image "{image}": {why}'))
        await self._ground.turns.sleep(delay / 2)

    async def _once(self, container: Container, boxes: dict[str, Box]) -> int | None:
        """Run a container once; its exit code, or None where it runs on and nothing more will happen."""
        self._say("Created", f"Created container {container['name']}")
        if self._strikes("crash-loop", container):
            self._start(container, boxes, ready=False)
            await self._ground.turns.sleep(_CRASH_AFTER)
            return 1
        if image := self._processes.image(container):
            return await self._once_here(container, boxes, image)
        return await self._once_simulated(container, boxes)

    async def _once_simulated(self, container: Container, boxes: dict[str, Box]) -> int | None:
        probed = bool(container.get("readinessProbe") or container.get("startupProbe"))
        self._start(container, boxes, ready=not probed)
        if boxes is self._inits:
            await self._ground.turns.sleep(_INIT_SECONDS)
            return 0
        if self._policy != "Always":
            await self._ground.turns.sleep(self._ground.pace.load)
            return 0
        if probed:
            await self._ground.turns.sleep(self._ground.pace.load)
            self._put(boxes, boxes[container["name"]].running(self._now(), ready=True))
        return None

    async def _once_here(self, container: Container, boxes: dict[str, Box], image: Image) -> int:
        try:
            local = await self._processes.start(self._ground, self._pod, container, image)
        except OSError as error:
            self._say("Failed", f"Error: failed to start container: {error}", warning=True)
            return 128
        try:
            if container.get("ports"):
                self._tell_address(f"127.0.0.1:{local.port}")
            self._start(container, boxes, ready=False)
            return await self._watch(local, container, boxes)
        finally:
            await asyncio.shield(self._processes.end(local, self._pod))
            if container.get("ports"):
                self._tell_address(None)

    async def _watch(self, local: Local, container: Container, boxes: dict[str, Box]) -> int:
        """Wait for a process to become ready, then for its end."""
        ended = asyncio.ensure_future(local.process.wait())
        ready = asyncio.ensure_future(until_ready(local.port, container, local.health))
        try:
            await asyncio.wait((ended, ready), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                self._put(boxes, boxes[container["name"]].running(self._now(), ready=True))
            await ended
            return exit_code(local)
        finally:
            ready.cancel()
            ended.cancel()

    def _start(self, container: Container, boxes: dict[str, Box], *, ready: bool) -> None:
        self._say("Started", f"Started container {container['name']}")
        self._put(boxes, boxes[container["name"]].running(self._now(), ready=ready))

    async def _back_off(self, container: Container, boxes: dict[str, Box], delay: float) -> None:
        name = container["name"]
        said = f"back-off {delay:g}s restarting failed container={name} pod={self._key[1]}"
        self._say("BackOff", f"Back-off restarting failed container {name}", warning=True)
        box = boxes[name].held("CrashLoopBackOff", said)
        self._put(boxes, replace(box, restarts=box.restarts + 1))
        await self._ground.turns.sleep(delay)

    def _tell_address(self, address: str | None) -> None:
        """Tell where the pod listens, None where it does not any more."""
        self._shown = "127.0.0.1"
        pod = self._ground.sight.pods.get(self._key)
        if pod and pod["metadata"]["uid"] == self._pod["metadata"]["uid"]:
            change = {"metadata": {"annotations": {LISTEN: address}}}
            self._ground.store.patch("Pod", *self._key, change, manager=_BY)

    def _strikes(self, word: str, container: Container) -> bool:
        return self._ground.troubles.strikes(word, self._key[1], container.get("image", ""))

    def _put(self, boxes: dict[str, Box], box: Box) -> None:
        boxes[box.name] = box
        self._write()

    def _write(self) -> None:
        pod = self._ground.sight.pods.get(self._key)
        if pod and pod["metadata"]["uid"] == self._pod["metadata"]["uid"]:
            inits, mains = list(self._inits.values()), list(self._mains.values())
            status = pod_status(pod, inits, mains, self._now(), self._shown)
            self._ground.write_status("Pod", pod, status)

    def _say(self, reason: str, message: str, *, warning: bool = False) -> None:
        self._ground.recorder.say(self._pod, reason, message, by=_BY, warning=warning)

    def _now(self) -> str:
        return self._ground.clock.stamp()
