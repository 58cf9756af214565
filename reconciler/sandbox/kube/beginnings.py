"""The status that the API itself gives a newborn object, whatever its writer said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .documents import Obj
from .kinds import Kind

_TRUSTED = frozenset({"/Node", "policy/PodDisruptionBudget"})


def begin(kind: Kind, obj: Obj, now: str) -> None:
    """Set the first status of an object about to be created; `now` is an RFC 3339 time."""
    if "status" not in kind.subresources or kind.key in _TRUSTED:
        return
    obj.pop("status", None)
    if not kind.custom and (first := _FIRST.get(kind.key, _empty)(obj, now)) is not None:
        obj["status"] = first


def established(definition: Mapping[str, Any], now: str) -> Obj:
    """The status of a CustomResourceDefinition whose kind is served."""
    spec = definition["spec"]
    reasons = {"NamesAccepted": "NoConflicts", "Established": "InitialNamesAccepted"}
    messages = {"NamesAccepted": "no conflicts found", "Established": "the initial names have been accepted"}
    return {
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "reason": reason,
                "message": messages[kind],
                "lastTransitionTime": now,
            }
            for kind, reason in reasons.items()
        ],
        "acceptedNames": spec["names"],
        "storedVersions": [each["name"] for each in spec["versions"] if each.get("storage")],
    }


def _namespace(_obj: Obj, _now: str) -> Obj:
    return {"phase": "Active"}


def _claim(_obj: Obj, _now: str) -> Obj:
    return {"phase": "Pending"}


def _service(_obj: Obj, _now: str) -> Obj:
    return {"loadBalancer": {}}


def _pod(obj: Obj, _now: str) -> Obj:
    return {"phase": "Pending", "qosClass": quality_of_service(obj["spec"])}


def _counted(_obj: Obj, _now: str) -> Obj:
    return {"availableReplicas": 0, "replicas": 0}


def _empty(_obj: Obj, _now: str) -> Obj:
    return {}


def quality_of_service(spec: Mapping[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort, by the rules of the Kubernetes documentation on Pod QoS."""
    wants = [container.get("resources") or {} for container in spec.get("containers") or ()]
    asked = [_measured(each.get("requests")) for each in wants]
    limited = [_measured(each.get("limits")) for each in wants]
    if not any(asked) and not any(limited):
        return "BestEffort"
    full = all(limit.keys() >= {"cpu", "memory"} for limit in limited)
    return "Guaranteed" if full and asked == limited else "Burstable"


def _measured(quantities: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (quantities or {}).items() if name in {"cpu", "memory"}}


_FIRST: dict[str, Callable[[Obj, str], Obj]] = {
    "/Namespace": _namespace,
    "/PersistentVolumeClaim": _claim,
    "/Service": _service,
    "/Pod": _pod,
    "apps/ReplicaSet": _counted,
    "apps/StatefulSet": _counted,
    "apiextensions.k8s.io/CustomResourceDefinition": established,
}
