"""The health of a Node: core/v1, ready when KAITO would count it as ready."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.domain.report import Health

from .verdict import (
    HEALTHY,
    Document,
    condition,
    degraded,
    healthy,
    is_deleting,
    is_true,
    named,
    progressing,
    section,
    sentence,
)

GPU = "nvidia.com/gpu"
_MIG = "nvidia.com/mig-"
_PRESSURES = {"DiskPressure": "NodeDiskPressure", "MemoryPressure": "NodeMemoryPressure"}
_NO_LABELS: Mapping[str, str] = {}


def node(document: Document, labels: Mapping[str, str] = _NO_LABELS, *, gpus: bool = True) -> Health:
    """KAITO's rule (kaito v0.12.0): Ready, not deleting, labels as wanted, and `nvidia.com/gpu` allocatable.

    A node under pressure still counts as ready there, with a warning; here it is Degraded, and `is_ready`
    tells the two apart.
    """
    name = named(document)
    if is_deleting(document):
        return progressing("Terminating", f"node {name} to be gone")
    if not is_true(document, "Ready"):
        return _not_ready(document)
    if missing := _missing(document, labels):
        return degraded("NodeLabelsMissing", f"node {name} lacks {missing}")
    if gpus and not _gpus(document):
        return _without_gpus(name)
    return _pressed(document) or healthy("NodeReady", f"node {name} is Ready")


def is_ready(health: Health) -> bool:
    """Whether a node of this health carries pods: pressure alone does not make it unready."""
    return health.state == HEALTHY or health.reason in _PRESSURES.values()


def _not_ready(document: Document) -> Health:
    ready = condition(document, "Ready")
    name = named(document)
    if ready.get("status") == "Unknown":
        return degraded("NodeNotReady", f"node {name} has stopped answering (its kubelet is silent)")
    return progressing("NodeNotReady", f"node {name}: {sentence(ready, 'its kubelet has not reported yet')}")


def _missing(document: Document, wanted: Mapping[str, str]) -> str:
    labels = section(section(document, "metadata"), "labels")
    absent = [f"{key}={value}" for key, value in sorted(wanted.items()) if labels.get(key) != value]
    return f"label {', '.join(absent)}" if absent else ""


def _gpus(document: Document) -> bool:
    """Whether a GPU, whole or a MIG slice, is allocatable; quantities are text in Kubernetes."""
    allocatable = section(section(document, "status"), "allocatable")
    return any(
        str(amount) not in ("", "0")
        for key, amount in allocatable.items()
        if key == GPU or key.startswith(_MIG)
    )


def _without_gpus(name: str) -> Health:
    return progressing(
        "NodePluginsNotReady", f"{GPU} on node {name}: the NVIDIA device plugin is not running there"
    )


def _pressed(document: Document) -> Health | None:
    for kind, reason in _PRESSURES.items():
        if is_true(document, kind):
            why = sentence(condition(document, kind), f"the kubelet reports {kind}")
            return degraded(reason, f"node {named(document)} is under pressure: {why}")
    return None
