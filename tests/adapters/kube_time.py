"""Time that is told, not spent, for whoever waits by a clock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Condition

from reconciler.adapters.kube.rate import Clock


class Time:
    """Goes on only when everybody who works waits, and then to the first moment that anybody waits for."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._now = 0.0
        self._working = 1
        self._awaited: list[float] = []

    def now(self) -> float:
        with self._changed:
            return self._now

    def wait_until(self, moment: float) -> None:
        with self._changed:
            self._awaited.append(moment)
            self._rest()
            self._changed.wait_for(lambda: self._now >= moment)

    def passes(self, seconds: float) -> None:
        self.wait_until(self.now() + seconds)

    def side_by_side(self, work: Callable[[str], object], names: list[str]) -> None:
        """Sixteen threads do it, each its share."""

        def share(number: int) -> None:
            try:
                for name in names[number::16]:
                    work(name)
            finally:
                with self._changed:
                    self._rest()

        with self._changed:
            self._working += 15  # whoever waits for them does not work
        with ThreadPoolExecutor(16) as workers:
            list(workers.map(share, range(16)))
        with self._changed:
            self._working += 1

    @property
    def clock(self) -> Clock:
        return Clock(self.now, self.wait_until)

    def _rest(self) -> None:
        self._working -= 1
        if self._working == 0 and self._awaited:
            self._now = max(self._now, min(self._awaited))
            self._working = sum(moment <= self._now for moment in self._awaited)
            self._awaited = [moment for moment in self._awaited if moment > self._now]
            self._changed.notify_all()
