"""Trying again: what may come right by itself is given time, what gains ground is given more."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from runtime.artifacts.faults import Passing, Throttled

_MOST_ASKED_SECONDS = 300.0

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Patience:
    """How often in a row a thing may fail without gaining ground, and the pauses between: doubled each
    time."""

    attempts: int = 6
    first_seconds: float = 1.0
    most_seconds: float = 30.0
    pause: Callable[[float], None] = time.sleep

    def seconds_after(self, failures: int, fault: Passing) -> float:
        """The pause after this many failures in a row; longer where the other side asks for it."""
        own = min(self.first_seconds * 2.0 ** (failures - 1), self.most_seconds)
        asked = fault.after_seconds if isinstance(fault, Throttled) else None
        return max(own, min(asked or 0.0, _MOST_ASKED_SECONDS))


STEADY = Patience()
"""Six failures in a row, about a minute in all."""


def persist(patience: Patience, attempt: Callable[[], _T], gained: Callable[[], int] = lambda: 0) -> _T:
    """Do `attempt` until it succeeds, a person must act, or patience ends. `gained` says how far it has come:
    an attempt that came further than the one before does not count against patience."""
    failures, furthest = 0, gained()
    while True:
        try:
            return attempt()
        except Passing as fault:
            reached = gained()
            failures = 1 if reached > furthest else failures + 1
            furthest = max(reached, furthest)
            if failures >= patience.attempts:
                raise
            seconds = patience.seconds_after(failures, fault)
            _log.warning("trying_again failures=%d in_seconds=%.1f because=%r", failures, seconds, str(fault))
            patience.pause(seconds)
