"""What a folder must hold to be a model, an adapter or data, and whether its weights are whole."""

from __future__ import annotations

import json
import os
import struct
from enum import StrEnum
from pathlib import Path

from runtime.artifacts.faults import Damaged, Missing, Mistaken
from runtime.artifacts.names import DATA_SUFFIXES

ADAPTER_CONFIG = "adapter_config.json"
"""The file that makes a folder an adapter."""

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model", "tekken.json")
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_LENGTH = struct.Struct("<Q")
_MOST_HEADER_BYTES = 100_000_000
"""The limit of the safetensors format itself."""


class Expected(StrEnum):
    """What a folder shall hold."""

    MODEL = "model"
    ADAPTER = "adapter"
    DATA = "data"
    ANYTHING = "anything"


def require(folder: Path, expected: Expected) -> None:
    """Raise Missing or Damaged, with a sentence, unless `folder` holds what is expected and all of it."""
    names = _names(folder)
    match expected:
        case Expected.MODEL:
            _require_model(folder, names)
        case Expected.ADAPTER:
            _require_adapter(folder, names)
        case Expected.DATA:
            _require_data(folder)
    _require_shards(folder, names)
    for name in sorted(names):
        if name.endswith(".safetensors"):
            _require_whole(folder / name)


def _names(folder: Path) -> frozenset[str]:
    if not folder.is_dir():
        kind = "is a file, not a folder" if folder.exists() else "does not exist"
        raise Missing(f"{folder} {kind}: check the path and that its volume is mounted.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise Mistaken(f"{folder} may not be read by the container's user: mend its rights.")
    names = frozenset(place.name for place in folder.iterdir() if not place.name.startswith("."))
    if not names:
        raise Missing(f"{folder} is empty: nothing was put there, or another volume is mounted.")
    for name in sorted(names):
        if not os.access(folder / name, os.R_OK):
            raise Mistaken(
                f"{folder / name} may not be read by the container's user: mend its rights or its link."
            )
    return names


def _require_model(folder: Path, names: frozenset[str]) -> None:
    if not names & {"config.json", "params.json"}:
        raise Missing(f"{folder} has no config.json: it is not the folder of a model ({_some(names)}).")
    if not any(name.endswith((".safetensors", ".bin", ".pt")) for name in names):
        raise Missing(f"{folder} has no weights (*.safetensors): only part of the model was put there.")
    if not any(name in names for name in _TOKENIZERS) and not any(
        name.endswith(".tiktoken") for name in names
    ):
        raise Missing(
            f"{folder} has no tokenizer ({', '.join(_TOKENIZERS[:2])}): put the model's beside its weights."
        )


def _require_adapter(folder: Path, names: frozenset[str]) -> None:
    for name in (ADAPTER_CONFIG, "adapter_model.safetensors"):
        if name not in names:
            raise Missing(f"{folder} has no {name}: it is not the folder of an adapter ({_some(names)}).")


def _require_data(folder: Path) -> None:
    """Data may lie deeper, as a volume has it; what is hidden is none."""
    places = (place.relative_to(folder) for place in folder.rglob("*") if place.is_file())
    shown = [place for place in places if not any(part.startswith(".") for part in place.parts)]
    if not any(place.name.lower().endswith(DATA_SUFFIXES) for place in shown):
        there = ", ".join(sorted(map(str, shown))[:4]) or "nothing"
        readable = ", ".join(DATA_SUFFIXES[:5])
        raise Missing(f"The data has no file that can be read ({readable}); there is {there}.")


def _require_shards(folder: Path, names: frozenset[str]) -> None:
    for index in _INDEXES:
        if index not in names:
            continue
        try:
            shards = set(json.loads((folder / index).read_text())["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError) as failure:
            raise Damaged(f"{folder / index} cannot be read: fetch or copy the model anew.") from failure
        if lacking := sorted(shards - names):
            raise Missing(
                f"{folder} lacks {lacking[0]} ({len(lacking)} of {len(shards)} shards): copy the rest."
            )


def _require_whole(file: Path) -> None:
    """Compare the size with what the header says (safetensors: 8 bytes of length, a JSON header, the
    tensors)."""
    size = file.stat().st_size
    try:
        with file.open("rb") as content:
            (length,) = _LENGTH.unpack(content.read(_LENGTH.size))
            if length > _MOST_HEADER_BYTES:
                raise ValueError(length)
            header = json.loads(content.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as failure:
        raise Damaged(
            f"{file} is not a safetensors file or its beginning is damaged: copy it anew."
        ) from failure
    whole = _LENGTH.size + length + max(ends, default=0)
    if size < whole:
        raise Damaged(f"{file} is cut short: it has {size} of {whole} bytes; copy or fetch it anew.")


def _some(names: frozenset[str]) -> str:
    return "it has " + ", ".join(sorted(names)[:4])
