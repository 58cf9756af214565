"""How long things of one kind took: a histogram."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Seconds; a pass without work takes milliseconds, one that waits for a slow API minutes."""


@dataclass(frozen=True, slots=True)
class Lasted:
    """`counts` tells how many took at most the bound of `BOUNDS` at the same place and more than the one
    before it, the last of them how many took longer than all; `seconds` is the sum."""

    counts: tuple[int, ...]
    seconds: float

    def and_one(self, seconds: float) -> Lasted:
        """With one more, that took so long."""
        place = bisect_left(BOUNDS, seconds)
        counts = (*self.counts[:place], self.counts[place] + 1, *self.counts[place + 1 :])
        return Lasted(counts, self.seconds + seconds)

    @property
    def buckets(self) -> list[tuple[str, float]]:
        """As Prometheus has them: each counts all those below it, too."""
        bounds = (*map(str, BOUNDS), "+Inf")
        return [(bound, float(sum(self.counts[: place + 1]))) for place, bound in enumerate(bounds)]


NEVER = Lasted((0,) * (len(BOUNDS) + 1), 0.0)
