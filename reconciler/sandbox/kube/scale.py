"""The scale subresource (autoscaling/v1 Scale): how many replicas a thing has and should have."""

from __future__ import annotations

from typing import Any

from .documents import Obj, copied
from .kinds import Served


def scale_of(served: Served, obj: Obj) -> Obj:
    """The Scale of an object."""
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = ((obj.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {"replicas": _at(obj, served.replicas_path)},
        "status": {
            "replicas": (obj.get("status") or {}).get("replicas", 0),
            "selector": ",".join(f"{key}={labels[key]}" for key in sorted(labels)),
        },
    }


def scaled(served: Served, obj: Obj, scale: Obj) -> Obj:
    """A copy of an object with the replicas, and the resourceVersion, that a Scale asks for."""
    changed: Obj = copied(obj)
    *inner, last = served.replicas_path.strip(".").split(".")
    here = changed
    for name in inner:
        here = here.setdefault(name, {})
    here[last] = (scale.get("spec") or {}).get("replicas", 0)
    if revision := (scale.get("metadata") or {}).get("resourceVersion"):
        changed["metadata"]["resourceVersion"] = revision
    return changed


def _at(obj: Any, path: str) -> Any:
    for name in path.strip(".").split("."):
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj or 0
