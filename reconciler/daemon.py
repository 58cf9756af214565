"""When to run a pass: the loop, the waiting, the Trigger. Waiting happens here and nowhere else."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .domain.report import Report
from .faults import Fault, Throttled

_LONGEST_BACKOFF = 300.0


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
    """When the loop ends by itself. The same loop serves `run`, `--once` and `--until-settled`."""

    passes: int | None = None
    settled: bool = False
    seconds: float | None = None


class Passes(Protocol):
    """One pass, as the loop sees it."""

    def run_pass(self) -> Report:
        """Look, decide, act, write down."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: the last report, None when no pass came through, and the last fault if it failed."""

    report: Report | None
    fault: Fault | None


def keep_reconciling(
    engine: Passes,
    trigger: Trigger,
    rhythm: Callable[[], Rhythm],
    ending: Ending,
    tell: Callable[[Report | Fault], None],
) -> Run:
    """Run passes until told to stop or until `ending` holds. The rhythm is asked for after each pass, since
    the Fleet may have changed it."""
    started = time.monotonic()
    failures = passes = 0
    last: Report | None = None
    while not trigger.stopping:
        answer = _one_pass(engine)
        passes += 1
        tell(answer)
        failures = failures + 1 if isinstance(answer, Fault) else 0
        last = answer if isinstance(answer, Report) else last
        fault = answer if isinstance(answer, Fault) else None
        spent = time.monotonic() - started
        if _is_over(ending, passes, answer, spent):
            return Run(last, fault)
        pause = _pause(answer, failures, rhythm())
        trigger.wait(pause if ending.seconds is None else min(pause, max(0.0, ending.seconds - spent)))
    return Run(last, None)


def _one_pass(engine: Passes) -> Report | Fault:
    try:
        return engine.run_pass()
    except Fault as fault:
        return fault


def _is_over(ending: Ending, passes: int, answer: Report | Fault, spent: float) -> bool:
    if ending.passes is not None and passes >= ending.passes:
        return True
    if ending.seconds is not None and spent >= ending.seconds:
        return True
    return ending.settled and isinstance(answer, Report) and answer.settled


def _pause(answer: Report | Fault, failures: int, rhythm: Rhythm) -> float:
    """Seconds until the next look: the rhythm when it went well, else exponential with full jitter."""
    if isinstance(answer, Throttled) and answer.retry_after:
        return min(answer.retry_after, _LONGEST_BACKOFF) * random.uniform(1.0, 1.1)  # noqa: S311
    if isinstance(answer, Fault):
        return random.uniform(0.5, 1.0) * min(2.0**failures, _LONGEST_BACKOFF)  # noqa: S311
    return rhythm.busy if answer.is_busy else rhythm.idle
