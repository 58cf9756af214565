"""Pods that really run: a container whose image is known here becomes a local process."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .ground import Ground
from .guard import Guard
from .last_words import last_words
from .mounts import lay_out, pod_folder
from .references import environment
from .sight import Object

_LONGEST_GRACE = 20.0
_DEFAULT_GRACE = 30.0  # Kubernetes' terminationGracePeriodSeconds
_SIGNALLED = 128  # a container's exit code is this and the signal's number


@dataclass(frozen=True, slots=True)
class LocalRun:
    """What an image is told of a container: its pod, the port to listen on, where each mount path lies, its
    environment, where what is the pod's own lies, and the file for its last words."""

    pod: Object
    container: Mapping[str, Any]
    port: int
    mounts: Mapping[str, Path]
    environment: Mapping[str, str]
    folder: Path
    message: Path


@dataclass(frozen=True, slots=True)
class Command:
    """A program as it is run: its whole environment, its folder, what its log begins with, and the HTTP path
    that tells its health."""

    words: Sequence[str]
    environment: Mapping[str, str]
    folder: Path | None = None
    note: str = ""
    health: str = ""


class Image(Protocol):
    """Images that run here."""

    def runs(self, container: Mapping[str, Any]) -> bool:
        """Say whether a container is of such an image."""

    async def command(self, run: LocalRun) -> Command:
        """Say how a container is run; OSError where it cannot be."""


@dataclass(frozen=True, slots=True)
class LocalImage:
    """Images that begin with `prefix` run here as the command that `argv` builds, in this environment."""

    prefix: str
    argv: Callable[[LocalRun], Sequence[str]]

    def runs(self, container: Mapping[str, Any]) -> bool:
        """Say whether the container's image begins so."""
        return str(container.get("image", "")).startswith(self.prefix)

    async def command(self, run: LocalRun) -> Command:
        """Build the command."""
        words = [str(word) for word in self.argv(run)]
        return Command(words, {**os.environ, **run.environment})


@dataclass(frozen=True, slots=True)
class Local:
    """A running local process, the port it was given, and the path that tells its health."""

    process: asyncio.subprocess.Process
    port: int
    health: str


class Processes:
    """Starts and ends local processes; their files lie below `folder`."""

    def __init__(self, images: Sequence[Image], folder: Path) -> None:
        self._images, self._folder = images, folder
        self._guard = Guard()

    def image(self, container: Mapping[str, Any]) -> Image | None:
        """Find how a container's image runs here; None where it does not."""
        return next((one for one in self._images if one.runs(container)), None)

    def are_here(self, pod: Object) -> bool:
        """Say whether any of a pod's containers runs here."""
        spec = pod["spec"]
        return any(map(self.image, (*(spec.get("initContainers") or ()), *spec["containers"])))

    def log_of(self, pod: Object, container: str, *, previous: bool = False) -> Path:
        """Say where a container's output is written; `previous` is that of its run before this one."""
        return pod_folder(pod, self._folder) / f"{container}{'.previous' if previous else ''}.log"

    async def start(self, ground: Ground, pod: Object, container: Mapping[str, Any], image: Image) -> Local:
        """Start a container; OSError where its program cannot be."""
        await self._guard.open()
        port, name = free_port(), container["name"]
        mounts = lay_out(ground, pod, container, self._folder)
        known = environment(ground, pod, container)
        folder = pod_folder(pod, self._folder)
        message = self._message_of(pod, name)
        message.parent.mkdir(parents=True, exist_ok=True)
        message.write_bytes(b"")
        command = await image.command(LocalRun(pod, container, port, mounts, known, folder, message))
        with self._fresh_log(pod, name).open("wb") as output:
            output.write(f"{command.note}\n".encode() if command.note else b"")
            output.flush()
            process = await asyncio.create_subprocess_exec(
                *command.words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=command.folder,
                env=dict(command.environment),
                start_new_session=True,
            )
        self._guard.watch(process.pid)
        return Local(process, port, command.health)

    async def end(self, local: Local, pod: Object) -> None:
        """End a process and those it started: asked first, forced when the pod's grace is over (20 s at
        most)."""
        grace = float(pod["spec"].get("terminationGracePeriodSeconds") or _DEFAULT_GRACE)
        if local.process.returncode is None:
            local.process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(local.process.wait(), min(grace, _LONGEST_GRACE))
        with suppress(ProcessLookupError):
            os.killpg(local.process.pid, signal.SIGKILL)
        await local.process.wait()
        self._guard.forget(local.process.pid)

    def last_words(self, pod: Object, container: Mapping[str, Any], code: int) -> str:
        """Give a container's termination message."""
        name, policy = container["name"], container.get("terminationMessagePolicy", "File")
        return last_words(self._message_of(pod, name), self.log_of(pod, name), policy, code)

    async def clear(self, pod: Object) -> None:
        """Remove what was a pod's own."""
        await asyncio.to_thread(shutil.rmtree, pod_folder(pod, self._folder), ignore_errors=True)

    def clear_all_but(self, uids: Iterable[str]) -> None:
        """Remove what was the own of pods that are gone."""
        kept = set(uids)
        pods = self._folder / "pods"
        for place in pods.iterdir() if pods.is_dir() else ():
            if place.name not in kept:
                shutil.rmtree(place, ignore_errors=True)

    async def stop(self) -> None:
        """Let go of the guard, once every process has ended."""
        await self._guard.stop()

    def _message_of(self, pod: Object, container: str) -> Path:
        return pod_folder(pod, self._folder) / f"{container}.message"

    def _fresh_log(self, pod: Object, container: str) -> Path:
        log = self.log_of(pod, container)
        if log.exists():
            log.replace(self.log_of(pod, container, previous=True))
        return log


def exit_code(local: Local) -> int:
    """Give an ended process's exit code as a container has it: 137 for one that was killed."""
    code = local.process.returncode or 0
    return code if code >= 0 else _SIGNALLED - code


def free_port() -> int:
    """Find a free loopback port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
