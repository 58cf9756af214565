"""The health of a Karpenter NodeClaim: karpenter.sh/v1, by the conditions KAITO reads, in KAITO's order."""

from __future__ import annotations

from reconciler.domain.report import Health

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
_LONGEST = 256
_NOT_LOOKED_AT = "AwaitingReconciliation"
_UNAVAILABLE = "all requested instance types were unavailable during launch"
"""Karpenter's words for want of capacity in every size and zone; KAITO v0.12 takes them for final."""

_ACCEPT_MORE = "accept further sizes (towline.dev/instance-types), zones or spot machines, or wait for it"


def node_claim(document: Document) -> Health:
    """Healthy when launched, registered and initialized; a stage that says why not speaks for the claim."""
    name = named(document)
    generation = section(document, "metadata").get("generation", 0)
    if is_deleting(document):
        return progressing("Terminating", f"node claim {name} to be gone")
    for stage in _STAGES:
        seen = condition(document, stage)
        if seen.get("observedGeneration", generation) < generation:
            return progressing("NotObserved", f"Karpenter to see the change of node claim {name}")
        if seen.get("status") != "True":
            return _stuck(name, stage, seen)
    return healthy("Ready", f"node claim {name} is ready")


def _stuck(name: str, stage: str, seen: Document) -> Health:
    """`LaunchFailed` and its kin are how Karpenter and Azure/gpu-provisioner report quota and capacity."""
    reason = str(seen.get("reason") or f"Not{stage}")
    why = _bounded(sentence(seen, "its provider has not said more"))
    if _UNAVAILABLE in why.lower():
        return degraded(reason, f"node claim {name} is not {stage.lower()}: {why}; {_ACCEPT_MORE}")
    if reason.endswith("Failed") or "Insufficient" in reason:
        return degraded(reason, f"node claim {name} is not {stage.lower()}: {why}")
    if reason == _NOT_LOOKED_AT:
        return progressing(reason, f"Karpenter to look at node claim {name}")
    return progressing(reason, f"node claim {name} to be {stage.lower()}: {why}")


def _bounded(why: str) -> str:
    return why if len(why) <= _LONGEST else f"{why[: _LONGEST - 1]}…"
