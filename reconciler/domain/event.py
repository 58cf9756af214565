"""Something that happened to an object, as Kubernetes tells it: `kubectl events` shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .identity import Ref

_NUMBER = re.compile(r"(?<![\w-])\d[\d.,:/]*(?![\w-])")


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to the object `regarding` (with its `uid`): `reason` in one CamelCase word, `note` as a
    sentence of at most 1,024 characters, `moment` in RFC 3339. The same event told twice is one that happened
    twice."""

    regarding: Ref
    uid: str
    type: Literal["Normal", "Warning"]
    reason: str
    note: str
    moment: str

    @property
    def gist(self) -> str:
        """What makes two events of an object the same: all that is said but for its numbers."""
        return gist(self.reason, self.note)


def gist(reason: str, note: str) -> str:
    """Reason and note without the numbers that stand alone: a count, a time of day. Those within a name stay,
    for they tell one thing from another."""
    return f"{reason}: {_NUMBER.sub('#', note)}"
