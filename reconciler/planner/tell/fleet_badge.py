"""The badge of a whole fleet: how many workspaces are ready, in the colour of the one that fares worst."""

from __future__ import annotations

from reconciler.domain.report import Phase, Report

from .badge import colour, looks_like

_WORST_FIRST = (
    Phase.FAILED,
    Phase.INVALID,
    Phase.NOT_READY,
    Phase.HELD,
    Phase.DELETING,
    Phase.PENDING,
    Phase.RUNNING,
)


def fleet_badge(report: Report) -> tuple[str, str, str]:
    """Label, message and colour."""
    phases = [each.phase for each in report.workspaces.values()]
    if not phases:
        return report.fleet, "no workspaces", "lightgrey"
    ready = sum(phase in (Phase.READY, Phase.SUCCEEDED) for phase in phases)
    worn = frozenset(map(looks_like, report.workspaces.values()))
    return report.fleet, f"{ready} of {len(phases)} ready", _colour(report, worn)


def _colour(report: Report, phases: frozenset[Phase]) -> str:
    worst = next((phase for phase in _WORST_FIRST if phase in phases), Phase.READY)
    if report.problems and worst not in (Phase.FAILED, Phase.INVALID):
        return colour(Phase.NOT_READY)
    return colour(worst)
