"""How far a transfer has come."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from runtime.telemetry import Download

_WINDOW_SECONDS = 10.0


@dataclass(frozen=True)
class Progress(Download):
    """A download as it is told, and how long it will still take."""

    @property
    def remaining_seconds(self) -> float | None:
        """The time the rest takes at this speed; None while total or speed are not known."""
        if not self.total_bytes or not self.bytes_per_second:
            return None
        return max(0, self.total_bytes - self.done_bytes) / self.bytes_per_second


class Meter:
    """Adds up the bytes of several threads and tells of them at most once in `every_seconds`, in one thread
    at a time. Bytes that lay there before count as done, not as speed."""

    def __init__(
        self,
        what: str,
        tell: Callable[[Progress], None],
        *,
        every_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._tell, self._every, self._clock = what, tell, every_seconds, clock
        self._lock = threading.Lock()
        self._done = self._total = self._moved = 0
        self._seen: deque[tuple[float, int]] = deque()
        self._told = clock() - every_seconds

    def expect(self, total_bytes: int) -> None:
        """Say how much there is in all, and tell of the beginning."""
        with self._lock:
            self._total = total_bytes
            self._say(self._clock())

    def expect_also(self, count: int) -> None:
        """There is more than was known of."""
        with self._lock:
            self._total += count

    @property
    def done_bytes(self) -> int:
        """How much is there."""
        with self._lock:
            return self._done

    def found(self, count: int) -> None:
        """Bytes that lie there from before; negative when they must be fetched again after all."""
        with self._lock:
            self._done += count

    def moved(self, count: int) -> None:
        """Bytes that just came over the wire."""
        with self._lock:
            self._done += count
            self._moved += count
            now = self._clock()
            if now - self._told >= self._every:
                self._say(now)

    def finish(self) -> None:
        """Tell of the end."""
        with self._lock:
            self._total = max(self._total, self._done)
            self._say(self._clock(), is_over=True)

    def _say(self, now: float, *, is_over: bool = False) -> None:
        self._told = now
        self._seen.append((now, self._moved))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW_SECONDS:
            self._seen.popleft()
        then, moved = self._seen[0]
        speed = (self._moved - moved) / (now - then) if now > then else 0.0
        self._tell(Progress(self._what, self._done, self._total, speed, is_over))
