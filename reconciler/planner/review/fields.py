"""Which fields of an object would be others, and how: told field by field, as people write them.

Both sides are what Towline asks for, so every difference counts. A list of named things is compared by name,
a list of plain values as lines, any other by place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.domain.review import FieldChange
from reconciler.planner.desire.objects import DOCUMENT_DIGEST
from reconciler.planner.resolve.resolve import CONFIG_DIGEST

from .concealed import HIDDEN, concealed, is_secret

Path = tuple[str, ...]

_BOOKKEEPING = frozenset({CONFIG_DIGEST, DOCUMENT_DIGEST, "towline.dev/declared"})
_NAMES = ("name", "mountPath", "containerPort", "port", "key")
_ABSENT = object()

LONGEST_TEXT = 64 * 1024
"""Characters of one field that are looked through; nobody reads more of it in a Review."""


def field_changes(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, FieldChange | None]]:
    """Each path that differs with its change, None for our own bookkeeping, in the order of their names."""
    for path, one, other in _differences(before, after, ()):
        shown = None if _BOOKKEEPING.intersection(path) else _change(kind, path, one, other)
        yield _written(path), shown


def _differences(one: Any, other: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    parts = _parts(one, other)
    if parts is None:
        if one != other or type(one) is not type(other):
            yield path, one, other
        return
    mine, theirs = parts
    for key in sorted({*mine, *theirs}):
        yield from _differences(mine.get(key, _ABSENT), theirs.get(key, _ABSENT), (*path, key))


def _parts(one: Any, other: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Both sides by the names of what they are made of; None where they are compared as wholes."""
    there = [each for each in (one, other) if each is not _ABSENT]
    if any(there) and all(isinstance(each, dict) for each in there):
        return _by_key(one), _by_key(other)
    if all(isinstance(each, list) for each in there) and not all(_is_plain(each) for each in there):
        split = _by_name if all(_is_named(each) for each in there) else _by_place
        return split(one), split(other)
    return None


def _is_plain(items: list[Any]) -> bool:
    return not any(isinstance(each, dict | list) for each in items)


def _is_named(items: list[Any]) -> bool:
    """Whether every item has a name of its own."""
    if not all(isinstance(each, dict) and _name(each) for each in items):
        return False
    return len({_name(each) for each in items}) == len(items)


def _name(item: Mapping[str, Any]) -> str:
    return next((f"[{item[key]}]" for key in _NAMES if key in item), "")


def _by_key(value: Any) -> dict[str, Any]:
    return {} if value is _ABSENT else {str(key): each for key, each in value.items()}


def _by_name(value: Any) -> dict[str, Any]:
    return {} if value is _ABSENT else {_name(each): each for each in value}


def _by_place(value: Any) -> dict[str, Any]:
    return {} if value is _ABSENT else {f"[{place}]": each for place, each in enumerate(value)}


def _change(kind: str, path: Path, before: Any, after: Any) -> FieldChange:
    written = _written(path)
    if is_secret(kind, path, _plain(before)) or is_secret(kind, path, _plain(after)):
        return FieldChange(written, _hidden(before), _hidden(after), is_hidden=True)
    one, other = _text(before), _text(after)
    return FieldChange(written, one, other, is_hidden=one == other)


def _plain(value: Any) -> object:
    return None if value is _ABSENT else value


def _hidden(value: Any) -> str | None:
    return None if value is _ABSENT else HIDDEN


def _text(value: Any) -> str | None:
    if value is _ABSENT:
        return None
    is_list = isinstance(value, list) and value and _is_plain(value)
    text = "\n".join(map(_scalar, value)) if is_list else _scalar(value)
    return concealed(text) if len(text) <= LONGEST_TEXT else f"({len(text):,} characters)"


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _written(path: Path) -> str:
    """`spec.containers[phi].image`; a key with a dot or a slash in it stands in brackets."""
    text = ""
    for each in path:
        if each.startswith("["):
            text += each
        elif "." in each or "/" in each:
            text += f"[{each}]"
        else:
            text += f".{each}" if text else each
    return text
