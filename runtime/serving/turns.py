"""Who is answered now, who waits, and who is told to come back."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Full(Exception):
    """As many wait as may wait."""


class Turns:
    """First come, first served: `running` side by side, `waiting` behind them. Lives in one event loop."""

    def __init__(self, running: int, waiting: int) -> None:
        self._most = running + waiting
        self._free = asyncio.Semaphore(running)
        self._idle = asyncio.Event()
        self._idle.set()
        self.running = 0
        self.waiting = 0

    def enter(self) -> Turn:
        """Stand in the line, or be told at once that it is Full. The turn must be entered by `async with`."""
        if self.running + self.waiting >= self._most:
            raise Full
        return Turn(self)

    async def idle(self) -> None:
        """Returns once nobody runs or waits."""
        await self._idle.wait()

    async def begin(self) -> None:
        """Wait for a place."""
        self._idle.clear()
        self.waiting += 1
        granted = False
        try:
            granted = await self._free.acquire()
        finally:
            self.waiting -= 1
            self.running += granted
            self._settle()

    def end(self) -> None:
        """Give the place back."""
        self.running -= 1
        self._free.release()
        self._settle()

    def _settle(self) -> None:
        if not self.running + self.waiting:
            self._idle.set()


class Turn:
    """One request's turn: `async with` waits for it and gives it back, whatever happens meanwhile."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    async def __aenter__(self) -> None:
        await self._turns.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turns.end()
