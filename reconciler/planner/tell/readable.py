"""Text of others made safe to read: one line, nothing invisible, nothing that turns the line around."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def readable(text: str, longest: int = 0) -> str:
    """Without control, bidirectional, zero-width and private characters; white space becomes single spaces.

    Longer than `longest` characters (0: any length) ends in an ellipsis.
    """
    if not text.isprintable():
        text = " ".join("".join(_visible(text)).split())
    return text if not longest or len(text) <= longest else text[: longest - 1].rstrip() + "…"


def cut_in_the_middle(line: str, longest: int) -> str:
    """At most so many characters, of the end two fifths: long names differ at their ends."""
    tail = longest * 2 // 5
    return line if len(line) <= longest else f"{line[: longest - tail - 1].rstrip()}…{line[-tail:].lstrip()}"


def _visible(text: str) -> list[str]:
    return [" " if each.isspace() else each for each in text if each.isspace() or _is_visible(each)]


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _HIDDEN
