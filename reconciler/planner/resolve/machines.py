"""The nodes a workspace is given: by what they are made, of what image, with which labels and disk."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.cloud import CapacityType
from reconciler.domain.workspace import GPU_DRIVER, NODE_CLASS_NAME, NODE_IMAGE_FAMILY

from .blueprint import Capacity, Nodes, Runtime
from .names import node_claim_name, node_pool_name, pool_name
from .scheduling import node_labels
from .subject import Subject

ROOM_GIB = 1024
"""Disk of nodes for templates and training, GiB. Source: KAITO v0.12's default for NodeClaims."""

NO_DRIVER = "none"
"""The annotation's word for machines whose GPU driver somebody else installs."""

_OS_SKU = {"ubuntu": "Ubuntu", "azurelinux": "AzureLinux"}


def resolve_nodes(subject: Subject, capacity: Capacity) -> Nodes:
    """The nodes to be made; for nodes that are there already nothing is."""
    family = subject.manifest.annotations.get(NODE_IMAGE_FAMILY, "").strip().lower()
    nodes = Nodes(
        provisioner=subject.provisioner,
        pool="",
        claims=(),
        node_class=_node_class(subject),
        image_family=family if family in _OS_SKU else "ubuntu",
        os_sku=_OS_SKU.get(family, "Ubuntu"),
        disk_gib=_disk_gib(subject),
        labels=node_labels(subject, has_nvidia=capacity.has_nvidia),
    )
    match subject.provisioner:
        case "agentPool":
            return _agent_pool(subject, nodes, capacity)
        case "karpenter":
            return _node_pool(subject, nodes, capacity)
        case "gpu-provisioner":
            return replace(nodes, claims=_claims(subject, capacity))
        case _:
            return nodes


def _agent_pool(subject: Subject, nodes: Nodes, capacity: Capacity) -> Nodes:
    option = replace(subject.option, instance_type=capacity.instance_type)
    driver = subject.manifest.annotations.get(GPU_DRIVER, "").strip().lower() != NO_DRIVER
    return replace(
        nodes,
        pool=pool_name(subject.fleet.name, subject.name, option, nodes.os_sku, driver=driver),
        zone=option.zone,
        is_spot=option.capacity_type is CapacityType.SPOT,
        has_driver=driver,
    )


def _node_pool(subject: Subject, nodes: Nodes, capacity: Capacity) -> Nodes:
    """Karpenter names a zone by its region: `eastus-1`."""
    location = subject.fleet.spec.cluster.location.replace(" ", "").lower()
    others = (each.name for each in subject.others)
    return replace(
        nodes,
        pool=node_pool_name(subject.name),
        instance_types=(capacity.instance_type, *others),
        capacity_types=tuple(map(str, subject.accepted.capacity_types)),
        zones=tuple(f"{location}-{zone}" for zone in subject.accepted.zones),
    )


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
