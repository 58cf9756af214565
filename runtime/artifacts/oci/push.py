"""An adapter into a registry, as an image of one layer with data/ in it: the layout KAITO's readers expect
and every other reader of images understands."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.artifacts.contents import Expected, require
from runtime.artifacts.disk import require_room
from runtime.artifacts.faults import Damaged, Malformed
from runtime.artifacts.oci.login import read_login
from runtime.artifacts.oci.pack import Layer, pack, packed_names
from runtime.artifacts.oci.reference import Reference, parse_reference
from runtime.artifacts.oci.registry import Registry
from runtime.artifacts.patience import STEADY, Patience, persist

MODEL_NAME = "sh.kaito.model.name"
"""The annotation for the base model's name, as KAITO writes it."""

MODEL_REVISION = "dev.towline.model.revision"
"""The annotation for the base model's revision."""

DATA_SHA256 = "dev.towline.data.sha256"
"""The annotation for the digest of the data that were trained on."""

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

_log = logging.getLogger(__name__)


def push(
    adapter: Path,
    image: str,
    *,
    docker_config: str,
    insecure: bool,
    annotations: Mapping[str, str],
    patience: Patience = STEADY,
) -> str:
    """Pack, push what the registry does not have yet, see that it is there, and give the manifest's
    digest."""
    reference = _pushable(image)
    require(adapter, Expected.ADAPTER)
    registry = Registry(reference, read_login(docker_config, reference), insecure)
    size = sum((adapter / name).stat().st_size for name in packed_names(adapter))
    scratch = adapter.resolve().parent
    require_room(scratch, size, f"Packing {adapter}")
    with tempfile.TemporaryDirectory(prefix=".push-", dir=scratch) as folder:
        layer = pack(adapter, Path(folder) / "layer.tar.gz", annotations.get(MODEL_NAME, ""))
        config = _dump(_config(layer))
        text = _dump(_manifest(layer, config, annotations))
        persist(patience, lambda: _put_layer(registry, layer))
        persist(patience, lambda: _put_bytes(registry, config))
        digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
        persist(patience, lambda: registry.put_manifest(reference.tag, _MANIFEST, text))
        persist(patience, lambda: _verify(registry, digest))
    _log.info("pushed image=%s digest=%s layer_bytes=%d", reference, digest, layer.size)
    return digest


def try_door(image: str, *, docker_config: str, insecure: bool) -> None:
    """See that the registry would take a push to `image` now, by this login."""
    reference = _pushable(image)
    Registry(reference, read_login(docker_config, reference), insecure).try_upload()


def _pushable(image: str) -> Reference:
    reference = parse_reference(image)
    if reference.digest:
        raise Malformed(f"{image} names a digest, which nobody can push to: give it a tag.")
    return reference


def _put_layer(registry: Registry, layer: Layer) -> None:
    if registry.has(f"blobs/{layer.digest}") is None:
        with layer.path.open("rb") as content:
            registry.put_blob(layer.digest, content, layer.size)


def _put_bytes(registry: Registry, text: bytes) -> None:
    digest = f"sha256:{hashlib.sha256(text).hexdigest()}"
    if registry.has(f"blobs/{digest}") is None:
        registry.put_blob(digest, io.BytesIO(text), len(text))


def _verify(registry: Registry, digest: str) -> None:
    """The tag leads to what was pushed."""
    seen = registry.has(f"manifests/{registry.reference.tag}")
    if seen is None or (seen and seen != digest):
        raise Damaged(
            f"{registry.reference} was pushed as {digest} and its registry now has {seen or 'nothing'} "
            "there: someone "
            "else pushes to the same tag, or the registry changes what it is given."
        )


def _config(layer: Layer) -> dict[str, Any]:
    """An image's configuration; weights run on any machine, and amd64 is what readers ask for first."""
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
    }


def _manifest(layer: Layer, config: bytes, annotations: Mapping[str, str]) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    return {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "digest": digest, "size": len(config)},
        "layers": [{"mediaType": _LAYER, "digest": layer.digest, "size": layer.size}],
        "annotations": {key: value for key, value in annotations.items() if value},
    }


def _dump(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
