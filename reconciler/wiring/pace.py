"""How time passes in a world: in life as it does, in the embedded world as fast as it was asked to."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed` world seconds in a real one; it was `moment` in the world when it was `began` here, both in
    seconds since 1970."""

    speed: float = 1.0
    began: float = 0.0
    moment: float = 0.0

    def at(self, here: float) -> str:
        """The moment in the world, RFC 3339, when it is so many seconds since 1970 here."""
        seconds = self.moment + (here - self.began) * self.speed
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def clock(self) -> float:
        """World seconds that never go back; from when they count means nothing."""
        return time.monotonic() * self.speed


IN_LIFE = Pace()
