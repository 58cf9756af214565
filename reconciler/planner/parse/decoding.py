"""Bytes of a file to text: UTF-8, or UTF-16 that says so."""

from __future__ import annotations

import codecs

from .composed import Spot, Unreadable

_MEND = "save the file as UTF-8"


def decode(data: bytes) -> str:
    """The text without its byte-order mark; raises Unreadable for other encodings and NUL characters."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Unreadable((0, 0), "the file is UTF-32", _MEND)
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = _decoded(data, "utf-16" if is_utf16 else "utf-8-sig")
    if "\0" in text:
        raise Unreadable(_place(text[: text.index("\0")]), "the file holds a NUL character", "remove it")
    return text


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="replace")
        name = encoding.removesuffix("-sig").upper()
        raise Unreadable(_place(before), f"these bytes are not {name}", _MEND) from None


def _place(before: str) -> Spot:
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
