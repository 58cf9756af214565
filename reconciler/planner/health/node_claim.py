"""The health of a Karpenter NodeClaim: karpenter.sh/v1, by the conditions KAITO reads, in KAITO's order."""

from __future__ import annotations

from ...domain.report import Health
from .verdict import (
    Document,
    condition,
    degraded,
    healthy,
    is_deleting,
    named,
    progressing,
    section,
    sentence,
)

_STAGES = ("Launched", "Registered", "Initialized")


def node_claim(document: Document) -> Health:
    """Healthy when launched, registered and initialized; a stage that says why not speaks for the claim."""
    name = named(document)
    generation = section(document, "metadata").get("generation", 0)
    if is_deleting(document):
        return progressing("Terminating", f"node claim {name} is being deleted")
    for stage in _STAGES:
        seen = condition(document, stage)
        if seen.get("observedGeneration", generation) < generation:
            return progressing("NotObserved", f"node claim {name}: the change has not been seen yet")
        if seen.get("status") != "True":
            return _stuck(name, stage, seen)
    return healthy("Ready", f"node claim {name} is ready")


def _stuck(name: str, stage: str, seen: Document) -> Health:
    """`LaunchFailed` and its kin are how Karpenter and Azure/gpu-provisioner report quota and capacity."""
    reason = str(seen.get("reason") or f"Not{stage}")
    message = f"node claim {name} is not {stage.lower()}: {sentence(seen, 'its provider has not said more')}"
    verdict = degraded if reason.endswith("Failed") or "Insufficient" in reason else progressing
    return verdict(reason, message)
