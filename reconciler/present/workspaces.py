"""Workspaces as `towline get` lists them, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from click import style

from reconciler.domain.finding import Finding
from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.planner.tell.readable import readable

from .columns import columns
from .money import dollars

_HEADINGS = ("NAME", "INSTANCE", "NODES", "PHASE", "$/HOUR", "AWAITING")
_COLOURS = {
    Phase.READY: "green",
    Phase.SUCCEEDED: "green",
    Phase.RUNNING: "blue",
    Phase.PENDING: "blue",
    Phase.NOT_READY: "yellow",
    Phase.HELD: "yellow",
    Phase.FAILED: "red",
    Phase.INVALID: "red",
    Phase.DELETING: "bright_black",
}


def workspaces_text(workspaces: Iterable[WorkspaceReport]) -> str:
    """One line a workspace. Terminal colours are in it; `click.echo` drops them elsewhere."""
    rows = [_row(each) for each in workspaces]
    return columns([_HEADINGS, *rows], right=(4,)) if rows else "No workspaces."


def workspaces_json(workspaces: Iterable[WorkspaceReport]) -> dict[str, Any]:
    """`{"workspaces": [...]}`, each with these keys; dollars are null when no price is known."""
    return {"workspaces": [_plain(each) for each in workspaces]}


def _row(report: WorkspaceReport) -> tuple[str, ...]:
    return (
        readable(str(report.name), 80),
        readable(report.instance_type, 60) or "-",
        f"{len(report.nodes_ready)}/{report.nodes_wanted}",
        phase_word(report.phase),
        dollars(report.cost.dollars_per_hour),
        readable(awaiting(report), 160) or "-",
    )


def phase_word(phase: Phase) -> str:
    """The phase in its colour."""
    return style(phase.value, fg=_COLOURS[phase])


def awaiting(report: WorkspaceReport) -> str:
    """What it waits for; of something broken or held, why, since that is what a person must know first."""
    told = report.message not in ("", f"Waiting for {report.awaiting}")
    if told and report.phase not in (Phase.READY, Phase.SUCCEEDED, Phase.RUNNING):
        return report.message
    return report.awaiting


def _plain(report: WorkspaceReport) -> dict[str, Any]:
    return {
        "namespace": report.name.namespace,
        "name": report.name.name,
        "phase": report.phase.value,
        "message": report.message,
        "awaiting": report.awaiting,
        "model": report.model,
        "instance_type": report.instance_type,
        "nodes_wanted": report.nodes_wanted,
        "nodes_ready": list(report.nodes_ready),
        "gpus_per_node": report.gpus_per_node,
        "tuning": report.tuning,
        "endpoint": report.endpoint,
        **asdict(report.cost),
        "commit": report.commit,
        "file": report.file,
        "conditions": [asdict(each) for each in report.conditions],
        "findings": [_finding(each) for each in report.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "workspace": str(finding.workspace) if finding.workspace else None,
        "field": finding.field,
        "message": finding.message,
        "mend": finding.mend,
    }
