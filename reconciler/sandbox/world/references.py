"""What a container's environment refers to: keys of ConfigMaps and Secrets, fields of its pod."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from .ground import Ground
from .sight import Object

_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def missing_references(ground: Ground, pod: Object, container: Mapping[str, Any]) -> str:
    """Say what a container's environment refers to that is not there; "" for nothing."""
    namespace = pod["metadata"]["namespace"]
    for entry in container.get("env") or ():
        for kind, reference in _references(entry):
            found = ground.find(kind, namespace, reference.get("name", ""))
            if reference.get("optional"):
                continue
            if found is None:
                return f'{kind.lower()} "{reference.get("name")}" not found'
            if reference.get("key") not in (found.get("data") or {}):
                return (
                    f"couldn't find key {reference.get('key')} in {kind} {namespace}/{reference.get('name')}"
                )
    return ""


def environment(ground: Ground, pod: Object, container: Mapping[str, Any]) -> dict[str, str]:
    """Resolve a container's environment; what is optional and missing is left out."""
    return {
        entry["name"]: value
        for entry in container.get("env") or ()
        if (value := _value(ground, pod, entry)) is not None
    }


def _references(entry: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    source = entry.get("valueFrom") or {}
    kinds = (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef"))
    return [(kind, source[name]) for kind, name in kinds if source.get(name)]


def _value(ground: Ground, pod: Object, entry: Mapping[str, Any]) -> str | None:
    for kind, reference in _references(entry):
        found = ground.find(kind, pod["metadata"]["namespace"], reference.get("name", "")) or {}
        value = (found.get("data") or {}).get(reference.get("key"))
        return base64.b64decode(value).decode() if value and kind == "Secret" else value
    field = ((entry.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath")
    return _field(pod, field) if field else str(entry.get("value", ""))


def _field(pod: Object, path: str) -> str | None:
    meta = pod["metadata"]
    if found := _FIELD.fullmatch(path):
        value = (meta.get(found[1]) or {}).get(found[2])
        return None if value is None else str(value)
    known = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "status.podIP": "127.0.0.1",
        "status.hostIP": "127.0.0.1",
    }
    return known.get(path)
