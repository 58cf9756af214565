"""What a kubelet says of a node: that it is well, or is not while `kubelet.test/fault: NotReady` is on it.

The taint is the node lifecycle controller's in a whole cluster; that one is left out of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cluster.kubelet.pods import FAULT

NOT_READY = "NotReady"
GPU = "nvidia.com/gpu"
SIZE = "Standard_ND96isr_H100_v5"
_COUNT = "nvidia.com/gpu.count"
_TAINT = "node.kubernetes.io/not-ready"


@dataclass(frozen=True, slots=True)
class NodeWords:
    """Merge patches of a node's status and of its spec; None where there is nothing to say."""

    status: dict[str, Any] | None = None
    spec: dict[str, Any] | None = None


def is_well(node: dict[str, Any]) -> bool:
    """Whether nobody said that it is to be NotReady."""
    return (node["metadata"].get("annotations") or {}).get(FAULT) != NOT_READY


def node_words(node: dict[str, Any], now: str) -> NodeWords:
    """What is to be written for the node to say of itself how it is."""
    conditions = {each["type"]: each["status"] for each in node.get("status", {}).get("conditions", ())}
    taints = node["spec"].get("taints") or []
    wanted = [each for each in taints if each["key"] != _TAINT]
    if not is_well(node):
        wanted = [*wanted, {"key": _TAINT, "effect": "NoSchedule"}]
    keys = [each["key"] for each in taints]
    return NodeWords(
        None if conditions.get("Ready") == str(is_well(node)) else _status(node, now),
        None if keys == [each["key"] for each in wanted] else {"taints": wanted or None},
    )


def gpu_node(name: str, gpus: int, labels: dict[str, str]) -> dict[str, Any]:
    """A node of eight H100, or of as many GPUs as asked, as GPU feature discovery labels it."""
    found = {
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": SIZE,
        "accelerator": "nvidia",
        "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3",
        "nvidia.com/gpu.memory": "81559",
        _COUNT: str(gpus),
    }
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {**found, **labels}}}


def _status(node: dict[str, Any], now: str) -> dict[str, Any]:
    well = is_well(node)
    ready = {
        "type": "Ready",
        "status": str(well),
        "reason": "KubeletReady" if well else "KubeletNotReady",
        "message": "kubelet is posting ready status" if well else "container runtime network not ready",
    }
    told = node.get("status", {})
    return {
        "conditions": [{**ready, "lastHeartbeatTime": now, "lastTransitionTime": now}],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "nodeInfo": {**told.get("nodeInfo", {}), "kubeletVersion": "v1.20.2"},
        **({} if told.get("allocatable") else _room(node)),
    }


def _room(node: dict[str, Any]) -> dict[str, Any]:
    room = {"cpu": "96", "memory": "1900Gi", "pods": "250", "ephemeral-storage": "1Ti"}
    gpus = (node["metadata"].get("labels") or {}).get(_COUNT, "0")
    room |= {GPU: gpus} if gpus != "0" else {}
    return {"capacity": room, "allocatable": room}
