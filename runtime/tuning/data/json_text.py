"""JSON in either shape: an object a line, or one document that is a list or holds one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TextIO

from runtime.tuning.data.rows import RawRow, Unusable

_SPACE = re.compile(r"[\s,]*")


def read_json(text: TextIO, name: str) -> Iterator[RawRow | Unusable]:
    """The rows of a JSON text. A row is told by its line, an element of a list by the line it begins on."""
    first = next((line for line in text if line.strip()), "")
    if not first:
        return
    if _is_whole(first):
        text.seek(0)
        yield from _lines(text, name)
    else:
        text.seek(0)
        yield from _document(text.read(), name)


def _is_whole(line: str) -> bool:
    """Whether this line is an object of its own, or means to be one: then every line is."""
    begun = line.lstrip()
    if not begun.startswith("{"):
        return not begun.startswith("[")
    try:
        json.loads(line)
    except ValueError:
        return len(begun.rstrip()) > 1 and '"' in begun and begun.rstrip().endswith("}")
    return True


def _lines(lines: TextIO, name: str) -> Iterator[RawRow | Unusable]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield RawRow(name, f"line {number}", json.loads(line))
        except ValueError as bad:
            yield Unusable(name, f"line {number}", f"is not JSON: {_reason(bad)}")


def _document(text: str, name: str) -> Iterator[RawRow | Unusable]:
    """A list, or an object of which one value is a list of objects."""
    at = text.find("[")
    before = text[: max(at, 0)].strip()
    if at < 0 or (before and not re.fullmatch(r'\{[^\[\]{}]*"[^"]+"\s*:', before, re.DOTALL)):
        yield Unusable(name, "the file", "is JSON, but neither a list of rows nor an object that holds one")
        return
    yield from _elements(text, at + 1, name)


def _elements(text: str, at: int, name: str) -> Iterator[RawRow | Unusable]:
    decoder, line, counted = json.JSONDecoder(), 1, 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing at all, too
        line, counted = line + text.count("\n", counted, at), at
        if at >= len(text):
            yield Unusable(name, f"line {line}", "the list of rows is cut short")
            return
        if text[at] == "]":
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError as bad:
            yield Unusable(name, f"line {line}", f"is not JSON from here on: {_reason(bad)}")
            return
        yield RawRow(name, f"line {line}", value)


def _reason(bad: ValueError) -> str:
    return str(getattr(bad, "msg", bad)).lower()
