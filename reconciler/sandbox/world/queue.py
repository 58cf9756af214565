"""Work a slice of the event loop at a time: a queue of objects to look at, and turns for those who slept."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from itertools import islice

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.kube.store import Refusal

Key = tuple[str, str]
"""Namespace ("" for cluster-scoped kinds) and name."""

_SLICE = 8
_LONGEST_WAIT = 300.0
_log = logging.getLogger(__name__)


class Queue:
    """Keys waiting for one controller's `look`. What the API refuses is tried again, later each time."""

    def __init__(self, clock: Clock, look: Callable[[Key], None]) -> None:
        self._clock, self._look = clock, look
        self._waiting: dict[Key, None] = {}
        self._refused: dict[Key, int] = {}
        self._awake = False

    def add(self, key: Key) -> None:
        """Have an object looked at soon."""
        self._waiting[key] = None
        if not self._awake:
            self._awake = True
            asyncio.get_running_loop().call_soon(self._drain)

    def add_later(self, key: Key, seconds: float) -> None:
        """Have an object looked at after that many world seconds."""
        self._clock.later(seconds, self.add, key)

    def _drain(self) -> None:
        keys = list(islice(self._waiting, _SLICE))
        try:
            for key in keys:
                del self._waiting[key]
                self._attempt(key)
        finally:
            self._awake = bool(self._waiting)
            if self._awake:
                asyncio.get_running_loop().call_soon(self._drain)

    def _attempt(self, key: Key) -> None:
        try:
            self._look(key)
            self._refused.pop(key, None)
        except Refusal as refusal:
            times = self._refused[key] = self._refused.get(key, 0) + 1
            _log.info("the API refused a controller: %s %s", key, refusal)
            self.add_later(key, min(2.0**times, _LONGEST_WAIT))


class Turns:
    """Lets many sleepers go on a few at a time, so that the APIs answer in between."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def sleep(self, seconds: float) -> None:
        """Sleep that many world seconds, then wait for a turn."""
        await self._clock.sleep(seconds)
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._admit)
        await turn

    def _admit(self) -> None:
        for _ in range(min(_SLICE, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._admit)
