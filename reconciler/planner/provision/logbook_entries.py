"""One entry of the logbook as plain JSON values, and back: what anybody may have edited is read with care."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter

from reconciler.domain.logbook import Account, Attempt, Meter, Refusal
from reconciler.domain.moment import is_moment

Entry = TypeVar("Entry", Attempt, Refusal, Meter, Account)

_MUST: Mapping[type[Any], tuple[str, ...]] = {
    Attempt: (),
    Refusal: ("until",),
    Meter: ("since",),
    Account: ("since",),
}
_MAY: Mapping[type[Any], tuple[str, ...]] = {
    Attempt: ("begun", "stood", "joined", "equipped", "failed", "again", "aborted"),
    Refusal: (),
    Meter: (),
    Account: ("until",),
}
_AMOUNTS = ("dollars", "dollars_per_hour", "seconds", "count", "tries", "recreations", "failures")


def plain(entry: Attempt | Refusal | Meter | Account) -> dict[str, Any]:
    """The entry as JSON values; what says nothing is left out."""
    written: dict[str, Any] = _adapters()[type(entry)].dump_python(entry, mode="json", exclude_defaults=True)
    return written


def read_entry(kind: type[Entry], value: object) -> Entry | None:
    """The entry that was written so; None when it is none, or holds a moment or an amount that cannot be."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
        entry: Entry = _adapters()[kind].validate_python(value)
    except ValueError:
        return None
    return entry if _is_sound(entry, kind) else None


def read_values(text: object) -> object:
    """What a text of JSON holds; None when it holds none."""
    if not isinstance(text, str):
        return None
    try:
        value: object = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return value


def as_map(value: object) -> Mapping[str, object]:
    """The value as a map by text, empty when it is none."""
    return value if isinstance(value, dict) else {}


@cache
def _adapters() -> Mapping[type[Any], TypeAdapter[Any]]:
    return {kind: TypeAdapter(kind) for kind in (Attempt, Refusal, Meter, Account)}


def _is_sound(entry: object, kind: type[Any]) -> bool:
    moments = [getattr(entry, name) for name in _MUST[kind]]
    moments += [moment for name in _MAY[kind] if (moment := getattr(entry, name))]
    return all(map(is_moment, moments)) and all(map(_is_amount, _amounts(entry)))


def _amounts(entry: object) -> Iterable[float]:
    found = (getattr(entry, name, None) for name in _AMOUNTS)
    return (each for each in found if each is not None)


def _is_amount(number: float) -> bool:
    return math.isfinite(number) and number >= 0


def _no_number(word: str) -> object:
    raise ValueError(word)
