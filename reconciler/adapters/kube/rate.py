"""How fast we ask: as fast as it goes, until the server has too much to do (429); then a little slower than
what it took, and a little faster with every answer.

Additive increase and multiplicative decrease, as TCP does (RFC 5681), over the answers a second that were in
fact had; many clients that do so share a server evenly. Nobody asks before Retry-After is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from threading import Lock
from time import monotonic, sleep

from reconciler.faults import Throttled, Unreachable

_LEAST = 5.0
"""Requests a second that are asked however much the server has to do."""
_LEFT = 0.7
"""The part of a pace that a refusal leaves."""
_GAIN = 10.0
"""Requests a second that a pace gains each second in which as many were answered as it allows."""
_SPAN = 1.0
"""Seconds over which answers are counted."""
_SHORTEST = 0.1
"""Seconds: what was answered in less is taken to have needed as long."""
_UNTOLD = 1.0
"""Seconds to wait after a refusal that does not say how long."""
_SLICE = 1.0
"""Seconds after which whoever waits asks again whether it still may."""


def _sleep_until(moment: float) -> None:
    sleep(max(0.0, moment - monotonic()))


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as whoever waits knows it: the moment it is, in seconds, and waiting for another."""

    now: Callable[[], float] = monotonic
    wait_until: Callable[[float], None] = _sleep_until


@dataclass(frozen=True, slots=True)
class Turn:
    """One request that waits to be sent, until that moment at most; `answered` is how many had been answered
    when it came."""

    until: float
    answered: int


class Rate:
    """The pace of all who ask one server; safe for many threads. A request waits `patience` seconds at most,
    and not at all once another has waited that long while nobody was answered."""

    def __init__(self, patience: float, clock: Clock) -> None:
        self._patience = patience
        self._clock = clock
        self._lock = Lock()
        self._pace = inf
        self._enough = inf
        self._opens = self._next = 0.0
        self._refusals = self._slowed = self._answered = 0
        self._recent: deque[float] = deque()
        self._hopeless = self._stopped = False
        self._waited = 0.0

    @property
    def pace(self) -> float:
        """Requests a second that are asked at most; 0 while nothing limits them."""
        return 0.0 if self._pace == inf else self._pace

    @property
    def waited(self) -> float:
        """Seconds that requests have waited, all together."""
        return self._waited

    def turn(self) -> Turn:
        """A request that wants to be sent."""
        return Turn(self._clock.now() + self._patience, self._answered)

    def wait(self, turn: Turn, may: Callable[[], None]) -> int:
        """Come back when this request may be sent, with what `refused` wants to know of it. `may` is asked
        meanwhile, and what it raises ends the waiting. Raises Throttled when it would take too long."""
        while True:
            due, refusals = self._reserve(turn)
            self._await(due, may)
            if refusals == self._refusals:
                return refusals

    def answered(self) -> None:
        """The server has looked at a request, whatever it said."""
        now = self._clock.now()
        with self._lock:
            self._answered += 1
            self._hopeless = False
            self._recent.append(now)
            self._forget_before(now - _SPAN)
            if self._pace < inf:
                self._pace += _GAIN / self._pace
                if self._pace > self._enough:
                    self._pace = inf

    def refused(self, turn: Turn, sent: int, retry_after: float) -> bool:
        """The server did not look at a request, for it has too much to do; `sent` is what `wait` said. False
        when it is not worth waiting any longer."""
        now = self._clock.now()
        with self._lock:
            self._opens = self._next = max(self._opens, now + (retry_after or _UNTOLD))
            self._refusals += 1
            if sent >= self._slowed:  # else it was sent before we slowed down, and says nothing new
                self._slow_down(now)
            again = self._opens <= turn.until and not self._hopeless
            if not again and turn.answered == self._answered:
                self._hopeless = True
            return again

    def stop(self) -> None:
        """Whoever waits is told that nothing is asked any more."""
        self._stopped = True

    def _reserve(self, turn: Turn) -> tuple[float, int]:
        """When this request is due, and how many refusals there had been."""
        now = self._clock.now()
        with self._lock:
            due = max(now, self._opens, self._next)
            if due > turn.until or (self._hopeless and self._opens > now):
                raise Throttled("the API server has too much to do (429)", retry_after=due - now)
            if self._pace < inf:
                self._next = due + 1 / self._pace
            return due, self._refusals

    def _await(self, due: float, may: Callable[[], None]) -> None:
        while (now := self._clock.now()) < due:
            if self._stopped:
                raise Unreachable("the door was closed")
            may()
            until = min(due, now + _SLICE)
            self._clock.wait_until(until)
            with self._lock:
                self._waited += until - now

    def _slow_down(self, now: float) -> None:
        self._slowed = self._refusals
        level = self._pace if self._pace < inf else self._achieved(now)
        self._pace = max(_LEAST, _LEFT * level)
        self._enough = 2 * max(_LEAST, level)

    def _achieved(self, now: float) -> float:
        """Answers a second, over the last second or what there was of it."""
        self._forget_before(now - _SPAN)
        if not self._recent:
            return 0.0
        return len(self._recent) / max(_SHORTEST, now - self._recent[0])

    def _forget_before(self, moment: float) -> None:
        while self._recent and self._recent[0] < moment:
            self._recent.popleft()
