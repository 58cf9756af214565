"""Counts that are left out of a status where they are zero, as their Go types say (`omitempty`)."""

from __future__ import annotations

from collections.abc import Mapping

from .documents import Obj
from .kinds import Kind

_COUNTS: Mapping[str, frozenset[str]] = {
    "apps/Deployment": frozenset(
        {
            "availableReplicas",
            "observedGeneration",
            "readyReplicas",
            "replicas",
            "unavailableReplicas",
            "updatedReplicas",
        }
    ),
    "apps/ReplicaSet": frozenset(
        {"availableReplicas", "fullyLabeledReplicas", "observedGeneration", "readyReplicas"}
    ),
    "apps/StatefulSet": frozenset(
        {"currentReplicas", "observedGeneration", "readyReplicas", "updatedReplicas"}
    ),
    "batch/Job": frozenset({"active", "failed", "succeeded"}),
}


def omit_zeroes(kind: Kind, obj: Obj) -> None:
    """Take such counts out of the status of `obj`, whose status is replaced."""
    counts = _COUNTS.get(kind.key, frozenset())
    status = obj.get("status") or {}
    if not kind.custom and any(status.get(name) == 0 for name in counts):
        obj["status"] = {name: value for name, value in status.items() if not (name in counts and value == 0)}
