"""When to run a pass: the loop, the waiting, the Trigger. Waiting happens here and nowhere else."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Protocol

from .domain.report import Report
from .faults import Deposed, Fault, Throttled

_LONGEST_BACKOFF = 300.0

Answer = Report | Fault | Deposed
"""What a pass came to: its report, the fault that ended it, or that somebody else does this work."""


class Trigger:
    """Something happened: look again. Any number of fires before a look are one; a fire while a pass runs
    is not lost, since it is cleared after waiting and before looking."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._stopping = threading.Event()

    def fire(self) -> None:
        """Ask for a pass."""
        self._event.set()

    def stop(self) -> None:
        """Ask for the end; wakes whoever waits."""
        self._stopping.set()
        self._event.set()

    @property
    def stopping(self) -> bool:
        """Whether the end was asked for."""
        return self._stopping.is_set()

    def wait(self, seconds: float, settle: float = 0.02) -> None:
        """Wait for a fire, at most so long; fires within `settle` seconds of the first count as one."""
        if self._event.wait(seconds) and not self.stopping:
            time.sleep(settle)
        self._event.clear()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds between passes: `idle` when everything stands, `busy` while something is awaited."""

    idle: float = 30.0
    busy: float = 5.0


@dataclass(frozen=True, slots=True)
class Ending:
    """When the loop ends by itself. The same loop serves `run`, `--once` and `--until-settled`. `patience` is
    for how many seconds it stands by at a stretch."""

    passes: int | None = None
    settled: bool = False
    seconds: float | None = None
    patience: float | None = None


class Passes(Protocol):
    """One pass, as the loop sees it."""

    def run_pass(self) -> Report:
        """Look, decide, act, write down. Raises Deposed where that is somebody else's to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: the last report, None when no pass came through, the last fault if it failed, and who
    does the work if it stood by in the end."""

    report: Report | None
    fault: Fault | None
    standing_by: Deposed | None = None


def keep_reconciling(
    engine: Passes,
    trigger: Trigger,
    rhythm: Callable[[], Rhythm],
    ending: Ending,
    tell: Callable[[Answer], None],
) -> Run:
    """Run passes until told to stop or until `ending` holds. The rhythm is asked for after each pass, since
    the Fleet may have changed it."""
    course = _Course(ending)
    while not trigger.stopping:
        answer = _one_pass(engine)
        tell(answer)
        course.note(answer)
        if course.is_over:
            return course.run(answer)
        trigger.wait(min(_pause(answer, course.failures, rhythm()), course.left))
    return Run(course.last, None)


def _one_pass(engine: Passes) -> Answer:
    try:
        return engine.run_pass()
    except (Fault, Deposed) as other:
        return other


class _Course:
    """How a run has gone so far, and when it is over."""

    def __init__(self, ending: Ending) -> None:
        self._ending = ending
        self._started = self._acted = time.monotonic()
        self._passes = 0
        self._is_settled = self._stands_by = False
        self.failures = 0
        self.last: Report | None = None

    def note(self, answer: Answer) -> None:
        """A pass has ended. One that only stood by counts as none."""
        self._stands_by = isinstance(answer, Deposed)
        self.failures = self.failures + 1 if isinstance(answer, Fault) else 0
        self._is_settled = isinstance(answer, Report) and answer.settled
        if not self._stands_by:
            self._passes, self._acted = self._passes + 1, time.monotonic()
        if isinstance(answer, Report):
            self.last = answer

    @property
    def is_over(self) -> bool:
        """Whether the ending holds."""
        ending = self._ending
        if ending.passes is not None and self._passes >= ending.passes:
            return True
        return self.left <= 0 or (ending.settled and self._is_settled)

    @property
    def left(self) -> float:
        """Seconds until it is over in any case."""
        ending, now = self._ending, time.monotonic()
        left = inf if ending.seconds is None else ending.seconds - (now - self._started)
        if not self._stands_by or ending.patience is None:
            return max(0.0, left)
        return max(0.0, min(left, ending.patience - (now - self._acted)))

    def run(self, answer: Answer) -> Run:
        """How it ended, with this pass."""
        fault = answer if isinstance(answer, Fault) else None
        return Run(self.last, fault, answer if isinstance(answer, Deposed) else None)


def _pause(answer: Answer, failures: int, rhythm: Rhythm) -> float:
    """Seconds until the next look: the rhythm when it went well or is somebody else's, else exponential with
    full jitter."""
    if isinstance(answer, Throttled) and answer.retry_after:
        return min(answer.retry_after, _LONGEST_BACKOFF) * random.uniform(1.0, 1.1)  # noqa: S311
    if isinstance(answer, Fault):
        return random.uniform(0.5, 1.0) * min(2.0**failures, _LONGEST_BACKOFF)  # noqa: S311
    return rhythm.busy if isinstance(answer, Report) and answer.is_busy else rhythm.idle
