"""The health of a Deployment: apps/v1, judged as `kubectl rollout status` does; what failed comes first."""

from __future__ import annotations

from reconciler.domain.report import Health

from .verdict import (
    Document,
    condition,
    degraded,
    healthy,
    is_deleting,
    is_stale,
    is_true,
    number,
    progressing,
    section,
    sentence,
)

_TOO_LATE = "ProgressDeadlineExceeded"


def deployment(document: Document) -> Health:
    """Healthy when every replica is of the newest template and available. Pods that may not be made, for a
    quota or an admission webhook, are told in the controller's own words."""
    status = section(document, "status")
    if is_deleting(document):
        return progressing("Terminating", "being deleted")
    if "observedGeneration" not in status or is_stale(document):
        return progressing("NotObserved", "the Deployment controller to see the change")
    if is_true(document, "ReplicaFailure"):
        why = sentence(condition(document, "ReplicaFailure"), "its controller gives no reason")
        return degraded("ReplicaFailure", f"no pod of it can be made: {why}")
    return _too_late(document) or _rolled_out(document)


def _too_late(document: Document) -> Health | None:
    late = condition(document, "Progressing")
    if late.get("status") != "False" or late.get("reason") != _TOO_LATE:
        return None
    return degraded(_TOO_LATE, f"it does not come up in time: {sentence(late, 'its pods say why')}")


def _rolled_out(document: Document) -> Health:
    """Kubernetes omits zeroes; a Deployment of none is as asked for."""
    status = section(document, "status")
    wanted = number(section(document, "spec"), "replicas", default=1)
    updated, available = number(status, "updatedReplicas"), number(status, "availableReplicas")
    if updated < wanted:
        return progressing("RollingOut", f"{updated} of {wanted} pods are of the newest template")
    if (former := number(status, "replicas") - updated) > 0:
        return progressing("RollingOut", f"{former} pods of a former template are still there")
    if available < wanted:
        return progressing("PodsNotReady", f"{available} of {wanted} pods available")
    return healthy("PodsReady", f"{available} of {wanted} pods available")
