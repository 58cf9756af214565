"""Nodes a person named: whether they can carry the workspace. They are looked at, never touched."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import Move
from reconciler.domain.state import ObservedObject, ObservedState
from reconciler.planner.health import is_ready, node

from .ground import Ground
from .way import Verdict, Way, closed, in_the_way

_OVER = frozenset({"Succeeded", "Failed"})


def judge_own(way: Way, observed: ObservedState, ground: Ground) -> Verdict:
    """Taken when enough of the nodes named are Ready, carry the labels asked for and offer their GPUs; kept
    while its pods run there."""
    workspace, declared = way.workspace, ground.config.workspaces.get(way.workspace.name)
    named = frozenset((declared.manifest.resource.preferred_nodes if declared else None) or ())
    if nodes_with_pods(workspace.name, observed) & named:
        return Verdict(Move.GO, stays=True)
    labels = declared.manifest.node_labels if declared else {}
    found = (each.document for each in observed.nodes if each.ref.name in named)
    ready = sum(is_ready(node(each, labels, gpus=workspace.gpus_per_node > 0)) for each in found)
    if ready >= workspace.nodes:
        return Verdict(Move.GO)
    sentence = f"{ready} of the nodes named are Ready with their labels and GPUs, of {workspace.nodes} needed"
    return closed(in_the_way(sentence, "see to the nodes named in resource.preferredNodes"))


def nodes_with_pods(name: WorkspaceName, observed: ObservedState) -> Set[str]:
    """The names of the nodes on which pods of the workspace run, or are about to."""
    return {where for pod in observed.pods.get(name, ()) if (where := _node_of(pod))}


def _node_of(pod: ObservedObject) -> str:
    document: dict[str, Any] = pod.document
    is_over = (document.get("status") or {}).get("phase") in _OVER
    return "" if is_over else str((document.get("spec") or {}).get("nodeName") or "")
