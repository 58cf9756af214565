"""The status of the Workspace custom resource, so that `kubectl get workspace` answers as under KAITO."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import ObservedObject, ObservedState
from reconciler.domain.telemetry import Benchmark
from reconciler.domain.workspace import V1BETA1
from reconciler.planner.health.verdict import Document, section

Memo = dict[WorkspaceName, tuple[WorkspaceReport, ObservedObject]]

_METRIC = "peakTokensPerMinute"
_MEASURED = "tokens read and written a minute, measured after the start"
_OURS = frozenset({Phase.HELD, Phase.INVALID, Phase.DELETING})


def workspace_statuses(
    report: Report, observed: ObservedState, memo: Memo | None = None
) -> Iterator[tuple[Ref, dict[str, Any]]]:
    """The custom resources whose status says something else than the report, and what it should say.

    `memo` is the caller's, kept from pass to pass: what was found to be right is not decoded again.
    """
    right: Memo = {} if memo is None else memo
    for gone in right.keys() - report.workspaces.keys():
        del right[gone]
    for name, each in report.workspaces.items():
        ref = Ref(V1BETA1, "Workspace", name.namespace, name.name)
        custom = observed.objects.get(ref)
        if custom is None or custom.deleting or not each.conditions:
            continue
        known = right.get(name)
        if known is not None and known[0] is each and known[1] is custom:
            continue
        status = workspace_status(each, custom.generation)
        if _says(custom, status):
            right[name] = (each, custom)
        else:
            yield ref, status


def workspace_status(report: WorkspaceReport, generation: int) -> dict[str, Any]:
    """`status` of the Workspace custom resource, v1beta1, to be compared with the one that is there."""
    conditions = [
        {
            "type": each.type,
            "status": each.status,
            "reason": each.reason,
            "message": each.message,
            "lastTransitionTime": each.since,
            "observedGeneration": generation,
        }
        for each in report.conditions
    ]
    return {
        "conditions": conditions,
        "state": _kaito_state(report),
        "targetNodeCount": report.nodes_wanted,
        "workerNodes": list(report.nodes_ready),
        **_performance(report.telemetry.benchmark),
    }


def _says(custom: ObservedObject, status: dict[str, Any]) -> bool:
    said = section(custom.document, "status")
    is_past = "performance" not in status and _is_ours(section(said, "performance"))
    return not is_past and all(said.get(key) == value for key, value in status.items())


def _is_ours(performance: Document) -> bool:
    """Whether that figure was written here, so that it goes when it is of the past."""
    metric = section(section(performance, "metrics"), _METRIC)
    return metric.get("description") == _MEASURED


def _performance(benchmark: Benchmark | None) -> dict[str, Any]:
    """KAITO's one metric; its value and its settings are text (v0.12, api/v1beta1/workspace_types.go)."""
    if benchmark is None or benchmark.error or not benchmark.tokens_per_minute:
        return {}
    metric: dict[str, Any] = {
        "description": _MEASURED,
        "value": f"{benchmark.tokens_per_minute:.2f}",
        "unit": "tokens/min",
    }
    if benchmark.clients:
        metric["config"] = {"maxConcurrency": str(benchmark.clients)}
    return {"performance": {"metrics": {_METRIC: metric}}}


def _kaito_state(report: WorkspaceReport) -> str:
    """KAITO has no word for what we hold back: there its conditions say how it does."""
    if report.phase not in _OURS:
        return report.phase.value
    succeeded = any(each.type == "WorkspaceSucceeded" and each.status == "True" for each in report.conditions)
    if report.tuning:
        return Phase.SUCCEEDED.value if succeeded else Phase.RUNNING.value
    return Phase.READY.value if succeeded else Phase.NOT_READY.value
