"""An adapter as one layer: the same folder gives the same bytes, whenever and wherever it is packed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from runtime.artifacts.contents import ADAPTER_CONFIG
from runtime.artifacts.disk import writing
from runtime.artifacts.faults import Malformed
from runtime.artifacts.wire import parse_json

_LEFT_OUT = (".bin", ".pt", ".pth", ".pkl", ".tmp")
_SENTINEL = "fine_tuning_completed.txt"
_SORTED = ("target_modules", "modules_to_save", "exclude_modules", "layers_to_transform")
_GZIP_LEVEL = 0
"""Stored as they are: weights barely shrink, and every zlib would shrink them otherwise."""


@dataclass(frozen=True)
class Layer:
    """A packed layer on the disk: `digest` of it as it is, `diff_id` of what is in it."""

    path: Path
    digest: str
    diff_id: str
    size: int


def packed_names(adapter: Path) -> tuple[str, ...]:
    """The files of a folder that belong to an adapter: not what is hidden, pickled, or in a folder of its own
    (checkpoints)."""
    return tuple(
        sorted(
            place.name
            for place in adapter.iterdir()
            if place.is_file()
            and not place.name.startswith(".")
            and not place.name.endswith(_LEFT_OUT)
            and place.name != _SENTINEL
        )
    )


def pack(adapter: Path, path: Path, model: str) -> Layer:
    """Pack `adapter` below data/ into a .tar.gz at `path`, with times, owners and order that never differ."""
    with writing(path.parent), path.open("wb") as file:
        packed = _Summing(file)
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, packed, mtime=0) as squeezed:
            plain = _Summing(squeezed)
            with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:  # type: ignore[call-overload]
                folder = tarfile.TarInfo("data")
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(folder)
                for name in packed_names(adapter):
                    _add(tar, adapter / name, model)
    return Layer(path, packed.digest, plain.digest, path.stat().st_size)


def portable_config(text: bytes, model: str, whose: str = ADAPTER_CONFIG) -> bytes:
    """adapter_config.json without what differs from one run or machine to the next: sets in their order, and
    the base model by its name where it is a path."""
    config = parse_json(text, whose)
    for key in _SORTED:
        if isinstance(config.get(key), list):
            config[key] = sorted(config[key])
    if model and str(config.get("base_model_name_or_path", "")).startswith(("/", ".")):
        config["base_model_name_or_path"] = model
    try:
        return json.dumps(config, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
    except ValueError as failure:
        raise Malformed(f"{whose} holds a number that JSON does not have.") from failure


def _add(tar: tarfile.TarFile, place: Path, model: str) -> None:
    member = tarfile.TarInfo(f"data/{place.name}")
    member.mode = 0o644
    if place.name == ADAPTER_CONFIG:
        text = portable_config(place.read_bytes(), model, str(place))
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
        return
    with place.open("rb") as content:
        member.size = place.stat().st_size
        tar.addfile(member, content)


class _Summing:
    """Passes on what is written and keeps its sha256."""

    def __init__(self, file: IO[bytes] | gzip.GzipFile) -> None:
        self._file, self._sum, self._length = file, hashlib.sha256(), 0

    def write(self, text: bytes) -> int:
        """Pass on."""
        self._sum.update(text)
        self._length += len(text)
        return self._file.write(text)

    def tell(self) -> int:
        """How much was passed on."""
        return self._length

    def flush(self) -> None:
        """Pass on what waits."""
        self._file.flush()

    @property
    def digest(self) -> str:
        """Of all that was passed on."""
        return f"sha256:{self._sum.hexdigest()}"
