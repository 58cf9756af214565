"""A report once more under the names that dashboards made for Flux look for.

https://fluxcd.io/flux/monitoring/metrics/ has `gotk_resource_info`; `gotk_reconcile_condition` and
`gotk_suspend_status` are of Flux up to 2.0 and of most dashboards since.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.workspace import V1BETA1

from .figure import Figure, Sample
from .fleet import named_reports

_NAMING = ("kind", "name", "namespace")
_STATUSES = ("True", "False", "Unknown")
_READY = {
    Phase.READY: "True",
    Phase.SUCCEEDED: "True",
    Phase.PENDING: "Unknown",
    Phase.RUNNING: "Unknown",
    Phase.DELETING: "Unknown",
}
_INFO = (
    "customresource_group",
    "customresource_kind",
    "customresource_version",
    "exported_namespace",
    "name",
    "ready",
    "suspended",
    "revision",
    "source_name",
)


def flux_figures(report: Report) -> Iterator[Figure]:
    """The conditions of the fleet and of the workspaces that are named; a workspace is suspended while it is
    held as it was."""
    named = named_reports(report)
    fleet = ("Fleet", report.fleet, "", "False" if report.problems else "True")
    about = "Whether a Workspace, or the Fleet, is as Git asks, in Flux's words."
    every = (fleet, *(("Workspace", each.name.name, each.name.namespace, _ready(each)) for each in named))
    conditions = tuple(sample for each in every for sample in _condition(each))
    yield Figure("gotk_reconcile_condition", about, (*_NAMING, "type", "status"), conditions)
    held = tuple(
        (("Workspace", each.name.name, each.name.namespace), float(_is_held(each))) for each in named
    )
    yield Figure("gotk_suspend_status", "1 where a Workspace is kept as it was.", _NAMING, held)
    infos = tuple((_info(each, report.fleet), 1.0) for each in named)
    yield Figure("gotk_resource_info", "What there is to know of a Workspace, as its labels.", _INFO, infos)


def _condition(told: tuple[str, str, str, str]) -> Iterator[Sample]:
    *naming, ready = told
    for status in _STATUSES:
        yield (*naming, "Ready", status), float(status == ready)


def _info(report: WorkspaceReport, fleet: str) -> tuple[str, ...]:
    group, _, version = V1BETA1.partition("/")
    ready, held = _ready(report), str(_is_held(report)).lower()
    where = (report.name.namespace, report.name.name)
    return (group, "Workspace", version, *where, ready, held, report.commit, fleet)


def _ready(report: WorkspaceReport) -> str:
    return _READY.get(report.phase, "False")


def _is_held(report: WorkspaceReport) -> bool:
    return report.phase is Phase.HELD
