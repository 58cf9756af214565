"""What `kubectl logs` shows: a local process's own output; for a simulated container, that it is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from reconciler.sandbox.kube.face import LogRequest

from .ground import Ground
from .processes import Processes
from .sight import Object, key_of

_BETWEEN_LOOKS = 0.5


class Logs:
    """Reads the logs of pods."""

    def __init__(self, ground: Ground, processes: Processes) -> None:
        self._ground, self._processes = ground, processes

    async def read(self, pod: Object, request: LogRequest) -> AsyncIterator[bytes]:
        """Give a container's lines; while it is followed, new ones as they come, until the pod is gone."""
        name = request.container or pod["spec"]["containers"][0]["name"]
        text = self._text(pod, name)
        yield _tail(text, request.tail_lines)
        while request.follow and (found := self._ground.sight.pods.get(key_of(pod))):
            if found["metadata"]["uid"] != pod["metadata"]["uid"] or not _is_running(found, name):
                break
            await asyncio.sleep(_BETWEEN_LOOKS)
            more = self._text(found, name)
            if len(more) > len(text):
                yield more[len(text) :]
            text = more

    def _text(self, pod: Object, name: str) -> bytes:
        log = self._processes.log_of(pod, name)
        if log.exists():
            return log.read_bytes()
        return "".join(f"{line}\n" for line in _simulated(pod, name)).encode()


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
