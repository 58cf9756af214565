"""What the cluster as a whole is asked for, and what is not asked for where KAITO owns the Workspaces."""

from __future__ import annotations

from dataclasses import replace

from ..domain.state import CRD, DesiredObject, DesiredState, DesiredWorkspace


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
