"""Round numbers for the axes of a picture."""

from __future__ import annotations

import math


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """At most `most` + 1 multiples of 1, 2 or 5 times a power of ten, between `low` and `high`."""
    span = (high - low) / most
    power = 10.0 ** math.floor(math.log10(span))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= span * (1 - 1e-9))
    if whole:
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def label(value: float) -> str:
    """As short as it can be said: 12, 0.5, 1500."""
    return f"{value:.10g}"
