"""AKS's request limits, as its documentation lists them: token buckets by kind of call."""

from __future__ import annotations

import math

from reconciler.sandbox.clock import Clock

from .errors import ArmRefusal
from .refusals import throttled

_LIMITS = {  # burst, and tokens a second
    "put pool": (20.0, 1 / 60),
    "put cluster": (20.0, 1 / 60),
    "get cluster": (60.0, 1.0),
    "get operation": (200.0, 2.0),
    "other": (60.0, 1.0),
}


class Buckets:
    """The limits in force. They are counted in world seconds; what a caller is told is in real ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[tuple[str, str], tuple[float, float]] = {}

    def take(self, kind: str, scope: str) -> ArmRefusal | None:
        """Take one token of a kind of call for a pool or subscription, or give the refusal."""
        burst, rate = _LIMITS[kind]
        scope = scope.lower()
        now = self._clock.now().timestamp()
        left, seen = self._tokens.get((kind, scope), (burst, now))
        left = min(burst, left + (now - seen) * rate)
        if left < 1:
            self._tokens[kind, scope] = (left, now)
            return throttled(max(1, math.ceil(self._clock.real((1 - left) / rate))))
        self._tokens[kind, scope] = (left - 1, now)
        return None
