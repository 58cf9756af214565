"""The health of a StatefulSet: apps/v1, judged as `kubectl rollout status` does."""

from __future__ import annotations

from reconciler.domain.report import Health

from .verdict import Document, healthy, is_deleting, is_stale, number, progressing, section


def stateful_set(document: Document) -> Health:
    """Healthy when every replica is of the newest template and Ready. Why a pod fails, the pod says."""
    spec, status = section(document, "spec"), section(document, "status")
    wanted = number(spec, "replicas", default=1)
    ready = number(status, "readyReplicas")
    if is_deleting(document):
        return progressing("Terminating", "being deleted")
    if "observedGeneration" not in status or is_stale(document):
        return progressing("NotObserved", "the StatefulSet controller to see the change")
    if number(status, "replicas") > wanted:
        return progressing("ScalingDown", f"{number(status, 'replicas')} pods, {wanted} wanted")
    if _is_rolling(document) and (updated := number(status, "updatedReplicas")) < wanted:
        return progressing("RollingOut", f"{updated} of {wanted} pods are of the newest template")
    if ready < wanted:
        return progressing("PodsNotReady", f"{ready} of {wanted} pods Ready")
    return healthy("PodsReady", f"{ready} of {wanted} pods Ready")


def _is_rolling(document: Document) -> bool:
    """Whether pods of an older template remain; an OnDelete set never rolls by itself."""
    status = section(document, "status")
    strategy = section(section(document, "spec"), "updateStrategy").get("type")
    return strategy != "OnDelete" and status.get("currentRevision") != status.get("updateRevision")
