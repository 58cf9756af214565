"""The health of a Karpenter NodePool: karpenter.sh/v1, whose `status.resources.nodes` counts its nodes."""

from __future__ import annotations

from reconciler.domain.report import Health

from .verdict import (
    Document,
    condition,
    degraded,
    healthy,
    is_deleting,
    named,
    number,
    progressing,
    section,
    sentence,
)


def node_pool(document: Document) -> Health:
    """Healthy when Ready with as many nodes as its static `replicas` asks for."""
    name = named(document)
    ready = condition(document, "Ready")
    if is_deleting(document):
        return progressing("Terminating", f"node pool {name} to be gone")
    if ready.get("status") == "False":
        why = sentence(ready, "Karpenter gives no reason")
        return degraded(str(ready.get("reason") or "NotReady"), f"node pool {name}: {why}")
    wanted = number(section(document, "spec"), "replicas")
    if ready.get("status") != "True":
        return progressing("Pending", f"Karpenter to see node pool {name}")
    if (nodes := _nodes(document)) < wanted:
        return progressing("Launching", f"{wanted} nodes of node pool {name}, of which {nodes} are there")
    return healthy("Ready", f"node pool {name} has {nodes} of {wanted} nodes")


def _nodes(document: Document) -> int:
    """`status.nodes` of a static pool, else the `nodes` resource that Karpenter adds up."""
    status = section(document, "status")
    counted = status.get("nodes", section(status, "resources").get("nodes", 0))
    return int(counted) if str(counted).isdigit() else 0
