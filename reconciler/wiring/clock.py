"""What time it is, by a clock that never jumps.

How long something has taken decides whether it is stopped, made anew or removed, so a wall clock that is a
day wrong must not be believed. It is read once; from then on seconds are counted. What an API server tells
of the time (the `Date` of its answers, RFC 9110 section 6.6.1) counts for more than this machine: what is
compared with it was written there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from threading import Lock

TOLERANCE = 30.0
"""Seconds by which two clocks may differ: a date has no fractions, and an answer takes a while."""

MOST_CORRECTED = 0.05
"""Of the seconds that have passed, how many a correction may add or take away."""

_LISTENS_EVERY = 10.0


def counted() -> float:
    """Seconds that never go back and go on while the machine sleeps, where it can count these."""
    since_boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if since_boot is None else time.clock_gettime(since_boot)


class SteadyClock:
    """Seconds since 1970; safe for many threads. `wall` is this machine's time, `count` seconds that never go
    back."""

    def __init__(self, wall: Callable[[], float] = time.time, count: Callable[[], float] = counted) -> None:
        self._count = count
        self._turn = Lock()
        self._moment, self._counted = wall(), count()
        self._heard: float | None = None

    def seconds(self) -> float:
        """The moment."""
        with self._turn:
            return self._seconds(self._count())

    def hear(self, date: str) -> None:
        """An API server tells its time. The first one told is believed; one that differs later draws this
        clock near by little and little, for a server's may jump as well."""
        count = self._count()
        with self._turn:
            if self._heard is not None and count - self._heard < _LISTENS_EVERY:
                return
            told = _seconds_of(date)
            if told is not None:
                self._draw_near(told, count)

    def _draw_near(self, told: float, count: float) -> None:
        here = self._seconds(count)
        most = float("inf") if self._heard is None else MOST_CORRECTED * (count - self._heard)
        apart = told - here
        if abs(apart) > TOLERANCE:
            here += max(-most, min(most, apart))
        self._moment, self._counted, self._heard = here, count, count

    def _seconds(self, count: float) -> float:
        return self._moment + (count - self._counted)


def _seconds_of(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
