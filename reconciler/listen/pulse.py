"""How the loop has fared so far: told by it, asked by whoever listens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.domain.report import Report
from reconciler.faults import Deposed, Fault

from .lasted import NEVER, Lasted

WELL = "ok"
PROBLEMS = "problems"
_FEWEST_SECONDS = 600.0
_INTERVALS = 5


@dataclass(frozen=True, slots=True)
class Beats:
    """The pulse at one moment, in seconds.

    `silence` since a pass ended, `since_good` since one came through, `stillness` since there was any sign of
    life; all since the beginning where there was none. `under_way` is how long the present pass takes, 0
    between two; `thread` the one that makes the passes. `interval` lies between passes when everything
    stands. `results` counts passes by how they ended, `passes` how long they took.

    `since_look` is the time since Git told its newest commit, `lag` for how long that one is known and not
    reconciled, `commits` how long it was for those before. `report` is that of the last pass that came
    through; `standing_by` says who did the work last in our place, empty where we did: then no lag is ours.
    """

    silence: float
    since_good: float
    stillness: float
    under_way: float
    interval: float
    results: Mapping[str, int]
    passes: Lasted
    since_look: float
    lag: float
    commits: Lasted
    report: Report | None
    standing_by: str
    thread: int

    @property
    def patience(self) -> float:
        """For how long a loop that turns may be still."""
        return max(_INTERVALS * self.interval, _FEWEST_SECONDS)

    @property
    def is_turning(self) -> bool:
        """Whether there was a sign of life lately enough."""
        return self.stillness <= self.patience


class Pulse:
    """Felt at every pass; safe for many threads. `clock` tells seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = self._ended = self._good = self._alive = self._looked = self._came = clock()
        self._under_way = False
        self._interval = 0.0
        self._results: dict[str, int] = {}
        self._passes = self._commits = NEVER
        self._report: Report | None = None
        self._newest = self._reconciled = ""
        self._standing_by = ""
        self._work = 0.0
        self._thread = 0

    def begin(self, interval: float) -> None:
        """A pass begins; they come so many seconds apart."""
        with self._lock:
            self._begun, self._interval, self._under_way = self._clock(), interval, True
            self._thread = threading.get_ident()

    def end(self, answer: Report | Fault | Deposed) -> None:
        """The pass has ended, with its report, the fault that it failed by, or by being somebody else's."""
        if isinstance(answer, Deposed):
            self.stand_by(str(answer))
            return
        with self._lock:
            self._ended = self._alive = self._clock()
            self._under_way, self._standing_by = False, ""
            self._passes = self._passes.and_one(self._ended - self._begun)
            result = _result(answer)
            self._results[result] = self._results.get(result, 0) + 1
            if isinstance(answer, Report):
                self._good, self._report = self._ended, answer
                self._reconcile(answer.commit)

    def saw(self, commit: str) -> None:
        """Git has told its newest commit."""
        with self._lock:
            self._looked = self._clock()
            if commit != self._newest:
                self._newest, self._came = commit, self._looked

    def stand_by(self, because: str) -> None:
        """There is nothing for us to do: somebody else does it, who is told in a clause."""
        with self._lock:
            self._under_way, self._standing_by, self._alive = False, because, self._clock()

    def works(self, count: float) -> None:
        """A figure that grows with the work done. A pass in which it grows is long, but not stuck."""
        with self._lock:
            if count != self._work:
                self._work, self._alive = count, self._clock()

    def beats(self) -> Beats:
        """How it stands now."""
        with self._lock:
            now = self._clock()
            return Beats(
                silence=now - self._ended,
                since_good=now - self._good,
                stillness=now - self._alive,
                under_way=now - self._begun if self._under_way else 0.0,
                interval=self._interval,
                results=MappingProxyType(dict(self._results)),
                passes=self._passes,
                since_look=now - self._looked,
                lag=now - self._came if self._is_late() else 0.0,
                commits=self._commits,
                report=self._report,
                standing_by=self._standing_by,
                thread=self._thread,
            )

    def _is_late(self) -> bool:
        return self._newest != self._reconciled and not self._standing_by

    def _reconcile(self, commit: str) -> None:
        """A pass of the newest commit came through; the first one is what the loop is late by."""
        if commit == self._newest and commit != self._reconciled:
            self._commits = self._commits.and_one(self._ended - self._came)
            self._reconciled = commit


def _result(answer: Report | Fault) -> str:
    """`ok`, `problems`, or the fault by its name in the tree of faults.py."""
    if isinstance(answer, Report):
        return PROBLEMS if answer.problems else WELL
    return type(answer).__name__.lower()
