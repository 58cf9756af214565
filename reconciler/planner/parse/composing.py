"""YAML bytes to plain values, within bounds.

Like what it imports, it knows nothing of the house beyond parsing: the process that parses other people's
files is small.
"""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

import yaml

from .composed import MAX_BYTES, Composed, Unreadable
from .composer import Composer
from .decoding import decode

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(data: bytes) -> Composed:
    """Every document of a blob that could be read before the first mistake that breaks it."""
    composer = Composer()
    try:
        if len(data) > MAX_BYTES:
            raise Unreadable((0, 0), f"the file is larger than {MAX_BYTES // 1024} KiB", "split it")
        text = decode(data)
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                composer.take(event)
        except yaml.YAMLError as error:
            raise _syntax(error, text) from None
    except Unreadable as unreadable:
        composer.give_up(unreadable.mistake)
    return composer.made


def compose_answer(data: bytes) -> bytes:
    """The same as JSON, for the process that asked; `documents.read_answer` reads it."""
    composed = compose(data)
    mistakes = [astuple(mistake) for mistake in composed.mistakes]
    documents = [(line, value, _json(tree)) for line, value, tree in composed.documents]
    return _json([documents, mistakes]).encode()


_json = json.JSONEncoder(separators=(",", ":")).encode


def _syntax(error: yaml.YAMLError, text: str) -> Unreadable:
    """The parser's own words, at its own place."""
    if isinstance(error, yaml.reader.ReaderError):
        return _control_character(text)
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "this is not YAML"
    if mark is None:
        return Unreadable((0, 0), f"not valid YAML: {problem}", "mend the syntax")
    line = "".join((text.splitlines() or [""])[mark.line : mark.line + 1])
    has_tab = "\t" in line[: len(line) - len(line.lstrip())]
    mend = (
        "YAML is indented with spaces: replace the tab" if has_tab else "mend the syntax here or just above"
    )
    return Unreadable((mark.line + 1, mark.column + 1), f"not valid YAML: {problem}", mend)


def _control_character(text: str) -> Unreadable:
    """The parser gives the place of such a character in bytes of its own buffer; we look for it ourselves."""
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    before = text[: match.start()] if match else ""
    place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return Unreadable(place, "this control character may not stand in YAML", "remove it")
