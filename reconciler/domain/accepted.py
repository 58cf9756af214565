"""The machines a workspace's owner accepts: as its annotations say, else as the Fleet does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .cloud import CapacityType
from .fleet import Fleet
from .workspace import CAPACITY_TYPE, INSTANCE_TYPES, ZONES, Workspace

MOST_WORDS = 24
"""Words of one list that are looked at."""

MOST_WAYS = 24
"""Combinations of size, terms and zone that are tried for one workspace."""

BUYABLE = (CapacityType.ON_DEMAND, CapacityType.SPOT)
_ZONE = re.compile(r"[1-9]")


@dataclass(frozen=True, slots=True)
class Accepted:
    """In the order of preference. `instance_types` come after the workspace's own; without `zones` Azure
    chooses one."""

    instance_types: tuple[str, ...]
    zones: tuple[str, ...]
    capacity_types: tuple[CapacityType, ...]


def accepted(workspace: Workspace, fleet: Fleet) -> Accepted:
    """What can be read of it. An annotation that is there, be it empty, takes the place of the Fleet's."""
    given, default = workspace.annotations, fleet.spec.provisioning
    return Accepted(
        instance_types=_listed(given.get(INSTANCE_TYPES), default.instance_types),
        zones=tuple(each for each in _listed(given.get(ZONES), default.zones) if is_zone(each)),
        capacity_types=_capacity_types(_listed(given.get(CAPACITY_TYPE), default.capacity_types)),
    )


def words(text: str) -> tuple[str, ...]:
    """The words of a list with commas, each once, in the case it was first written."""
    found: dict[str, str] = {}
    for each in text.split(",", MOST_WORDS)[:MOST_WORDS]:
        if word := each.strip():
            found.setdefault(word.lower(), word)
    return tuple(found.values())


def is_zone(word: str) -> bool:
    """Whether this can be an availability zone as AKS names them: one digit."""
    return bool(_ZONE.fullmatch(word))


def is_capacity_type(word: str) -> bool:
    """Whether machines can be bought on these terms."""
    return word.lower() in BUYABLE


def _listed(annotation: str | None, default: tuple[str, ...]) -> tuple[str, ...]:
    return default if annotation is None else words(annotation)


def _capacity_types(listed: tuple[str, ...]) -> tuple[CapacityType, ...]:
    found = tuple(dict.fromkeys(CapacityType(each.lower()) for each in listed if is_capacity_type(each)))
    return found or (CapacityType.ON_DEMAND,)
