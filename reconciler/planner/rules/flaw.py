"""What a rule says of a field, and how that becomes a Finding with a place in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.domain.config import FieldPath, Place
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.planner.parse.places import dotted, nearest
from reconciler.planner.tell.masked import masked

_LONGEST = 80
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Flaw:
    """A field that is wrong, in what way, and how to mend it. `message` and `mend` end without a stop."""

    path: FieldPath
    message: str
    mend: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class At:
    """The document a flaw was found in."""

    file: str = ""
    places: Mapping[FieldPath, Place] = field(default_factory=dict)
    workspace: WorkspaceName | None = None

    def finding(self, flaw: Flaw) -> Finding:
        """The flaw with its line and column; of a missing field, those of what should hold it."""
        line, column = nearest(self.places, flaw.path)
        name = dotted(flaw.path)
        return Finding(self.file, line, column, name, flaw.message, flaw.mend, flaw.severity, self.workspace)

    def findings(self, flaws: Iterable[Flaw]) -> tuple[Finding, ...]:
        """All of them once each, by their place."""
        return tuple(sorted({self.finding(flaw): None for flaw in flaws}, key=_by_place))


NOWHERE = At()


def warning(path: FieldPath, message: str, mend: str) -> Flaw:
    """A flaw that only tells."""
    return Flaw(path, message, mend, Severity.WARNING)


def said(value: object) -> str:
    """A user's value as it may stand in a sentence: one line, bounded, nothing that moves a cursor, and no
    credential."""
    text = masked(value if isinstance(value, str) else json.dumps(value, default=str))
    return printable(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def printable(text: str) -> str:
    """The text with all that does not print escaped: nothing in it moves a cursor or turns a line around."""
    return _UNPRINTABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def one_of(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *most, last = list(words)
    return f"{', '.join(most)} or {last}" if most else last


def _by_place(finding: Finding) -> tuple[int, int, str, str]:
    return finding.line, finding.column, finding.field, finding.message
