"""A small document as YAML, written out by hand: the same meaning as from a general emitter, in less time.

Block style throughout; a text that any YAML reader, 1.1 or 1.2, could take for something else is quoted as
JSON quotes it, which YAML understands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(
    r"[A-Za-z/$](?:[A-Za-z0-9_./$×;()+'=-]| (?=[A-Za-z0-9$(])|[:,](?=[A-Za-z0-9/])|, (?=[A-Za-z0-9]))*"
)
_WITHOUT_POINT = re.compile(r"^(-?\d+)e")
"""2e-05 is a number of YAML 1.2 alone; 2.0e-05 one of both."""

_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_STEP = "  "


def yaml_text(document: Mapping[str, Any]) -> str:
    """Keys in the order given; values are maps, lists, texts, numbers or booleans."""
    return "".join(f"{line}\n" for line in _map(document, ""))


def _map(document: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, value in document.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{_scalar(key)}:"
            yield from _map(value, indent + _STEP)
        elif isinstance(value, list | tuple) and value:
            yield f"{indent}{_scalar(key)}:"
            yield from _list(value, indent)
        else:
            yield f"{indent}{_scalar(key)}: {_scalar(value)}"


def _list(items: Sequence[Any], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping) and item:
            first, *rest = _map(item, indent + _STEP)
            yield f"{indent}- {first[len(indent) + len(_STEP) :]}"
            yield from rest
        else:
            yield f"{indent}- {_scalar(item)}"


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value) and value.casefold() not in _WORDS:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return _WITHOUT_POINT.sub(r"\1.0e", text) if isinstance(value, float) else text
