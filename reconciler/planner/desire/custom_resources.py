"""What the cluster as a whole is asked for, and what is not asked for where KAITO owns the Workspaces."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import FILE
from reconciler.domain.state import CRD, DesiredObject, DesiredState, DesiredWorkspace


def within(desired: DesiredState, cluster: tuple[DesiredObject, ...], *, foreign_crd: bool) -> DesiredState:
    """What is asked for with what it stands on; without custom resources where their kind is another's."""
    standing = tuple(each for each in cluster if not (foreign_crd and each.ref.kind == CRD))
    workspaces = desired.workspaces
    if foreign_crd:
        workspaces = {name: _without_custom(each) for name, each in workspaces.items()}
    return replace(desired, workspaces=workspaces, objects=(*standing, *desired.objects))


def said_of_another_owner(*, foreign_crd: bool) -> tuple[Finding, ...]:
    """That the Workspaces of this cluster are another's, so that nobody looks for ours among them."""
    if not foreign_crd:
        return ()
    message = "another controller, such as KAITO, owns the definition of Workspaces in this cluster"
    mend = (
        "Towline serves its own without writing them there: see this page rather than kubectl get workspace"
    )
    return (Finding(FILE, 0, 0, "", message, mend, Severity.WARNING),)


def _without_custom(workspace: DesiredWorkspace) -> DesiredWorkspace:
    return replace(
        workspace, objects=tuple(each for each in workspace.objects if each.ref.kind != "Workspace")
    )
