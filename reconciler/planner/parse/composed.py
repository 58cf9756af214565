"""What comes of composing a blob, the bounds it is held to, and how a bound says no.

Imports nothing of the house, so that the process that parses other people's files is small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
MAX_DOCUMENTS = 1_000
MAX_NODES = 200_000
MAX_TEXT = 8 * 1024 * 1024  # characters of all scalars once aliases are expanded
MAX_MISTAKES = 100

Path = tuple[str | int, ...]
Spot = tuple[int, int]
Tree = list[Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong. `breaks` when nothing after it in the file could be read."""

    line: int
    column: int
    path: Path
    message: str
    mend: str
    breaks: bool = False


@dataclass(slots=True)
class Composed:
    """Each document's line, value and tree of places; and what is wrong."""

    documents: list[tuple[int, Any, Tree]] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


class Unreadable(Exception):
    """Nothing more can be read; carries the mistake."""

    def __init__(self, place: Spot, message: str, mend: str) -> None:
        super().__init__(message)
        self.mistake = Mistake(*place, (), message, mend, breaks=True)
