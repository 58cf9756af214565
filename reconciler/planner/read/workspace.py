"""A document that says it is a Workspace, to the Workspace it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.workspace import V1ALPHA1, V1BETA1, ObjectMeta, Workspace
from reconciler.planner.rules.flaw import NOWHERE, At

from .written import read_written, what_remains


def workspace_of(value: Any, at: At = NOWHERE) -> tuple[Workspace | None, tuple[Finding, ...]]:
    """The Workspace, or None and why the document is none."""
    workspace, flaws = read_written(Workspace, value, at.places)
    return workspace, at.findings(flaws)


def remains_of(value: Mapping[str, Any], name: WorkspaceName) -> Workspace:
    """As much of a mistaken document as is a Workspace: enough to show it, never to act on it."""
    is_known = value.get("apiVersion") in (V1ALPHA1, V1BETA1)
    known = value if is_known else {**value, "apiVersion": V1BETA1}
    bare = Workspace(
        api_version="kaito.sh/v1beta1",
        kind="Workspace",
        metadata=ObjectMeta(name=name.name, namespace=name.namespace),
    )
    return what_remains(Workspace, known) or bare
