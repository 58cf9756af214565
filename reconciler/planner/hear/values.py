"""Values out of JSON that others wrote: of the right kind, finite, of a sane size, or not there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from reconciler.planner.tell.readable import readable

Facts = Mapping[str, Any]

LONGEST_NAME, LONGEST_SENTENCE = 300, 800  # characters
_LARGEST_COUNT = 2**53
_LARGEST_AMOUNT = 1e18


def facts_of(text: str) -> Facts | None:
    """The JSON object a text is; None when it is none, or holds a number that is none."""
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def section(facts: Facts, key: str) -> Facts | None:
    """A map within."""
    value = facts.get(key)
    return value if isinstance(value, dict) else None


def amount(value: object) -> float | None:
    """A number, to six significant digits: that is what people read and what fits an annotation."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if abs(value) > _LARGEST_AMOUNT or not math.isfinite(value):
        return None
    return float(f"{value:.6g}")


def figure(facts: Facts, key: str) -> float:
    """A number that is not below zero; 0 where it was not told."""
    return max(0.0, amount(facts.get(key)) or 0.0)


def count(facts: Facts, key: str) -> int:
    """A whole number that is not below zero; 0 where it was not told."""
    value = facts.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 <= value <= _LARGEST_COUNT else 0


def line(value: object, longest: int = LONGEST_SENTENCE) -> str:
    """Text on one line, cut; empty where it was not told."""
    return readable(value[: 2 * longest], longest).strip() if isinstance(value, str) else ""


def _no_number(word: str) -> None:
    raise ValueError(word)
