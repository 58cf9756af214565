"""A pod as its controller makes it from a template, and what a controller asks of a pod: pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .sight import Object

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Mould:
    """How a controller's pods differ from their template."""

    owner: Object
    template: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)

    def pod(self, name: str, labels: Mapping[str, str] | None = None, **spec: Any) -> Object:
        """Make one pod."""
        meta = self.template.get("metadata") or {}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": self.owner["metadata"]["namespace"],
                "labels": {**(meta.get("labels") or {}), **self.labels, **(labels or {})},
                "annotations": dict(meta.get("annotations") or {}),
                "ownerReferences": [reference_to(self.owner)],
            },
            "spec": {**(self.template.get("spec") or {}), **self.spec, **spec},
        }


def reference_to(owner: Object, *, controller: bool = True) -> dict[str, Any]:
    """Give the owner reference to an object."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": controller,
        "blockOwnerDeletion": True,
    }


def revision_of(template: Mapping[str, Any]) -> str:
    """Give ten letters that stand for a pod template."""
    return in_letters(json.dumps(template, sort_keys=True), 10)


def in_letters(text: str, length: int) -> str:
    """Digest a text into letters and digits that make no words, as Kubernetes names do."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    return "".join(letters)


def phase_of(pod: Object) -> str:
    """Give a pod's phase."""
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_ready(pod: Object) -> bool:
    """Is a pod ready, and not on its way out?"""
    found = (pod.get("status") or {}).get("conditions") or ()
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in found)
    return ready and not pod["metadata"].get("deletionTimestamp")


def is_done(pod: Object) -> bool:
    """Has a pod finished, well or badly?"""
    return phase_of(pod) in ("Succeeded", "Failed")


def count_ready(pods: Iterable[Object]) -> int:
    """Count the ready ones."""
    return sum(1 for pod in pods if is_ready(pod))


def condition(kind: str, status: bool, now: str, reason: str = "", message: str = "") -> dict[str, Any]:
    """Give one status condition."""
    told = {"type": kind, "status": str(status), "lastTransitionTime": now}
    return told | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})


def settled(
    conditions: Iterable[Mapping[str, Any]], before: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Keep the times of conditions that did not turn, so that the same state gives the same status."""
    times = {(one["type"], one["status"]): one.get("lastTransitionTime") for one in before}
    kept = []
    for one in conditions:
        known = times.get((one["type"], one["status"]))
        kept.append({**one, "lastTransitionTime": known} if known else dict(one))
    return kept
