"""The health of a PersistentVolumeClaim: core/v1, whose `status.phase` is Pending, Bound or Lost."""

from __future__ import annotations

from reconciler.domain.report import Health

from .verdict import (
    Document,
    condition,
    degraded,
    healthy,
    is_deleting,
    is_true,
    progressing,
    section,
    sentence,
)

_FAILED = ("ControllerResizeError", "NodeResizeError", "ModifyVolumeError")


def persistent_volume_claim(document: Document) -> Health:
    """Healthy when bound. One that is pending may wait for its first pod, as its storage class says: that is
    not wrong."""
    phase = section(document, "status").get("phase")
    if is_deleting(document):
        return progressing("Terminating", "being deleted")
    if phase == "Lost":
        return degraded("Lost", "its volume is gone: restore that, or delete the claim and have another made")
    for kind in _FAILED:
        if is_true(document, kind):
            why = sentence(condition(document, kind), "its storage gives no reason")
            return degraded(kind, f"its volume cannot be changed as asked: {why}")
    if phase == "Bound":
        return healthy("Bound", "a volume is bound to it")
    return progressing("Pending", "a volume to be bound to it")
