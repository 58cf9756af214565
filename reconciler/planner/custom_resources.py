"""The Workspace custom resources: shown as KAITO shows them, left alone where KAITO owns their kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..domain.identity import Ref
from ..domain.report import Report
from ..domain.state import CRD, DesiredObject, DesiredState, DesiredWorkspace, ObservedState
from ..domain.workspace import V1BETA1
from .assess import workspace_status


def within(desired: DesiredState, cluster: tuple[DesiredObject, ...], *, foreign_crd: bool) -> DesiredState:
    """What is asked for with what it stands on; without custom resources where their kind is another's."""
    standing = tuple(each for each in cluster if not (foreign_crd and each.ref.kind == CRD))
    workspaces = desired.workspaces
    if foreign_crd:
        workspaces = {name: _without_custom(each) for name, each in workspaces.items()}
    return replace(desired, workspaces=workspaces, objects=(*standing, *desired.objects))


def _without_custom(workspace: DesiredWorkspace) -> DesiredWorkspace:
    return replace(
        workspace, objects=tuple(each for each in workspace.objects if each.ref.kind != "Workspace")
    )


def status_changes(report: Report, observed: ObservedState) -> Iterator[tuple[Ref, dict[str, Any]]]:
    """The custom resources whose status is not what the report says, and what it should be."""
    for name, each in report.workspaces.items():
        ref = Ref(V1BETA1, "Workspace", name.namespace, name.name)
        live = observed.objects.get(ref)
        if live is None or live.deleting:
            continue
        wanted = workspace_status(each, live.generation)
        if live.document.get("status") != wanted:
            yield ref, wanted
