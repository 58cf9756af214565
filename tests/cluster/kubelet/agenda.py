"""Things to do, each at its time, by whichever worker is free."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

Deed = Callable[[], None]


class Agenda:
    """`work` never returns; run it in as many threads as there are to be workers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Deed]] = []
        self._number = itertools.count()

    def put(self, after: float, deed: Deed) -> None:
        """Have it done `after` seconds."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + after, next(self._number), deed))
            self._changed.notify()

    def work(self) -> None:
        """Do what is due, for ever. What nobody answered for is tried again in a second."""
        while True:
            deed = self._take()
            try:
                deed()
            except ConnectionError:
                self.put(1.0, deed)

    def _take(self) -> Deed:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                wait = self._due[0][0] - time.monotonic() if self._due else None
                self._changed.wait(wait if wait is None else max(wait, 0.001))
            return heapq.heappop(self._due)[2]
