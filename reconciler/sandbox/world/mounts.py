"""What a local process is given of its pod: volumes as folders and files, and its environment."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .ground import Ground
from .sight import Object

_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


def missing_sources(ground: Ground, pod: Object) -> str:
    """Say what a pod's volumes want that is not there, as the kubelet words it; "" for nothing."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        for kind, name in _sources(volume):
            found = ground.find(kind, namespace, name)
            if found is None:
                what = f'MountVolume.SetUp failed for volume "{volume["name"]}"'
                return f'{what} : {kind.lower()} "{name}" not found'
            if kind == "PersistentVolumeClaim" and (found.get("status") or {}).get("phase") != "Bound":
                return f'Unable to attach or mount volume "{volume["name"]}": claim "{name}" is not bound yet'
    return ""


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


def lay_out(ground: Ground, pod: Object, container: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Make a container's volumes below a folder; give the place of each mount path."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    mounts = {}
    for mount in container.get("volumeMounts") or ():
        if volume := volumes.get(mount["name"]):
            mounts[mount["mountPath"]] = _folder_of(ground, pod, volume, folder)
    return mounts


def _folder_of(ground: Ground, pod: Object, volume: Mapping[str, Any], folder: Path) -> Path:
    namespace, uid = pod["metadata"]["namespace"], pod["metadata"]["uid"]
    if claim := volume.get("persistentVolumeClaim"):
        place: Path = folder / "claims" / namespace / claim["claimName"]
    else:
        place = folder / "pods" / uid / volume["name"]
    place.mkdir(parents=True, exist_ok=True)
    for kind, name in _sources(volume):
        found = ground.find(kind, namespace, name) or {}
        for key, value in (found.get("data") or {}).items() if kind != "PersistentVolumeClaim" else ():
            content = base64.b64decode(value) if kind == "Secret" else value.encode()
            (place / Path(key).name).write_bytes(content)
    return place


def _sources(volume: Mapping[str, Any]) -> list[tuple[str, str]]:
    sources = []
    if (one := volume.get("configMap")) and not one.get("optional"):
        sources.append(("ConfigMap", one.get("name", "")))
    if (one := volume.get("secret")) and not one.get("optional"):
        sources.append(("Secret", one.get("secretName", "")))
    if one := volume.get("persistentVolumeClaim"):
        sources.append(("PersistentVolumeClaim", one["claimName"]))
    return sources


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
