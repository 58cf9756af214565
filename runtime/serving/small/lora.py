"""One LoRA adapter, read from the folder peft or a tuning left it in, and held to the layers of its base
model."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from runtime.serving.small.faults import UnusableAdapter

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
NOT_SUPPORTED: Mapping[str, tuple[object, ...]] = {
    "use_dora": (None, False),
    "use_qalora": (None, False),
    "lora_bias": (None, False),
    "bias": (None, "none"),
    "modules_to_save": (None, []),
    "trainable_token_indices": (None, [], {}),
    "target_parameters": (None, []),
    "fan_in_fan_out": (None, False),
}
"""Fields of peft's LoraConfig, each with the values that ask nothing more than plain LoRA."""


@dataclass(frozen=True, eq=False)
class Base:
    """What an adapter must fit: the shapes (out, in) of the layers that can be adapted, by name, and the
    highest rank; and how its weights are kept."""

    layers: Mapping[str, torch.Size]
    most_rank: int
    dtype: torch.dtype
    device: str


@dataclass(frozen=True, eq=False)
class Lora:
    """An adapter by name: for each layer it touches, the way down (rank × in) and the way up (out × rank),
    with the scale in the latter."""

    name: str
    rank: int
    pairs: Mapping[str, tuple[torch.Tensor, torch.Tensor]]


def read_lora(folder: Path, name: str, base: Base) -> Lora:
    """The adapter in `folder`, held to its base model; an UnusableAdapter says why it cannot serve."""
    config = _read_config(folder)
    halves = _by_layer(folder, _read_weights(folder))
    rank = max(down.shape[0] for down, _ in halves.values())
    if rank > base.most_rank:
        raise UnusableAdapter(
            f"The adapter in {folder} has rank {rank}, and ranks up to {base.most_rank} are served."
        )
    pairs = {}
    for layer, (down, up) in halves.items():
        _must_fit(folder, layer, down, up, base.layers.get(layer))
        scaled = up.float() * _scale(config, layer, down.shape[0])
        pairs[layer] = (down.to(base.device, base.dtype), scaled.to(base.device, base.dtype))
    return Lora(name, rank, pairs)


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / CONFIG).read_text())
    except (OSError, ValueError) as error:
        raise UnusableAdapter(
            f"The adapter in {folder} cannot be read: its {CONFIG} says {error}."
        ) from error
    if not isinstance(config, dict) or config.get("peft_type") != "LORA":
        raise UnusableAdapter(
            f"The adapter in {folder} is not a LoRA adapter: peft_type in {CONFIG} must be LORA."
        )
    for field, plain in NOT_SUPPORTED.items():
        if config.get(field) not in plain:
            raise UnusableAdapter(
                f"The adapter in {folder} uses {field}, which the small engine does not serve."
            )
    return config


def _read_weights(folder: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise UnusableAdapter(f"The adapter in {folder} has no {WEIGHTS}.") from error
    except (OSError, SafetensorError) as error:
        raise UnusableAdapter(f"The adapter in {folder} has a broken {WEIGHTS}: {error}.") from error


def _by_layer(
    folder: Path, weights: Mapping[str, torch.Tensor]
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    found: dict[str, dict[str, torch.Tensor]] = {}
    for key, tensor in weights.items():
        match = re.fullmatch(r"base_model\.model\.(.+)\.lora_([AB])\.weight", key)
        if match is None or tensor.dim() != 2:
            raise UnusableAdapter(
                f"The adapter in {folder} holds {key}, which is not the weight of a linear LoRA."
            )
        found.setdefault(match[1], {})[match[2]] = tensor
    lonely = [layer for layer, halves in found.items() if len(halves) != 2]
    if lonely or not found:
        what = f"only half of the layer {lonely[0]}" if lonely else "no weights"
        raise UnusableAdapter(f"The adapter in {folder} holds {what}.")
    return {layer: (halves["A"], halves["B"]) for layer, halves in found.items()}


def _must_fit(
    folder: Path, layer: str, down: torch.Tensor, up: torch.Tensor, shape: torch.Size | None
) -> None:
    if shape is None:
        raise UnusableAdapter(
            f"The adapter in {folder} changes the layer {layer}, which this model does not have or which "
            "cannot be adapted here."
        )
    if (up.shape[0], down.shape[1]) != tuple(shape) or up.shape[1] != down.shape[0]:
        raise UnusableAdapter(
            f"The adapter in {folder} was trained for another base model: its layer {layer} is "
            f"{up.shape[0]}×{down.shape[1]} where this model has {shape[0]}×{shape[1]}."
        )


def _scale(config: Mapping[str, Any], layer: str, rank: int) -> float:
    """peft's own arithmetic: alpha over the rank, or over its root for rank-stabilised LoRA; a pattern may
    give a layer its own alpha."""
    alpha = float(config.get("lora_alpha") or 8)
    for pattern, own in (config.get("alpha_pattern") or {}).items():
        if re.fullmatch(rf"(.*\.)?({pattern})", layer):
            alpha = float(own)
            break
    return alpha / math.sqrt(rank) if config.get("use_rslora") else alpha / rank
