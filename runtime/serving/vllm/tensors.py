"""What safetensors files say of themselves: names, types and shapes, read from their headers alone.

The format: eight bytes of length, little-endian, then that much JSON (https://github.com/huggingface/safetensors).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runtime.artifacts.faults import Mistaken

LONGEST_HEADER = 100_000_000
"""Bytes; the limit of the format itself."""


@dataclass(frozen=True)
class Tensor:
    """One tensor: its type as the format calls it, and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def is_plain(self) -> bool:
        """Whether it is stored as it is multiplied, so that its shape is that of the layer: not quantised."""
        return self.dtype in ("F64", "F32", "F16", "BF16")


def told_tensors(folder: Path) -> Mapping[str, Tensor]:
    """The tensors of the safetensors files in `folder`, by name. Raises Mistaken if one is cut short."""
    tensors: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors |= _header(path)
    return tensors


def _header(path: Path) -> Mapping[str, Tensor]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        text = file.read(length) if length <= LONGEST_HEADER else b""
    try:
        told = json.loads(text)
        return {
            name: Tensor(entry["dtype"], tuple(entry["shape"]))
            for name, entry in told.items()
            if name != "__metadata__"
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Mistaken(f"its {path.name} is cut short or no safetensors file.") from error
