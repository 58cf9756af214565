"""What a manifest says: which one fits this machine, which blobs it has, and what each is."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from typing import Any, Literal

from runtime.artifacts.faults import Malformed, Missing, Mistaken, Unsafe
from runtime.artifacts.names import is_inside

IMAGE_CONFIGS = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
"""Configurations of images, whose layers are file systems laid upon each other."""

_INDEXES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
_NAMES = ("org.opencontainers.image.title", "org.cncf.model.filepath")
_UNPACK = "io.deis.oras.content.unpack"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Blob:
    """A layer: `form` is "file" with the name it shall have, "folder" for an archive of a named folder, or
    "layer" for an archive of an image's file system."""

    digest: str
    size: int
    form: Literal["file", "folder", "layer"]
    name: str = ""


def is_index(manifest: dict[str, Any]) -> bool:
    """It only names other manifests, one for each kind of machine."""
    return manifest.get("mediaType") in _INDEXES or ("manifests" in manifest and "layers" not in manifest)


def choose_manifest(index: dict[str, Any], image: str, machine: str = platform.machine()) -> str:
    """The digest of the manifest for Linux on this machine, or of the only one that is for any."""
    wanted = ("linux", _ARCHITECTURES.get(machine, machine))
    offered = [_platform(entry) for entry in index["manifests"]]
    for entry, seen in zip(index["manifests"], offered, strict=True):
        if seen == wanted:
            return _digest(entry, image)
    anywhere = [entry for entry, seen in zip(index["manifests"], offered, strict=True) if seen == ("", "")]
    if len(anywhere) == 1:
        return _digest(anywhere[0], image)
    kinds = ", ".join(sorted({"/".join(seen) for seen in offered if "unknown" not in seen})) or "nothing"
    raise Missing(f"{image} is not made for {'/'.join(wanted)}; it is made for {kinds}.")


def read_blobs(manifest: dict[str, Any], image: str) -> tuple[Blob, ...]:
    """The layers of a manifest that are to be fetched, in their order."""
    config = manifest.get("config", {}).get("mediaType", "")
    layers = manifest.get("layers")
    if not isinstance(layers, list) or not layers:
        raise Malformed(f"{image} has no layers: nothing was pushed to it, or it is no image.")
    return tuple(_blob(layer, config in IMAGE_CONFIGS, image) for layer in layers)


def _platform(entry: dict[str, Any]) -> tuple[str, str]:
    seen = entry.get("platform") or {}
    return seen.get("os", ""), seen.get("architecture", "")


def _digest(entry: dict[str, Any], image: str) -> str:
    digest = str(entry.get("digest", ""))
    if not _DIGEST.fullmatch(digest):
        raise Malformed(f"{image} names a blob by '{digest}', which is not a sha256 digest.")
    return digest


def _blob(layer: dict[str, Any], is_image: bool, image: str) -> Blob:
    digest, kind, notes = (
        _digest(layer, image),
        str(layer.get("mediaType", "")),
        layer.get("annotations") or {},
    )
    size = layer.get("size")
    if not isinstance(size, int) or size < 0:
        raise Malformed(f"{image} does not say how large its blob {digest} is.")
    if kind.endswith("zstd"):
        raise Mistaken(f"{image} is packed with zstd, which is not read here: push it packed with gzip.")
    if is_image:
        return Blob(digest, size, "layer")
    name = next((str(notes[key]) for key in _NAMES if notes.get(key)), "")
    if not name:
        raise Malformed(
            f"{image} has a blob without a name (org.opencontainers.image.title): push it with oras."
        )
    if not is_inside(name):
        raise Unsafe(f"{image} has a file named {name!r}, which would lie outside of its folder.")
    is_archive = notes.get(_UNPACK) == "true" or (kind.startswith("application/vnd.cncf.") and ".tar" in kind)
    return Blob(digest, size, "folder" if is_archive else "file", name)
