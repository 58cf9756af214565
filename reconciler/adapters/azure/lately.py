"""A faster look: the last answer to one question, which serves again while it is young."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from reconciler.faults import Throttled

from .buckets import Clock

Answer = TypeVar("Answer")


class Lately(Generic[Answer]):
    """Losing it costs a request, never truth. Safe for many threads."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: tuple[Answer, float] | None = None
        self._forgotten = 0

    def answer(self, ask: Callable[[], Answer], *, anew: bool = False) -> Answer:
        """The answer: the last one while it is young, unless it is wanted anew; even then, where there are
        to be no more requests just now. Raises what `ask` raises."""
        if not anew and (young := self._young()) is not None:
            return young[0]
        forgotten, now = self._forgotten, self._clock()
        try:
            answer = ask()
        except Throttled:
            if (young := self._young()) is None:
                raise
            return young[0]
        with self._lock:
            if forgotten == self._forgotten:
                self._kept = (answer, now)
        return answer

    @property
    def last(self) -> tuple[Answer, float] | None:
        """The last answer and how many seconds old it is; None where there is none, or what it told of was
        changed since."""
        kept = self._kept
        return (kept[0], self._clock() - kept[1]) if kept else None

    def forget(self) -> None:
        """What we have just changed is asked anew."""
        with self._lock:
            self._kept = None
            self._forgotten += 1

    def _young(self) -> tuple[Answer, float] | None:
        kept = self._kept
        return kept if kept and self._clock() - kept[1] < self._seconds else None
