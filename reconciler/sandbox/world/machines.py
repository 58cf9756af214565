"""The Node object of a machine in an agent pool: pure."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.arm.place import KUBERNETES, Place
from reconciler.sandbox.arm.pool import Pool
from reconciler.sandbox.arm.sizes import VmSize

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"


def node_object(pool: Pool, machine: int, size: VmSize, place: Place, now: str) -> dict[str, Any]:
    """Give the Node as its kubelet registers it: not ready, and without GPUs as yet."""
    name = place.node_name(pool.name, machine)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": _labels(pool, machine, size, place)},
        "spec": {
            "providerID": place.provider_id(pool.name, machine),
            "taints": [*_taints(pool), {"key": NOT_READY, "effect": "NoSchedule"}],
        },
        "status": {
            "capacity": _capacity(pool, size, 1.0),
            "allocatable": _capacity(pool, size, 0.95),
            "conditions": conditions(False, now),
            "addresses": [
                {"type": "InternalIP", "address": _address(name)},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": _info(size),
        },
    }


def conditions(ready: bool, now: str) -> list[dict[str, Any]]:
    """Give a node's conditions."""
    pressures = ("MemoryPressure", "DiskPressure", "PIDPressure")
    calm = [
        _condition(kind, "False", f"KubeletHasNo{kind}", "kubelet has no pressure", now) for kind in pressures
    ]
    if ready:
        return [*calm, _condition("Ready", "True", "KubeletReady", "kubelet is posting ready status", now)]
    return [
        *calm,
        _condition("Ready", "False", "KubeletNotReady", "container runtime network not ready", now),
    ]


def silent_conditions(now: str) -> list[dict[str, Any]]:
    """Give the conditions of a node whose kubelet has not been heard of."""
    kinds = ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready")
    return [
        _condition(kind, "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", now)
        for kind in kinds
    ]


def faulty_condition(now: str) -> dict[str, Any]:
    """Give the condition in which the node problem detector tells of XID errors."""
    said = "GPU XID errors were found: NVRM: Xid (PCI:0001:00:00): 79, GPU has fallen off the bus."
    return _condition("GPUXIDErrors", "True", "GPUXIDErrorsFound", said, now)


def is_ready(node: Mapping[str, Any]) -> bool:
    """Is its Ready condition True?"""
    return readiness(node) == "True"


def readiness(node: Mapping[str, Any]) -> str:
    """Give the status of its Ready condition: True, False or Unknown."""
    found = (node.get("status") or {}).get("conditions") or ()
    return next((str(one["status"]) for one in found if one["type"] == "Ready"), "Unknown")


def _condition(kind: str, status: str, reason: str, message: str, now: str) -> dict[str, Any]:
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    return {"type": kind, "status": status, "reason": reason, "message": message, **times}


def _labels(pool: Pool, machine: int, size: VmSize, place: Place) -> dict[str, str]:
    name, zone = place.node_name(pool.name, machine), pool.zone(machine)
    labels = {
        "agentpool": pool.name,
        "kubernetes.azure.com/agentpool": pool.name,
        "kubernetes.azure.com/cluster": place.node_group,
        "kubernetes.azure.com/mode": str(pool.properties["mode"]).lower(),
        "kubernetes.azure.com/role": "agent",
        "kubernetes.azure.com/os-sku": str(pool.properties["osSKU"]),
        "kubernetes.io/arch": size.architecture,
        "kubernetes.io/os": str(pool.properties["osType"]).lower(),
        "kubernetes.io/hostname": name,
        "node.kubernetes.io/instance-type": size.name,
        "topology.kubernetes.io/region": place.location,
        "topology.kubernetes.io/zone": f"{place.location}-{zone}" if zone else "0",
    }
    if size.vendor == "NVIDIA":
        labels |= {"accelerator": "nvidia", "kubernetes.azure.com/accelerator": "nvidia"}
    return labels | {str(key): str(value) for key, value in (pool.properties.get("nodeLabels") or {}).items()}


def _taints(pool: Pool) -> list[dict[str, str]]:
    taints = []
    for text in pool.properties.get("nodeTaints") or ():
        pair, _, effect = str(text).rpartition(":")
        key, _, value = pair.partition("=")
        taints.append({"key": key, "effect": effect} | ({"value": value} if value else {}))
    return taints


def _address(name: str) -> str:
    """Give a node an address of the cluster's network (10.224.0.0/12), the same one for the same name."""
    number = zlib.crc32(name.encode()) % (1 << 20)
    return f"10.{224 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def _capacity(pool: Pool, size: VmSize, share: float) -> dict[str, str]:
    disk = int(pool.properties["osDiskSizeGB"])
    return {
        "cpu": f"{int(size.vcpus * 1000 * share)}m" if share < 1 else str(size.vcpus),
        "memory": f"{int(size.memory * share * 1024 * 1024)}Ki",
        "ephemeral-storage": f"{int(disk * share)}Gi",
        "pods": str(pool.properties["maxPods"]),
    }


def _info(size: VmSize) -> dict[str, str]:
    return {
        "architecture": size.architecture,
        "kubeletVersion": f"v{KUBERNETES}",
        "kubeProxyVersion": f"v{KUBERNETES}",
        "containerRuntimeVersion": "containerd://1.7.27",
        "operatingSystem": "linux",
        "osImage": "Ubuntu 22.04.5 LTS",
        "kernelVersion": "5.15.0-1092-azure",
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
    }
