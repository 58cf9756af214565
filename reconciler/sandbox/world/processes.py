"""Pods that really run: a container whose image has an argv builder becomes a local process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from .ground import Ground
from .mounts import environment, lay_out
from .sight import Object

_GRACE = 5.0
_BETWEEN_PROBES = 0.25


@dataclass(frozen=True, slots=True)
class LocalRun:
    """What an argv builder is told: pod, container, the port to listen on, where each mount path lies."""

    pod: Object
    container: Mapping[str, Any]
    port: int
    mounts: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class LocalImage:
    """Images that begin with `prefix` run here as the command that `argv` builds."""

    prefix: str
    argv: Callable[[LocalRun], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Local:
    """A running local process and the port it was given."""

    process: asyncio.subprocess.Process
    port: int


class Processes:
    """Starts and ends local processes; their files lie below `folder`."""

    def __init__(self, images: Sequence[LocalImage], folder: Path) -> None:
        self._images, self._folder = images, folder

    def image(self, container: Mapping[str, Any]) -> LocalImage | None:
        """Find how a container's image runs here; None where it does not."""
        return next((one for one in self._images if container.get("image", "").startswith(one.prefix)), None)

    def log_of(self, pod: Object, container: str) -> Path:
        """Say where a container's output is written."""
        uid: str = pod["metadata"]["uid"]
        return self._folder / "pods" / uid / f"{container}.log"

    async def start(
        self, ground: Ground, pod: Object, container: Mapping[str, Any], image: LocalImage
    ) -> Local:
        """Start a container; OSError where its program cannot be."""
        port = free_port()
        mounts = lay_out(ground, pod, container, self._folder)
        argv = [str(word) for word in image.argv(LocalRun(pod, container, port, mounts))]
        log = self.log_of(pod, container["name"])
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment(ground, pod, container)},
                start_new_session=True,
            )
        return Local(process, port)


async def end(local: Local) -> None:
    """End a process and those it started: asked first, forced after 5 s."""
    if local.process.returncode is not None:
        return
    _signal(local, signal.SIGTERM)
    try:
        await asyncio.wait_for(local.process.wait(), _GRACE)
    except TimeoutError:
        _signal(local, signal.SIGKILL)
        await local.process.wait()


async def until_ready(local: Local, container: Mapping[str, Any]) -> None:
    """Wait until a container's HTTP probe answers, or its port where it has ports; else not at all."""
    probe = container.get("readinessProbe") or container.get("startupProbe") or {}
    path = (probe.get("httpGet") or {}).get("path")
    if path:
        await _until_answered(f"http://127.0.0.1:{local.port}{path}")
    elif container.get("ports"):
        await _until_open(local.port)


def free_port() -> int:
    """Find a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _until_answered(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url) as response:
                    if response.status < 400:
                        return
            await asyncio.sleep(_BETWEEN_PROBES)


async def _until_open(port: int) -> None:
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(_BETWEEN_PROBES)


def _signal(local: Local, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(local.process.pid, number)
