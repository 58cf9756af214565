"""The LoRA adapters found in a folder: every folder in it is one, named after it. One that cannot serve is
told in a sentence and left out, because vLLM would not start at all with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts.faults import Mistaken
from runtime.serving.vllm.tensors import Tensor, told_tensors

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes for --max-lora-rank (vllm.config.lora.MaxLoRARanks, 0.32.0)."""


@dataclass(frozen=True)
class Adapter:
    """One adapter: the name it is asked by, its folder, and its highest rank."""

    name: str
    folder: Path
    rank: int


@dataclass(frozen=True)
class Found:
    """The adapters that can serve, and one sentence for each that cannot."""

    adapters: tuple[Adapter, ...] = ()
    refused: tuple[str, ...] = ()


def find_adapters(folder: Path, most_rank: int, weights: Path | None = None) -> Found:
    """Look into `folder`, which need not be there. `most_rank` is the highest rank that is served; with the
    `weights` of the model, an adapter of another model is told from its own."""
    if not folder.is_dir():
        return Found()
    base = told_tensors(weights) if weights else {}
    good: list[Adapter] = []
    refused: list[str] = []
    for each in sorted(path for path in folder.iterdir() if _is_meant(path)):
        try:
            good.append(_read(each, most_rank))
            _fits(each, base)
        except Mistaken as reason:
            good = [adapter for adapter in good if adapter.folder != each]
            refused.append(f"The adapter in {each} cannot be served: {reason}")
    return Found(tuple(good), tuple(refused))


def _is_meant(path: Path) -> bool:
    """Whether a folder has anything of an adapter; a volume has folders of its own, such as lost+found."""
    return path.is_dir() and not path.name.startswith(".") and any(path.glob("adapter_*"))


def rank_to_serve(adapters: tuple[Adapter, ...], most_rank: int, *, may_change: bool) -> int:
    """The smallest rank vLLM knows that holds all of them; where more may come, the highest served."""
    highest = max([each.rank for each in adapters] + [most_rank] * may_change + [1])
    return next(rank for rank in RANKS if rank >= min(highest, RANKS[-1]))


def _read(folder: Path, most_rank: int) -> Adapter:
    if not any((folder / name).is_file() for name in ("adapter_model.safetensors", "adapter_model.bin")):
        raise Mistaken("it has no adapter_model.safetensors.")
    try:
        told = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    except FileNotFoundError as error:
        raise Mistaken("it has no adapter_config.json.") from error
    except (ValueError, OSError) as error:
        raise Mistaken(f"its adapter_config.json cannot be read: {error}.") from error
    if not isinstance(told, dict):
        raise Mistaken("its adapter_config.json is no map of settings.")
    rank = _highest_rank(told)
    if rank > min(most_rank, RANKS[-1]):
        raise Mistaken(f"its rank {rank} is above {most_rank}, the highest that is served here.")
    return Adapter(folder.name, folder, rank)


def _highest_rank(told: Mapping[str, Any]) -> int:
    pattern = told.get("rank_pattern") or {}
    told_ranks = [told.get("r"), *(pattern.values() if isinstance(pattern, dict) else [None])]
    ranks: list[int] = [rank for rank in told_ranks if type(rank) is int and rank > 0]
    if len(ranks) < len(told_ranks):
        raise Mistaken("its adapter_config.json names no rank (the field r, a whole number from 1).")
    return max(ranks)


def _fits(folder: Path, base: Mapping[str, Tensor]) -> None:
    """Raises Mistaken where a matrix of the adapter has not the size of the model's own."""
    for name, tensor in sorted(told_tensors(folder).items()):
        stem = name.removeprefix("base_model.model.")
        for side, axis in ((".lora_A.weight", 1), (".lora_B.weight", 0)):
            whole = base.get(stem.removesuffix(side) + ".weight")
            if not stem.endswith(side) or whole is None or not whole.is_plain:
                continue
            if len(tensor.shape) == 2 and tensor.shape[axis] != whole.shape[axis]:
                raise Mistaken(
                    f"it was trained for another model: in it {stem.removesuffix(side)} is "
                    f"{tensor.shape[axis]} wide, in the model that is served {whole.shape[axis]}."
                )
