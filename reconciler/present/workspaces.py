"""Workspaces as `towline get` lists them, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from click import style

from reconciler.domain.finding import Finding
from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.planner.tell.heard import heard_words, training_words
from reconciler.planner.tell.readable import readable

from .columns import columns
from .money import dollars

LONGEST = 400  # characters of a sentence; what Azure says comes before the next step
_HEADINGS = ("NAME", "INSTANCE", "NODES", "PHASE", "$/HOUR", "AWAITING")
_WIDER = ("MODEL", "SAYS OF ITSELF")
_DONE = frozenset({Phase.READY, Phase.SUCCEEDED})
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


def workspaces_text(workspaces: Iterable[WorkspaceReport], *, wide: bool = False) -> str:
    """One line a workspace; `wide` with its model and what its container says of itself. Terminal colours
    are in it; `click.echo` drops them elsewhere."""
    rows = [_row(each, wide=wide) for each in workspaces]
    headings = (*_HEADINGS[:-1], *_WIDER, _HEADINGS[-1]) if wide else _HEADINGS
    return columns([headings, *rows], right=(4,)) if rows else "No workspaces."


def workspaces_json(workspaces: Iterable[WorkspaceReport]) -> dict[str, Any]:
    """`{"workspaces": [...]}`, each with these keys; dollars are null when no price is known."""
    return {"workspaces": [_plain(each) for each in workspaces]}


def without_nodes(workspaces: Iterable[WorkspaceReport]) -> Iterator[str]:
    """A line for each workspace whose nodes do not come, with why."""
    for each in workspaces:
        if each.choice is None or each.phase in _DONE:
            continue
        if each.choice.setback is None and each.choice.move is not Move.WAIT:
            continue
        so = "cannot get its nodes" if each.choice.needs_a_person else "has not got its nodes yet"
        yield readable(f"{each.name} {so}: {each.message}")


def _row(report: WorkspaceReport, *, wide: bool) -> tuple[str, ...]:
    wider = (readable(report.model, 80) or "-", readable(heard_words(report), LONGEST) or "-")
    return (
        readable(str(report.name), 80),
        readable(report.instance_type, 60) or "-",
        f"{len(report.nodes_ready)}/{report.nodes_wanted}",
        phase_word(report.phase),
        _hourly(report.cost),
        *(wider if wide else ()),
        readable(awaiting(report), LONGEST) or "-",
    )


def _hourly(cost: Cost) -> str:
    """Of spot machines the price is a bound."""
    bound = "≤ " if cost.at_most and cost.dollars_per_hour is not None else ""
    return bound + dollars(cost.dollars_per_hour)


def phase_word(phase: Phase) -> str:
    """The phase in its colour."""
    return style(phase.value, fg=_COLOURS[phase])


def awaiting(report: WorkspaceReport) -> str:
    """What it waits for; of something broken or held, why, since that is what a person must know first; of a
    tuning how far it has come."""
    training = report.telemetry.training
    if report.phase is Phase.RUNNING and training:
        return (
            f"{report.awaiting}: {training_words(training)}" if report.awaiting else training_words(training)
        )
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
        "provisioning": _provisioning(report.choice),
        "spending": asdict(report.spending) if report.spending else None,
        "telemetry": asdict(report.telemetry),
        "proposal": report.proposal,
        "conditions": [asdict(each) for each in report.conditions],
        "findings": [_finding(each) for each in report.findings],
    }


def _provisioning(choice: NodeChoice | None) -> dict[str, Any] | None:
    """None where no agent pool is made; of a setback that never was, the words are empty."""
    if choice is None:
        return None
    setback = choice.setback
    return {
        "option": str(choice.option),
        "because": choice.because,
        "passed_over": list(choice.passed_over),
        "tries": choice.tries,
        "most_tries": choice.most_tries,
        "code": setback.code if setback else "",
        "correlation_id": setback.correlation if setback else "",
        "next_step": choice.next_step,
        "try_again_at": choice.until,
        "needs_a_person": choice.needs_a_person,
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
