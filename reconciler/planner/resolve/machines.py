"""The nodes a workspace is given: by what they are made, of what image, with which labels and disk."""

from __future__ import annotations

from reconciler.domain.workspace import NODE_CLASS_NAME, NODE_IMAGE_FAMILY

from .blueprint import Capacity, Nodes, Runtime
from .names import node_claim_name, node_pool_name, pool_name
from .scheduling import node_labels
from .subject import Subject

ROOM_GIB = 1024
"""Disk of nodes for templates and training, GiB. Source: KAITO v0.12's default for NodeClaims."""

_OS_SKU = {"ubuntu": "Ubuntu", "azurelinux": "AzureLinux"}


def resolve_nodes(subject: Subject, capacity: Capacity) -> Nodes:
    """The nodes to be made; for a fleet's own nodes nothing is."""
    provisioner = subject.fleet.spec.node_provisioner
    family = subject.manifest.annotations.get(NODE_IMAGE_FAMILY, "").strip().lower()
    return Nodes(
        provisioner=provisioner,
        pool=_pool(subject, capacity),
        claims=_claims(subject, capacity) if provisioner == "gpu-provisioner" else (),
        node_class=_node_class(subject),
        image_family=family if family in _OS_SKU else "ubuntu",
        os_sku=_OS_SKU.get(family, "Ubuntu"),
        disk_gib=_disk_gib(subject),
        labels=node_labels(subject, has_nvidia=capacity.has_nvidia),
    )


def _pool(subject: Subject, capacity: Capacity) -> str:
    match subject.fleet.spec.node_provisioner:
        case "agentPool":
            return pool_name(subject.fleet.name, subject.name, capacity.instance_type)
        case "karpenter":
            return node_pool_name(subject.name)
        case _:
            return ""


def _claims(subject: Subject, capacity: Capacity) -> tuple[str, ...]:
    fleet, size = subject.fleet.name, capacity.instance_type
    return tuple(node_claim_name(fleet, subject.name, size, each) for each in range(capacity.nodes))


def _node_class(subject: Subject) -> str:
    classes = subject.fleet.spec.node_classes
    return subject.manifest.annotations.get(NODE_CLASS_NAME, "").strip() or (classes[0] if classes else "")


def _disk_gib(subject: Subject) -> int:
    if subject.preset is None or subject.runtime is Runtime.TUNING:
        return ROOM_GIB
    return subject.preset.disk_gib
