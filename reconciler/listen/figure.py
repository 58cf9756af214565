"""One metric as a value."""

from __future__ import annotations

from dataclasses import dataclass

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A gauge: its name, what it tells, the names of its labels, and a value for each of their values."""

    name: str
    about: str
    labels: tuple[str, ...]
    samples: tuple[Sample, ...]

    def of_fleet(self, fleet: str) -> Figure:
        """The same with the fleet's name as its first label."""
        samples = tuple(((fleet, *labels), value) for labels, value in self.samples)
        return Figure(self.name, self.about, ("fleet", *self.labels), samples)
