"""What a local process sees of its pod's volumes: folders and files below the sandbox's own folder.

A claim's folder is the same for every pod that mounts it, a host path's for every node; all else is the
pod's own, shared by its containers.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from .ground import Ground
from .sight import Object

_SECRET_MODE, _MODE = 0o600, 0o644


@dataclass(frozen=True, slots=True)
class Source:
    """A ConfigMap, Secret or claim that a volume is made from; `items` are its keys and where each goes,
    none for all."""

    kind: str
    name: str
    items: tuple[Mapping[str, Any], ...] = ()
    optional: bool = False


def missing_sources(ground: Ground, pod: Object, *, logs_in: bool) -> str:
    """Say what a pod's volumes want that is not there, as the kubelet words it; "" for nothing. A pod that
    only seems to run logs in nowhere, and does without the projected Secrets of its registries."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        for source in _sources(volume):
            if source.kind == "Secret" and volume.get("projected") and not logs_in:
                continue
            found = ground.find(source.kind, namespace, source.name)
            if found is None and not source.optional:
                what = f'MountVolume.SetUp failed for volume "{volume["name"]}"'
                return f'{what} : {source.kind.lower()} "{source.name}" not found'
            is_claim = source.kind == "PersistentVolumeClaim"
            if found and is_claim and (found.get("status") or {}).get("phase") != "Bound":
                volume_name = volume["name"]
                return (
                    f'Unable to attach or mount volume "{volume_name}": '
                    f'claim "{source.name}" is not bound yet'
                )
    return ""


def lay_out(ground: Ground, pod: Object, container: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Make a container's volumes below a folder; give the place of each mount path."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
    mounts = {}
    for mount in container.get("volumeMounts") or ():
        if volume := volumes.get(mount["name"]):
            place = _inside(_folder_of(ground, pod, volume, folder), mount.get("subPath") or "")
            if not place.is_file():
                place.mkdir(parents=True, exist_ok=True)
            mounts[mount["mountPath"]] = place
    return mounts


def pod_folder(pod: Object, folder: Path) -> Path:
    """Say where what is a pod's own lies."""
    uid: str = pod["metadata"]["uid"]
    return folder / "pods" / uid


def claim_folder(namespace: str, claim: str, folder: Path) -> Path:
    """Say where what is on a claim's volume lies."""
    return _inside(folder / "claims" / namespace, claim)


def _folder_of(ground: Ground, pod: Object, volume: Mapping[str, Any], folder: Path) -> Path:
    if claim := volume.get("persistentVolumeClaim"):
        return claim_folder(pod["metadata"]["namespace"], claim["claimName"], folder)
    if host := volume.get("hostPath"):
        return _inside(folder / "host", host.get("path", ""))
    place = _inside(pod_folder(pod, folder) / "volumes", volume["name"])
    place.mkdir(parents=True, exist_ok=True)
    for source in _sources(volume):
        found = ground.find(source.kind, pod["metadata"]["namespace"], source.name) or {}
        for path, content in _files(source, found):
            _write(_inside(place, path), content, _SECRET_MODE if source.kind == "Secret" else _MODE)
    return place


def _files(source: Source, found: Object) -> Iterator[tuple[str, bytes]]:
    """The paths and contents that a source gives."""
    paths = {item["key"]: item["path"] for item in source.items}
    for key, value in (found.get("data") or {}).items():
        if not paths or key in paths:
            content = base64.b64decode(value) if source.kind == "Secret" else value.encode()
            yield paths.get(key, key), content


def _write(place: Path, content: bytes, mode: int) -> None:
    """Write a file that nobody else can read before it has its mode, in place of the one before it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.part")
    draft.touch(mode=_SECRET_MODE)
    draft.write_bytes(content)
    draft.chmod(mode)
    draft.replace(place)


def _inside(folder: Path, path: str) -> Path:
    """A path below a folder, whatever it is made of."""
    return folder.joinpath(*(part for part in PurePosixPath(path).parts if part not in ("/", "//", "..")))


def _sources(volume: Mapping[str, Any]) -> list[Source]:
    if claim := volume.get("persistentVolumeClaim"):
        return [Source("PersistentVolumeClaim", claim["claimName"])]
    projected = (volume.get("projected") or {}).get("sources") or ()
    return [source for given in (volume, *projected) for source in _given(given)]


def _given(given: Mapping[str, Any]) -> Iterator[Source]:
    """The ConfigMap or Secret of a volume, or of one source of a projected one."""
    for kind, field in (("ConfigMap", "configMap"), ("Secret", "secret")):
        if one := given.get(field):
            name = one.get("secretName") or one.get("name", "")
            yield Source(kind, name, tuple(one.get("items") or ()), bool(one.get("optional")))
