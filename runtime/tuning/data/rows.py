"""A row as read, and what becomes of it: an example in one of three forms, or why it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["messages", "prompt and completion", "text"]


@dataclass(frozen=True)
class RawRow:
    """One row of a file. `place` says which: "line 3", "row 3", counted from 1."""

    file: str
    place: str
    value: Any


@dataclass(frozen=True)
class Unusable:
    """A row, or a file's remainder, that cannot be learnt from, and why."""

    file: str
    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.why}"


@dataclass(frozen=True)
class Example:
    """A row to learn from: the columns TRL knows for its form, and nothing else."""

    form: Form
    columns: dict[str, Any]
