"""A user's mistake, as a value: where it is, what is wrong, how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .identity import WorkspaceName


class Severity(StrEnum):
    """An error holds the workspace back; a warning only tells."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One mistake. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    field: str
    message: str
    mend: str
    severity: Severity = Severity.ERROR
    workspace: WorkspaceName | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        field = f" {self.field}:" if self.field else ""
        return f"{place}: {self.severity}:{field} {self.message}. {self.mend}".rstrip()


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """Whether any of these holds its workspace back."""
    return any(finding.severity is Severity.ERROR for finding in findings)
