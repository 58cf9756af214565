"""Images and artifacts for tests, and the two ways of moving them under test."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from runtime.artifacts.document import OciSource
from runtime.artifacts.fetching import Expected, fetch_source
from runtime.artifacts.oci.push import DATA_SHA256, MODEL_NAME, push
from runtime.artifacts.oci.reference import parse_reference
from runtime.artifacts.oci.registry import Registry
from runtime.artifacts.patience import Patience

QUICK = Patience(first_seconds=0.001)
NOTES = {MODEL_NAME: "acme/tiny", DATA_SHA256: "f" * 64}
OCI = "application/vnd.oci.image."
LAYER, CONFIG, MANIFEST, INDEX = (
    f"{OCI}layer.v1.tar+gzip",
    f"{OCI}config.v1+json",
    f"{OCI}manifest.v1+json",
    f"{OCI}index.v1+json",
)


def push_to(adapter: Path, image: str, config: str = "", patience: Patience = QUICK) -> str:
    """Push an adapter, and give the digest."""
    return push(adapter, image, docker_config=config, insecure=True, annotations=NOTES, patience=patience)


def fetch_from(folder: Path, image: str, config: str = "", expects: Expected = Expected.ANYTHING) -> Path:
    """Fetch an image into a folder."""
    source = OciSource(image=image, docker_config=config, insecure=True)
    return fetch_source(source, folder, lambda progress: None, expects=expects, patience=QUICK)


def files_in(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, but for our own room in it."""
    found = {
        str(place.relative_to(folder)): place.read_bytes() for place in folder.rglob("*") if place.is_file()
    }
    return {name: body for name, body in found.items() if not name.startswith(".towline")}


def put_image(
    host: str, name: str, layers: list[dict[str, object]], bodies: list[bytes], config: str = CONFIG
) -> str:
    """Push layers as they are."""
    put = Registry(parse_reference(f"{host}/{name}"), None, insecure=True)
    for body in [*bodies, b"{}"]:
        put.put_blob(digest_of(body), io.BytesIO(body), len(body))
    descriptors = [
        {"digest": digest_of(body), "size": len(body), **layer}
        for layer, body in zip(layers, bodies, strict=True)
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": config, "digest": digest_of(b"{}"), "size": 2},
        "layers": descriptors,
    }
    text = json.dumps(manifest).encode()
    put.put_manifest("v1", MANIFEST, text)
    return digest_of(text)


def digest_of(body: bytes) -> str:
    """The digest of a blob."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def archive_of(files: dict[str, bytes], *odd: tarfile.TarInfo) -> bytes:
    """A .tar.gz of files, and of odd members after them."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
        for member in odd:
            tar.addfile(member)
    return gzip.compress(out.getvalue(), mtime=0)
