"""A frame to draw a curve in: round ticks, and where on the paper a value lies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .badge_widths import text_width

_MOST_LABELS = 6
_LOGARITHMIC_FROM = 200  # times the lowest: what is small could not be told apart any more
_TEXT_SIZE = 12
_FLAT = 1e-9


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle in pixels, steps from 0 to `steps` across it, losses up it from the first to the last of
    `ticks`; `logarithmic` where equal heights are equal ratios."""

    left: float
    right: float
    top: float
    floor: float
    steps: int
    ticks: tuple[float, ...]
    logarithmic: bool

    def x(self, step: float) -> float:
        """Pixels from the left."""
        return round(self.left + (self.right - self.left) * min(1.0, step / self.steps), 1)

    def y(self, loss: float) -> float:
        """Pixels from the top."""
        low, high, value = map(self._height, (self.ticks[0], self.ticks[-1], loss))
        return round(self.floor - (self.floor - self.top) * (value - low) / (high - low), 1)

    @property
    def step_ticks(self) -> tuple[int, ...]:
        """Round steps from 0 on, the last at or before the end."""
        size = max(1, math.ceil(_round_size(self.steps / _MOST_LABELS)))
        return tuple(range(0, self.steps + 1, size))

    def _height(self, loss: float) -> float:
        return math.log10(loss) if self.logarithmic else loss


def framed(box: tuple[float, float, float, float], steps: int, losses: Sequence[float]) -> Frame:
    """The frame for these losses in a box (left, right, top, floor); its left moves to make room for the
    labels."""
    left, right, top, floor = box
    low, high = min(losses), max(losses)
    logarithmic = low > 0 and high / low >= _LOGARITHMIC_FROM
    ticks = _decades(low, high) if logarithmic else _multiples(low, high)
    labels = max(text_width(tick_label(tick), _TEXT_SIZE) for tick in ticks)
    return Frame(round(left + labels, 1), right, top, floor, max(1, steps), ticks, logarithmic)


def tick_label(value: float) -> str:
    """As short as it can be said: 2, 0.5, 1,500, 1e+09."""
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.10g}"
    return f"{value:.0e}" if abs(value) >= 1e7 else f"{value:.10g}"


def _multiples(low: float, high: float) -> tuple[float, ...]:
    """Multiples of a round number from at or below the lowest to at or above the highest."""
    if high - low <= _FLAT * max(1.0, abs(high)):
        room = max(abs(high) * 0.1, 0.01)
        low, high = (max(0.0, low - room) if low >= 0 else low - room), high + room
    size = _round_size((high - low) / (_MOST_LABELS - 2))
    first, last = math.floor(low / size + _FLAT), math.ceil(high / size - _FLAT)
    return tuple(_tidy(number * size) for number in range(first, last + 1))


def _decades(low: float, high: float) -> tuple[float, ...]:
    """Powers of ten around them, every second or third one where they are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = math.ceil((last - first) / _MOST_LABELS)
    return tuple(10.0**power for power in range(first, last + every, every))


def _round_size(least: float) -> float:
    """The least of 1, 2 and 5 times a power of ten that is not below."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - _FLAT))


def _tidy(value: float) -> float:
    """Without what binary fractions leave behind."""
    return float(f"{value:.12g}")
