"""What is there before the first pass and what is missing, for people and, as JSON, for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

import click

from reconciler.domain.preflight import Answer, Check, is_ready
from reconciler.planner.rules.flaw import printable

_COLOURS = {Answer.YES: "green", Answer.LESS: "yellow", Answer.NO: "red"}


def preflight_text(checks: Iterable[Check]) -> str:
    """A line a check, with what to do about it under it, aligned with what was found."""
    checks = tuple(checks)
    width = max((len(check.subject) for check in checks), default=0)
    return "\n".join("\n".join(_lines(check, width)) for check in checks)


def preflight_json(checks: Iterable[Check]) -> str:
    """`ready`, and `checks` with subject, answer (ok, degraded or missing), said and mend each."""
    checks = tuple(checks)
    return json.dumps({"ready": is_ready(checks), "checks": [asdict(check) for check in checks]}, indent=2)


def _lines(check: Check, width: int) -> Iterable[str]:
    answer = click.style(f"{check.answer:<8}", fg=_COLOURS[check.answer], bold=True)
    yield f"{answer}   {check.subject:<{width}}   {printable(check.said)}"
    if check.mend:
        yield f"{'':<8}   {'':<{width}}   {printable(check.mend)}"
