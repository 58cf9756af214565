"""Holding the leases of a fleet: renewed in a thread of its own, lost at once when they cannot be.

What may be written stands and falls with the leases a pass began with. Whether they still hold is reckoned
from when the last renewal that was accepted was sent, by a clock that goes on while the machine sleeps.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from .domain.lease import Candidate, Lease, Sighting
from .domain.share import Share
from .faults import Conflict, Deposed, Fault
from .planner.lead.claim import claimed, free_from, released, sighted
from .ports import Leases


class Clock:
    """Seconds that never go back, the moment on the wall, and chance."""

    def now(self) -> float:
        """Seconds, those in which the machine was suspended included where the system counts them."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if _COUNTS_SLEEP else time.monotonic()

    def moment(self) -> str:
        """UTC as RFC 3339 with microseconds, as Leases have it."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def around(self, seconds: float) -> float:
        """About as many seconds, so that several do not go in step."""
        return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - who comes first is no secret


_COUNTS_SLEEP = hasattr(time, "CLOCK_BOOTTIME")


@dataclass(frozen=True, slots=True)
class _Seat:
    """A lease that is ours, and when what made it so was sent."""

    lease: Lease
    sent: float

    @property
    def term(self) -> tuple[int, str]:
        """The same as long as nobody else held it in between."""
        return self.lease.transitions, self.lease.acquired


class Leading:
    """Seeks the leases of a candidate and holds those it can have; safe for many threads. `on_change` is
    called, from the thread that renews, when another share is held than before."""

    def __init__(
        self, leases: Leases, candidate: Candidate, on_change: Callable[[], None], clock: Clock | None = None
    ) -> None:
        self._leases, self._candidate, self._on_change = leases, candidate, on_change
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._seats: dict[str, _Seat] = {}
        self._sightings: dict[str, Sighting] = {}
        self._terms_of_pass: dict[str, tuple[int, str]] = {}
        self._failures: list[str] = []
        self._trouble = ""
        self._told: frozenset[int] = frozenset()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leading", daemon=True)

    def start(self) -> None:
        """Seek at once, then go on in a thread."""
        self._seek()
        self._told = self._fresh()
        self._thread.start()

    def share(self) -> Share:
        """What a pass may act on that begins now; `may_write` is about this one from here on."""
        with self._lock:
            held = self._fresh()
            names = [self._candidate.names[number] for number in held]
            self._terms_of_pass = {name: self._seats[name].term for name in names}
            because = "" if held else self._because()
            lapsed = bool(self._seats) and not held
        return Share(held, len(self._candidate.names), because, lapsed)

    @property
    def held(self) -> frozenset[int]:
        """Which of the leases are ours now, by their place among the candidate's."""
        with self._lock:
            return self._fresh()

    def may_write(self) -> None:
        """Raises Deposed unless all that the last share was given for is still ours."""
        with self._lock:
            if not self._terms_of_pass:
                raise Deposed(self._because())
            for name, term in self._terms_of_pass.items():
                seat = self._seats.get(name)
                if seat is None or seat.term != term or not self._is_fresh(seat):
                    raise Deposed(self._because())

    def turn(self) -> float:
        """Renew what is held, claim one that is free; seconds until there is something to do again."""
        self._seek()
        held = self._fresh()
        if held != self._told:
            self._told = held
            self._on_change()
        return self._until_next()

    def close(self) -> None:
        """End the thread, then let go of what is held, so that others need not wait."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            seats, self._terms_of_pass = dict(self._seats), {}
            self._seats.clear()
        for seat in seats.values():
            if not self._failures:
                self._write(released(seat.lease, self._clock.moment()))

    def _keep(self) -> None:
        wait = self._until_next()
        while not self._ended.wait(wait):
            wait = self.turn()

    def _seek(self) -> None:
        self._failures = []
        for name in self._candidate.names:
            if name in self._seats:
                self._renew(name)
            else:
                self._look(name)
        self._claim_one()
        self._trouble = self._failures[0] if self._failures else ""

    def _renew(self, name: str) -> None:
        """On time, and for as long as nobody else took it: a lease that ran out unclaimed is ours still."""
        seat, sent = self._seats[name], self._clock.now()
        if sent - seat.sent < 0.7 * self._candidate.terms.retry:
            return
        lease = claimed(seat.lease, name, self._candidate, self._clock.moment())
        try:
            self._sit(name, self._leases.write(lease), sent)
        except Conflict:
            self._rise(name)
            self._look(name)
        except Fault as fault:
            self._failures.append(str(fault))

    def _look(self, name: str) -> None:
        try:
            lease = self._leases.lease(name)
        except Fault as fault:
            self._failures.append(str(fault))
            return
        with self._lock:
            self._sightings[name] = sighted(self._sightings.get(name), lease, self._clock.now())

    def _claim_one(self) -> None:
        """The one that is free for the longest time."""
        free = [(at, name) for name in self._sightings if (at := self._free_from(name)) <= self._clock.now()]
        if not free:
            return
        _, name = min(free)
        sent, seen = self._clock.now(), self._sightings[name].lease
        lease = self._write(claimed(seen, name, self._candidate, self._clock.moment()))
        if lease is not None:
            self._sit(name, lease, sent)

    def _free_from(self, name: str) -> float:
        """Who holds some already leaves it to others for a while."""
        spread = self._candidate.terms.spread * len(self._seats)
        return free_from(self._sightings[name], self._candidate.identity) + spread

    def _write(self, lease: Lease) -> Lease | None:
        try:
            return self._leases.write(lease)
        except Conflict:
            return None
        except Fault as fault:
            self._failures.append(str(fault))
            return None

    def _sit(self, name: str, lease: Lease, sent: float) -> None:
        with self._lock:
            self._seats[name] = _Seat(lease, sent)
            self._sightings.pop(name, None)

    def _rise(self, name: str) -> None:
        with self._lock:
            self._seats.pop(name, None)

    def _until_next(self) -> float:
        """A holder renews, the others look, and sooner where something is about to be free."""
        terms, now = self._candidate.terms, self._clock.now()
        if not self._sightings and not self._trouble:
            return self._clock.around(terms.retry)
        coming = [at - now for name in list(self._sightings) if (at := self._free_from(name)) > now]
        return min(self._clock.around(terms.look), *(each + 0.01 for each in coming), terms.retry)

    def _fresh(self) -> frozenset[int]:
        numbered = enumerate(self._candidate.names)
        return frozenset(
            number
            for number, name in numbered
            if (seat := self._seats.get(name)) is not None and self._is_fresh(seat)
        )

    def _is_fresh(self, seat: _Seat) -> bool:
        return self._clock.now() - seat.sent < self._candidate.terms.deadline

    def _because(self) -> str:
        """Who leads, or why that cannot be told."""
        seen = (each.lease.holder for each in self._sightings.values() if each.lease is not None)
        holders = sorted({holder for holder in seen if holder not in ("", self._candidate.identity)})
        if holders:
            return f"{' and '.join(holders)} {'leads' if len(holders) == 1 else 'lead'}"
        name = next(iter(self._seats), self._candidate.names[0])
        if self._trouble:
            return f"the lease {name} cannot be had: {self._trouble}"
        if self._seats:
            return f"the lease {name} was not renewed in time"
        return f"nobody holds the lease {name}"
