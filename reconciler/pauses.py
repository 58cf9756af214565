"""What must wait before being tried again.

A step that failed is not repeated at once: it rests, twice as long after each failure, with jitter, and its
failure is still told meanwhile. Losing these marks costs one more attempt.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .domain.identity import PoolRef, Ref
from .domain.plan import Outcome, Step

_FIRST = {True: 2.0, False: 30.0}
_LONGEST = {True: 120.0, False: 600.0}


@dataclass(frozen=True, slots=True)
class Pause:
    """Until when (seconds of the clock), after how many failures, and the last of them."""

    until: float
    failures: int
    outcome: Outcome


class Pauses:
    """The steps that rest. A changed wish ends a rest at once. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pauses: dict[Ref | PoolRef, Pause] = {}

    def sort(self, steps: Iterable[Step]) -> tuple[tuple[Step, ...], tuple[Outcome, ...]]:
        """The steps that are due, and for those that rest the failure they rest from."""
        due: list[Step] = []
        resting: list[Outcome] = []
        for step in steps:
            pause = self._pause_of(step)
            if pause is None:
                due.append(step)
            else:
                resting.append(pause.outcome)
        return tuple(due), tuple(resting)

    def learn(self, outcomes: Iterable[Outcome]) -> None:
        """A failure begins or lengthens a rest, a success ends it."""
        for outcome in outcomes:
            if outcome.done:
                self._pauses.pop(outcome.step.target, None)
            else:
                self._pauses[outcome.step.target] = self._longer(outcome)

    def _pause_of(self, step: Step) -> Pause | None:
        pause = self._pauses.get(step.target)
        if pause is None or self._clock() >= pause.until:
            return None
        return pause if _wish(pause.outcome.step) == _wish(step) else None

    def _longer(self, outcome: Outcome) -> Pause:
        before = self._pauses.get(outcome.step.target)
        failures = (before.failures if before else 0) + 1
        seconds = min(_FIRST[outcome.transient] * 2 ** (failures - 1), _LONGEST[outcome.transient])
        return Pause(self._clock() + seconds * random.uniform(0.8, 1.2), failures, outcome)  # noqa: S311


def _wish(step: Step) -> tuple[str, str]:
    return step.action, step.desired.digest if step.desired else ""
