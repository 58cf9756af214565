"""The world's time, which may run faster than life."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """World time: starts at `start` (default: now) and passes `speed` world seconds a real second."""

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed
        self._start = start or datetime.now(UTC)
        self._zero = time.monotonic()

    def now(self) -> datetime:
        """Say what time it is in the world (UTC)."""
        return self._start + timedelta(seconds=(time.monotonic() - self._zero) * self.speed)

    def stamp(self) -> str:
        """Give the world's time as Kubernetes writes it, to the second."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def since(self, stamp: str) -> float:
        """Count the world seconds passed since `stamp` (RFC 3339)."""
        return (self.now() - datetime.fromisoformat(stamp.replace("Z", "+00:00"))).total_seconds()

    def real(self, seconds: float) -> float:
        """Turn world seconds into real seconds."""
        return seconds / self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait that many world seconds."""
        await asyncio.sleep(self.real(max(seconds, 0)))

    def later(self, seconds: float, callback: Callable[..., object], *args: object) -> asyncio.TimerHandle:
        """Call back after that many world seconds, in the running event loop."""
        return asyncio.get_running_loop().call_later(self.real(max(seconds, 0)), callback, *args)
