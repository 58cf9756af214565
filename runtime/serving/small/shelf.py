"""The adapters that can be asked for by name."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from runtime.serving.document import Adapters
from runtime.serving.small.faults import UnusableAdapter
from runtime.serving.small.lora import CONFIG, Base, Lora, read_lora
from runtime.serving.small.routing import is_adaptable


class Shelf:
    """LoRA adapters by name. Taking one off leaves those who are being answered with it undisturbed."""

    def __init__(self, adapters: Adapters, model: nn.Module, dtype: torch.dtype, device: str) -> None:
        self._folder = Path(adapters.folder)
        layers = {
            name: layer.weight.shape
            for name, layer in model.named_modules()
            if is_adaptable(name, layer) and isinstance(layer, nn.Linear)
        }
        self._base = Base(layers, adapters.most_rank, dtype, device)
        self._loras: dict[str, Lora] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The adapters that can be asked for, sorted."""
        return tuple(sorted(self._loras))

    def find(self, name: str) -> Lora | None:
        """The adapter of this name."""
        return self._loras.get(name)

    def put(self, name: str, folder: Path) -> None:
        """Read the adapter in `folder`, which must lie in the folder of adapters; UnusableAdapter says why
        not."""
        if not folder.resolve().is_relative_to(self._folder.resolve()):
            raise UnusableAdapter(
                f"The adapter in {folder} lies outside {self._folder}, where adapters are looked for."
            )
        self._loras[name] = read_lora(folder, name, self._base)

    def put_all(self) -> list[UnusableAdapter]:
        """Read every adapter that lies there; those that cannot be served are returned, the others serve."""
        unusable = []
        for folder in folders(self._folder):
            try:
                self.put(folder.name, folder)
            except UnusableAdapter as error:
                unusable.append(error)
        return unusable

    def take(self, name: str) -> bool:
        """Take an adapter off; False when there was none of this name."""
        return self._loras.pop(name, None) is not None


def folders(folder: Path) -> list[Path]:
    """The folders that hold an adapter, sorted by name."""
    return sorted(path.parent for path in folder.glob(f"*/{CONFIG}"))
