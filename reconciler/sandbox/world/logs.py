"""What `kubectl logs` shows: a local process's own output; for a simulated container, that it is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from reconciler.sandbox.kube.face import LogRequest

from .ground import Ground
from .processes import Processes
from .sight import Object, key_of

_BETWEEN_LOOKS = 0.5
_PIECE = 64 * 1024


class Logs:
    """Reads the logs of pods."""

    def __init__(self, ground: Ground, processes: Processes) -> None:
        self._ground, self._processes = ground, processes

    async def read(self, pod: Object, request: LogRequest) -> AsyncIterator[bytes]:
        """Give a container's lines; while it is followed, new ones as they come, until the pod is gone."""
        name = request.container or pod["spec"]["containers"][0]["name"]
        log = self._processes.log_of(pod, name, previous=request.previous)
        written = _Written(log) if log.exists() else None
        text = b"" if written else self._simulated(pod, name)
        yield written.tail(request.tail_lines) if written else _tail(text, request.tail_lines)
        goes_on = request.follow
        while goes_on:
            await asyncio.sleep(_BETWEEN_LOOKS)
            goes_on = self._goes_on(pod, name)
            whole = b"" if written else self._simulated(pod, name)
            if more := written.more() if written else whole[len(text) :]:
                yield more
            text = whole

    def _goes_on(self, pod: Object, name: str) -> bool:
        found = self._ground.sight.pods.get(key_of(pod))
        return bool(found and found["metadata"]["uid"] == pod["metadata"]["uid"] and _is_running(found, name))

    def _simulated(self, pod: Object, name: str) -> bytes:
        found = self._ground.sight.pods.get(key_of(pod), pod)
        return "".join(f"{line}\n" for line in _simulated(found, name)).encode()


class _Written:
    """A log in a file, read from its end on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._told = log.stat().st_size

    def tail(self, lines: int | None) -> bytes:
        """Give its last lines, all where None; of a long log only as much as they take is read."""
        with self._log.open("rb") as stream:
            if lines is None:
                return stream.read(self._told)
            begin, text = self._told, b""
            while begin and text.count(b"\n") <= lines:
                begin = max(0, begin - _PIECE)
                stream.seek(begin)
                text = stream.read(self._told - begin)
            return _tail(text, lines)

    def more(self) -> bytes:
        """Give what was written since; all of it where the container began anew."""
        try:
            with self._log.open("rb") as stream:
                size = stream.seek(0, 2)
                stream.seek(self._told if size >= self._told else 0)
                text = stream.read()
                self._told = size
        except OSError:
            return b""
        return text


def _simulated(pod: Object, name: str) -> list[str]:
    """Say of a container that nothing runs, and how it stands."""
    box = _status(pod, name)
    state = box.get("state") or {}
    begun = (state.get("running") or state.get("terminated") or {}).get("startedAt")
    if not begun:
        return []
    lines = [f"{begun} sandbox: this container is simulated, nothing runs in it (image {box.get('image')})"]
    if state.get("running") and box.get("ready"):
        ready = next(one for one in pod["status"]["conditions"] if one["type"] == "ContainersReady")
        lines.append(f"{ready['lastTransitionTime']} sandbox: reported ready")
    if ended := state.get("terminated"):
        lines.append(f"{ended['finishedAt']} sandbox: ended with exit code {ended['exitCode']}")
    return lines


def _status(pod: Object, name: str) -> dict[str, Any]:
    told = pod.get("status") or {}
    both = (*(told.get("containerStatuses") or ()), *(told.get("initContainerStatuses") or ()))
    return next((one for one in both if one["name"] == name), {})


def _is_running(pod: Object, name: str) -> bool:
    return "terminated" not in (_status(pod, name).get("state") or {})


def _tail(text: bytes, lines: int | None) -> bytes:
    if lines is None:
        return text
    return b"".join(text.splitlines(keepends=True)[-lines:] if lines > 0 else ())
