"""An artifact or image from a registry: its files under their names, an image's content without its root."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.artifacts.document import OciSource
from runtime.artifacts.faults import Damaged
from runtime.artifacts.gather import Job, Keeping, gather
from runtime.artifacts.oci.login import read_login
from runtime.artifacts.oci.manifest import Blob, choose_manifest, is_index, read_blobs
from runtime.artifacts.oci.reference import Reference, parse_reference
from runtime.artifacts.oci.registry import Registry
from runtime.artifacts.oci.unpack import choose_root, list_archive, unpack
from runtime.artifacts.patience import Patience, persist
from runtime.artifacts.progress import Meter, Progress
from runtime.artifacts.record import Fetched, read_record
from runtime.artifacts.resume import Digest, Opening, Transfer, Wanted
from runtime.artifacts.wire import Answer, parse_json

_ARCHIVES = ".towline/archives"


def fetch_oci(source: OciSource, folder: Path, tell: Callable[[Progress], None], patience: Patience) -> None:
    """Bring the content of `source` into `folder`. With a digest, and everything there, nobody is asked."""
    reference = parse_reference(source.image)
    record = read_record(folder)
    if reference.digest and record.is_complete(_of(reference, reference.digest), folder):
        return
    registry = Registry(reference, read_login(source.docker_config, reference), source.insecure)
    digest, manifest = persist(patience, lambda: _resolve(registry))
    of = _of(reference, digest)
    if record.is_complete(of, folder):
        return
    blobs = read_blobs(manifest, str(reference))
    archived = any(blob.form != "file" for blob in blobs)
    names = {*(_name(blob) for blob in blobs), *(record.files if archived and record.of == of else ())}
    keeping = Keeping(folder, of, names)
    jobs = tuple(Job(_wanted(blob), _opening(registry, blob)) for blob in _once(blobs))
    what = str(reference)
    gather(jobs, what, Transfer(folder, Meter(what, tell), patience), keeping)
    _unpack_all(tuple(blob for blob in blobs if blob.form != "file"), folder, keeping, what)
    keeping.close()


def _of(reference: Reference, digest: str) -> str:
    return f"oci {reference.registry}/{reference.repository}@{digest}"


def _resolve(registry: Registry) -> tuple[str, dict[str, Any]]:
    """The manifest for this machine, and the digest of what the reference names."""
    image = str(registry.reference)
    digest, manifest = _read(registry, registry.reference.version)
    if is_index(manifest):
        return digest, _read(registry, choose_manifest(manifest, image))[1]
    return digest, manifest


def _read(registry: Registry, version: str) -> tuple[str, dict[str, Any]]:
    text, told = registry.read_manifest(version)
    found = f"sha256:{hashlib.sha256(text).hexdigest()}"
    expected = version if version.startswith("sha256:") else told
    if expected.startswith("sha256:") and expected != found:
        raise Damaged(
            f"The manifest of {registry.reference} has the digest {found} and should have {expected}."
        )
    return found, parse_json(text, f"The manifest of {registry.reference}")


def _once(blobs: tuple[Blob, ...]) -> tuple[Blob, ...]:
    """Each name once: an image may have the same layer twice, and the last file of a name counts."""
    return tuple({_name(blob): blob for blob in blobs}.values())


def _name(blob: Blob) -> str:
    return blob.name if blob.form == "file" else f"{_ARCHIVES}/{blob.digest.removeprefix('sha256:')}"


def _wanted(blob: Blob) -> Wanted:
    name = _name(blob)
    return Wanted(
        name, f"{name} {blob.digest}", blob.size, Digest("sha256", blob.digest.removeprefix("sha256:"))
    )


def _opening(registry: Registry, blob: Blob) -> Opening:
    def opening(offset: int, _validator: str) -> Answer:
        return registry.open_blob(blob.digest, offset)

    return opening


def _unpack_all(archives: tuple[Blob, ...], folder: Path, keeping: Keeping, image: str) -> None:
    """Lay the archives upon each other in their order, then forget them."""
    places = {_name(blob): folder / _name(blob) for blob in archives}
    listed = [list_archive(place, image) for place in places.values()]
    root = choose_root(tuple(name for names in listed for name in names))
    written: dict[str, Fetched] = {}
    for blob in archives:
        below = root if blob.form == "layer" else ""
        target = folder if blob.form == "layer" else (folder / blob.name).parent
        for name in unpack(places[_name(blob)], below, target, image):
            whole = str((target / name).relative_to(folder))
            written[whole] = _fetched(folder, whole)
    keeping.add(*(file for file in written.values() if (folder / file.name).exists()))
    for name, place in places.items():
        place.unlink(missing_ok=True)
        keeping.files.pop(name, None)


def _fetched(folder: Path, name: str) -> Fetched:
    with (folder / name).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    seen = (folder / name).stat()
    return Fetched(name, seen.st_size, sha256, seen.st_mtime_ns, f"{name} {sha256}")
