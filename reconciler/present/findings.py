"""Findings for people, as a compiler tells them, and for machines, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import click

from reconciler.domain.finding import Finding, Severity, has_errors
from reconciler.planner.rules.flaw import printable

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


def findings_text(findings: tuple[Finding, ...], files: int, root: str = "") -> str:
    """A paragraph a file, in the given order, and a line that counts. `root` goes before each file's name."""
    paragraphs = [
        "\n".join(_lines(finding, root) for finding in group)
        for _, group in groupby(findings, key=lambda finding: finding.file)
    ]
    return "\n\n".join([*paragraphs, _summary(findings, files)])


def findings_json(findings: tuple[Finding, ...]) -> str:
    """`valid`, and `findings` with severity, file, line, column, workspace, field, message and mend each.

    Line and column count from 1; 0 means the file as a whole. `workspace` is namespace/name or null.
    """
    document = {"valid": not has_errors(findings), "findings": [_object(finding) for finding in findings]}
    return json.dumps(document, indent=2)


def _lines(finding: Finding, root: str) -> str:
    name = f"{root}{finding.file}"
    place = f"{name}:{finding.line}:{finding.column}" if finding.line else name
    severity = click.style(f"{finding.severity}:", fg=_COLOURS[finding.severity], bold=True)
    field = f"{printable(finding.field)}: " if finding.field else ""
    said = f"{printable(place)}: {severity} {field}{printable(finding.message)}"
    return f"{said}\n    {printable(finding.mend)}" if finding.mend else said


def _summary(findings: tuple[Finding, ...], files: int) -> str:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    told = [_count(errors, "error"), _count(len(findings) - errors, "warning")]
    return f"{_count(files, 'file') or 'no files'} judged: {_and(told) or 'no mistakes found'}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}" if number else ""


def _and(words: Iterable[str]) -> str:
    return " and ".join(word for word in words if word)


def _object(finding: Finding) -> dict[str, Any]:
    return {
        "severity": str(finding.severity),
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "workspace": str(finding.workspace) if finding.workspace else None,
        "field": finding.field,
        "message": finding.message,
        "mend": finding.mend,
    }
