"""A measured value beside its peer's, and how all of them are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measurement. `peer` is None where the peer is not installed; `against` says who the peer is."""

    name: str
    value: float
    unit: str
    peer: float | None
    against: str

    @property
    def ratio(self) -> float | None:
        """The value in peers; None where there is nothing to divide by."""
        return round(self.value / self.peer, 6) if self.peer else None


def table(figures: Iterable[Figure]) -> str:
    """All figures, a line each."""
    rows = [("measured", "value", "peer", "ratio", "the peer")]
    for each in figures:
        value, peer = f"{_number(each.value)} {each.unit}", f"{_number(each.peer)} {each.unit}"
        rows.append((each.name, value, peer, _number(each.ratio), each.against))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join((*map(str.ljust, row[:4], widths), row[4])) for row in rows)


def last_line(figures: Iterable[Figure]) -> str:
    """All figures as one line of JSON."""
    return json.dumps(
        {
            each.name: {
                "value": round(each.value, 4),
                "unit": each.unit,
                "peer": None if each.peer is None else round(each.peer, 4),
                "ratio": each.ratio,
            }
            for each in figures
        }
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}" if value < 1000 else f"{value:.0f}"
