"""A figure measured many times in turn with its peer's, and how all of them are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True, slots=True)
class Figure:
    """Pairs of ours and the peer's, measured one right after the other; `against` says who the peer is.

    What a noisy machine does to one of a pair it mostly does to the other: so the ratio is the median of the
    pairs' ratios, which need not be the ratio of the medians.
    """

    name: str
    unit: str
    pairs: tuple[tuple[float, float], ...]
    against: str

    @property
    def value(self) -> float:
        """Our median."""
        return median(ours for ours, _ in self.pairs)

    @property
    def peer(self) -> float:
        """The peer's median."""
        return median(theirs for _, theirs in self.pairs)

    @property
    def ratio(self) -> float:
        """Ours in peers."""
        return median(self._ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """Between which two ratios the middle half of the pairs lies."""
        ratios = self._ratios
        if len(ratios) == 1:
            return ratios[0], ratios[0]
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return low, high

    @property
    def _ratios(self) -> tuple[float, ...]:
        return tuple(ours / theirs for ours, theirs in self.pairs)


def table(figures: Iterable[Figure]) -> str:
    """All figures, a line each."""
    rows = [("measured", "value", "peer", "ratio", "middle half", "pairs", "the peer")]
    for each in figures:
        low, high = each.spread
        value, peer = (f"{number:.4g} {each.unit}" for number in (each.value, each.peer))
        spread = f"{low:.3f} … {high:.3f}"
        rows.append((each.name, value, peer, f"{each.ratio:.3f}", spread, str(len(each.pairs)), each.against))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join("  ".join((*map(str.ljust, row[:6], widths), row[6])) for row in rows)


def last_line(figures: Iterable[Figure], machine: Mapping[str, object], skipped: Mapping[str, str]) -> str:
    """All figures as one line of JSON, with the machine they were measured on and the parts left out."""
    told: dict[str, object] = {"machine": machine, "skipped": skipped}
    for each in figures:
        told[each.name] = {
            "value": round(each.value, 6),
            "unit": each.unit,
            "peer": round(each.peer, 6),
            "ratio": round(each.ratio, 4),
            "spread": [round(bound, 4) for bound in each.spread],
        }
    return json.dumps(told)
