"""Writes the world down a few seconds after it changed, and when the sandbox stops."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from .snapshot import Snapshot, write_snapshot

_SOON = 3.0
_SHARE = 20.0
_log = logging.getLogger(__name__)


class Keeper:
    """Keeps the file of a world. At rest it does nothing; it takes a twentieth of the time at most."""

    def __init__(self, path: Path, look: Callable[[], Snapshot]) -> None:
        self._path, self._look = path, look
        self._pause = _SOON
        self._due: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def note(self, *_: object) -> None:
        """Hear that something changed."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(self._pause, self._begin)

    async def stop(self) -> None:
        """Write the world a last time."""
        if self._due:
            self._due.cancel()
        if self._writing:
            await self._writing
        await self._write()

    def _begin(self) -> None:
        self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        begun, self._due = time.monotonic(), None
        snapshot = self._look()
        try:
            await asyncio.to_thread(write_snapshot, snapshot, self._path)
        except OSError as error:
            _log.warning("the sandbox's world could not be written down: %s", error)
        self._pause = max(_SOON, _SHARE * (time.monotonic() - begun))
