"""What the world must give before the first pass, and whether it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """Whether it is there, or there with less than there could be, or not."""

    YES = "ok"
    LESS = "degraded"
    NO = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `said` is what was found, `mend` what to do where it is not all there;
    both without a full stop."""

    subject: str
    answer: Answer
    said: str
    mend: str = ""


def is_ready(checks: Iterable[Check]) -> bool:
    """Whether a pass can do its work, if with less than there could be."""
    return all(check.answer is not Answer.NO for check in checks)
