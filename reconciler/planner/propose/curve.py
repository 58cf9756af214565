"""A loss curve in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(points: Sequence[tuple[int, float]], span: tuple[int, int], width: int = 48) -> str:
    """Bars from the lowest to the highest value, over the steps from the first to the last of `span`.

    A bar is the mean of the points in its share of the steps; where there is none, it is as the one before.
    """
    columns = _columns(points, span, width)
    known = [each for each in columns if each is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    share = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if each is None else _BARS[round((each - low) * share)] for each in columns).rstrip()


def _columns(points: Sequence[tuple[int, float]], span: tuple[int, int], width: int) -> list[float | None]:
    first, last = span
    heaps: list[list[float]] = [[] for _ in range(width)]
    for step, value in points:
        heaps[min(width - 1, (step - first) * width // max(1, last - first))].append(value)
    columns: list[float | None] = []
    for heap in heaps:
        before = columns[-1] if columns else None
        columns.append(sum(heap) / len(heap) if heap else before)
    return columns
