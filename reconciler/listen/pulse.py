"""How the loop has fared so far: told by it, asked by whoever listens."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.domain.report import Report
from reconciler.faults import Fault

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Seconds; a pass without work takes milliseconds, one that waits for a slow API minutes."""

WELL = "ok"
PROBLEMS = "problems"
_FEWEST_SECONDS = 600.0
_INTERVALS = 5


@dataclass(frozen=True, slots=True)
class Beats:
    """The pulse at one moment, in seconds.

    `silence` since a pass ended, `since_good` since one came through; both since the beginning where none
    did. `interval` lies between passes when everything stands. `results` counts passes by how they ended,
    `durations` how many took at most the bound of `BOUNDS` at the same place, the last of them how many took
    longer than all; `spent` is the sum. `report` is that of the last pass that came through.
    """

    silence: float
    since_good: float
    interval: float
    results: Mapping[str, int]
    durations: tuple[int, ...]
    spent: float
    report: Report | None

    @property
    def patience(self) -> float:
        """For how long a loop that turns may be silent."""
        return max(_INTERVALS * self.interval, _FEWEST_SECONDS)

    @property
    def is_turning(self) -> bool:
        """Whether a pass ended lately enough."""
        return self.silence <= self.patience


class Pulse:
    """Felt at every pass; safe for many threads. `clock` tells seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = self._ended = self._good = clock()
        self._interval = 0.0
        self._results: dict[str, int] = {}
        self._durations = [0] * (len(BOUNDS) + 1)
        self._spent = 0.0
        self._report: Report | None = None

    def begin(self, interval: float) -> None:
        """A pass begins; they come so many seconds apart."""
        with self._lock:
            self._begun, self._interval = self._clock(), interval

    def end(self, answer: Report | Fault) -> None:
        """The pass has ended, with its report or the fault that it failed by."""
        with self._lock:
            self._ended = self._clock()
            took = self._ended - self._begun
            self._durations[bisect_left(BOUNDS, took)] += 1
            self._spent += took
            result = _result(answer)
            self._results[result] = self._results.get(result, 0) + 1
            if isinstance(answer, Report):
                self._good, self._report = self._ended, answer

    def beats(self) -> Beats:
        """How it stands now."""
        with self._lock:
            now = self._clock()
            return Beats(
                now - self._ended,
                now - self._good,
                self._interval,
                MappingProxyType(dict(self._results)),
                tuple(self._durations),
                self._spent,
                self._report,
            )


def _result(answer: Report | Fault) -> str:
    """`ok`, `problems`, or the fault by its name in the tree of faults.py."""
    if isinstance(answer, Report):
        return PROBLEMS if answer.problems else WELL
    return type(answer).__name__.lower()
