"""What a door counts of its own work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """One figure: its Prometheus name without `_total`, what it tells, its labels by name, and the value. One
    that `grows` is a counter, the others are gauges."""

    name: str
    about: str
    labels: tuple[tuple[str, str], ...]
    value: float
    grows: bool = True
