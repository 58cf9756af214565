"""The ways in which fetching and pushing fail, drawn as a tree; the text of each is one sentence for a
person.

The exit codes are those of sysexits.h: 75 (EX_TEMPFAIL) asks to be tried again, 1 asks for a person.
"""

from __future__ import annotations

from typing import ClassVar


class Fault(Exception):
    """Something could not be fetched or pushed."""

    exit_code: ClassVar[int]


class Mistaken(Fault):
    """A person must act: trying again changes nothing."""

    exit_code = 1


class Passing(Fault):
    """May come right by itself: trying again later is right."""

    exit_code = 75


class Missing(Mistaken):
    """What was asked for is not there."""


class Forbidden(Mistaken):
    """The credentials are missing, wrong, or do not suffice."""


class Damaged(Mistaken):
    """What came is not what was promised: another digest, a file cut short, a page instead of data."""


class NoSpace(Mistaken):
    """The disk cannot hold it."""


class Unsafe(Mistaken):
    """Refused because it would reach where it must not: an address, a path, a link."""


class Malformed(Mistaken):
    """Written in a way that cannot be read: a reference, a configuration, an answer."""


class Unreachable(Passing):
    """Nobody answered, or the answer broke off."""


class Faltering(Passing):
    """The other side failed by its own account (a status of 5xx)."""


class Throttled(Passing):
    """The other side asks for patience; `after_seconds` is how long, where it said so."""

    def __init__(self, sentence: str, after_seconds: float | None = None) -> None:
        super().__init__(sentence)
        self.after_seconds = after_seconds
