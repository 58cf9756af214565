"""The columns of `kubectl get`, kind by kind, as the API server's printers lay them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import cells, podcells
from .cells import Value


@dataclass(frozen=True, slots=True)
class Cell:
    """One column: its heading, what it shows, whether only `-o wide` shows it (priority 1), its type."""

    name: str
    value: Value
    priority: int = 0
    type: str = "string"
    format: str = ""


NAME = Cell("Name", cells.at("metadata.name"), format="name")
AGE = Cell("Age", cells.ago("metadata.creationTimestamp"))
_CREATED = Cell("Created At", cells.at("metadata.creationTimestamp"), type="date")
_IMAGES = (Cell("Containers", cells.containers("name"), 1), Cell("Images", cells.containers("image"), 1))
_SELECTOR = Cell("Selector", cells.selector("spec.selector.matchLabels"), 1)

PLAIN: tuple[Cell, ...] = (NAME, AGE)
CELLS: Mapping[str, tuple[Cell, ...]] = {
    "/Namespace": (NAME, Cell("Status", cells.at("status.phase")), AGE),
    "/ConfigMap": (NAME, Cell("Data", cells.count("data"), type="integer"), AGE),
    "/Secret": (NAME, Cell("Type", cells.at("type")), Cell("Data", cells.count("data"), type="integer"), AGE),
    "/ServiceAccount": (NAME, Cell("Secrets", cells.count("secrets"), type="integer"), AGE),
    "/Service": (
        NAME,
        Cell("Type", cells.at("spec.type")),
        Cell("Cluster-IP", cells.at("spec.clusterIP")),
        Cell("External-IP", cells.external_ip),
        Cell("Port(s)", cells.ports),
        AGE,
        Cell("Selector", cells.selector("spec.selector"), 1),
    ),
    "/Pod": (
        NAME,
        Cell("Ready", podcells.readiness),
        Cell("Status", podcells.status_word),
        Cell("Restarts", podcells.restarts),
        AGE,
        Cell("IP", cells.at("status.podIP"), 1),
        Cell("Node", cells.at("spec.nodeName"), 1),
        Cell("Nominated Node", cells.at("status.nominatedNodeName"), 1),
        Cell("Readiness Gates", cells.at("spec.readinessGates"), 1),
    ),
    "/Event": (
        Cell("Last Seen", cells.last_seen),
        Cell("Type", cells.at("type")),
        Cell("Reason", cells.at("reason")),
        Cell("Object", cells.event_object),
        Cell("Subobject", cells.at("involvedObject.fieldPath", ""), 1),
        Cell("Source", cells.at("source.component", ""), 1),
        Cell("Message", cells.at("message", "")),
        Cell("First Seen", cells.ago("firstTimestamp"), 1),
        Cell("Count", cells.at("count", 1), 1),
        Cell("Name", cells.at("metadata.name"), 1, format="name"),
    ),
    "/Node": (
        NAME,
        Cell("Status", cells.node_status),
        Cell("Roles", cells.node_roles),
        AGE,
        Cell("Version", cells.at("status.nodeInfo.kubeletVersion", "")),
        Cell("Internal-IP", cells.address("InternalIP"), 1),
        Cell("External-IP", cells.address("ExternalIP"), 1),
        Cell("OS-Image", cells.at("status.nodeInfo.osImage", "<unknown>"), 1),
        Cell("Kernel-Version", cells.at("status.nodeInfo.kernelVersion", "<unknown>"), 1),
        Cell("Container-Runtime", cells.at("status.nodeInfo.containerRuntimeVersion", "<unknown>"), 1),
    ),
    "/PersistentVolumeClaim": (
        NAME,
        Cell("Status", cells.at("status.phase")),
        Cell("Volume", cells.at("spec.volumeName", "")),
        Cell("Capacity", cells.at("status.capacity.storage", "")),
        Cell("Access Modes", cells.access_modes),
        Cell("StorageClass", cells.at("spec.storageClassName", "")),
        Cell("VolumeAttributesClass", cells.at("spec.volumeAttributesClassName", "<unset>")),
        AGE,
        Cell("VolumeMode", cells.at("spec.volumeMode", ""), 1),
    ),
    "apps/Deployment": (
        NAME,
        Cell("Ready", cells.ready_of("spec.replicas")),
        Cell("Up-to-date", cells.at("status.updatedReplicas", 0), type="integer"),
        Cell("Available", cells.at("status.availableReplicas", 0), type="integer"),
        AGE,
        *_IMAGES,
        _SELECTOR,
    ),
    "apps/ReplicaSet": (
        NAME,
        Cell("Desired", cells.at("spec.replicas", 0), type="integer"),
        Cell("Current", cells.at("status.replicas", 0), type="integer"),
        Cell("Ready", cells.at("status.readyReplicas", 0), type="integer"),
        AGE,
        *_IMAGES,
        _SELECTOR,
    ),
    "apps/StatefulSet": (NAME, Cell("Ready", cells.ready_of("spec.replicas")), AGE, *_IMAGES),
    "apps/ControllerRevision": (NAME, Cell("Revision", cells.at("revision", 0), type="integer"), AGE),
    "batch/Job": (
        NAME,
        Cell("Status", cells.job_status),
        Cell("Completions", cells.completions),
        Cell("Duration", cells.duration),
        AGE,
        *_IMAGES,
        _SELECTOR,
    ),
    "coordination.k8s.io/Lease": (NAME, Cell("Holder", cells.at("spec.holderIdentity", "")), AGE),
    "discovery.k8s.io/EndpointSlice": (
        NAME,
        Cell("AddressType", cells.at("addressType")),
        Cell("Ports", cells.slice_ports),
        Cell("Endpoints", cells.slice_addresses),
        AGE,
    ),
    "policy/PodDisruptionBudget": (
        NAME,
        Cell("Min Available", cells.at("spec.minAvailable", "N/A")),
        Cell("Max Unavailable", cells.at("spec.maxUnavailable", "N/A")),
        Cell("Allowed Disruptions", cells.at("status.disruptionsAllowed", 0), type="integer"),
        AGE,
    ),
    "rbac.authorization.k8s.io/Role": (NAME, _CREATED),
    "rbac.authorization.k8s.io/ClusterRole": (NAME, _CREATED),
    "rbac.authorization.k8s.io/RoleBinding": (NAME, Cell("Role", cells.role), AGE),
    "rbac.authorization.k8s.io/ClusterRoleBinding": (NAME, Cell("Role", cells.role), AGE),
    "storage.k8s.io/StorageClass": (
        NAME,
        Cell("Provisioner", cells.at("provisioner")),
        Cell("ReclaimPolicy", cells.at("reclaimPolicy")),
        Cell("VolumeBindingMode", cells.at("volumeBindingMode")),
        Cell("AllowVolumeExpansion", cells.at("allowVolumeExpansion", False)),
        AGE,
    ),
    "apiextensions.k8s.io/CustomResourceDefinition": (NAME, _CREATED),
}
