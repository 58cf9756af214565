"""A wish without the fields that are left to others.

Whoever applies a field owns it: what is left to another manager must no longer be in what we apply. Fields
are found by either spelling, ours (`spec.ports[80].targetPort`) or that of structured-merge-diff, in which
the API answers (`.spec.ports[port=80,protocol="TCP"].targetPort`). In both a dot may be part of a key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.domain.field import entry_name, is_named, name_keys
from reconciler.domain.state import DesiredObject, packed

Route = tuple[str | int, ...]

_VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^,\]"=]+)'
_POSITION = re.compile(r"\[\d+\]")
_MEMBER = re.compile(rf"\[=({_VALUE})\]")
_KEYED = re.compile(rf"\[(\w+={_VALUE}(?:,\w+={_VALUE})*)\]")
_PAIR = re.compile(rf"(\w+)=({_VALUE})")


def without(document: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The document less these fields; those that cannot be left out are passed over. A map that this empties
    goes as well, an entry of a list keeps what it is known by, and a list without names goes as a whole."""
    routes = (_route(document, _dotted(field)) for field in fields)
    left: dict[str, Any] = _less(document, [route for route in routes if route])
    return left


def yielded(desired: DesiredObject, fields: Iterable[str]) -> DesiredObject:
    """The same wish, less these fields. Its digest stays that of the whole wish, by which a later look knows
    that there is nothing new to apply."""
    body = json.dumps(without(desired.document, fields), sort_keys=True, separators=(",", ":"))
    return replace(desired, body=packed(body.encode()))


def spelled(document: Mapping[str, Any], field: str) -> str:
    """The field as we write it; empty where it cannot be left out: it is not there, or is what an entry of a
    list is known by."""
    route = _route(document, _dotted(field))
    return "".join(_words(document, route)).removeprefix(".") if route else ""


def _dotted(field: str) -> str:
    return f".{field.removeprefix('.')}"


def _route(value: Any, field: str) -> Route | None:
    """The keys and positions that lead to a field; None where none do."""
    if not field or (isinstance(value, list) and not is_named(value) and _POSITION.match(field)):
        return ()
    for step, below, rest in _ways(value, field):
        further = _route(below, rest)
        if further is not None:
            return None if isinstance(step, int) and _is_name(below, further) else (step, *further)
    return None


def _is_name(entry: Any, route: Route) -> bool:
    return len(route) == 1 and route[0] in name_keys(entry)


def _ways(value: Any, field: str) -> Iterator[tuple[str | int, Any, str]]:
    """Where a field's first step may lead, and the rest of the field."""
    if isinstance(value, dict):
        for key in sorted(value, key=len, reverse=True):
            rest = field.removeprefix(f".{key}")
            if rest != field and (not rest or rest[0] in ".["):
                yield key, value[key], rest
    elif isinstance(value, list):
        for position, each in enumerate(value):
            length = _length(each, field)
            if length:
                yield position, each, field[length:]


def _length(entry: Any, field: str) -> int:
    """How much of the beginning of a field means this entry."""
    if (name := entry_name(entry)) and field.startswith(f"[{name}]"):
        return len(name) + 2
    if (member := _MEMBER.match(field)) and _json(member[1]) == entry:
        return member.end()
    keyed = _KEYED.match(field)
    if keyed and isinstance(entry, dict) and all(_has(entry, *pair) for pair in _PAIR.findall(keyed[1])):
        return keyed.end()
    return 0


def _has(entry: dict[str, Any], key: str, text: str) -> bool:
    return bool(entry.get(key, "TCP" if key == "protocol" else None) == _json(text))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _less(value: Any, routes: list[Route]) -> Any:
    """The value without what these routes, all of them below it, lead to."""
    if not routes:
        return value
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    kept = [(step, _below(each, step, routes)) for step, each in pairs if (step,) not in routes]
    if isinstance(value, dict):
        return {key: each for key, each in kept if each not in ({}, []) or each == value[key]}
    return [each for _, each in kept]


def _below(value: Any, step: str | int, routes: list[Route]) -> Any:
    return _less(value, [route[1:] for route in routes if route[0] == step])


def _words(value: Any, route: Route) -> Iterator[str]:
    for step in route:
        name = entry_name(value[step]) if isinstance(step, int) else ""
        yield f"[{name or step}]" if isinstance(step, int) else f".{step}"
        value = value[step]
