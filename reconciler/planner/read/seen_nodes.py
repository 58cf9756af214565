"""The cluster's nodes as the rules look at them: by name and labels, whatever else of them moves."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.domain.state import ObservedObject
from reconciler.planner.rules.context import SeenNode

Seen = tuple[SeenNode, ...]


def seen_nodes(nodes: tuple[ObservedObject, ...], before: Seen = (), but: str = "") -> Seen:
    """All nodes but those being deleted and those with the label `but`; the very value `before` when it says
    the same."""
    told = (SeenNode(node.ref.name, _labels(node)) for node in nodes if not node.deleting)
    seen = tuple(node for node in told if not but or but not in node.labels)
    return before if seen == before else seen


def _labels(node: ObservedObject) -> Mapping[str, str]:
    labels: Mapping[str, str] | None = node.document.get("metadata", {}).get("labels")
    return labels or {}
