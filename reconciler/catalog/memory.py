"""GPU memory of a served model, GiB by GiB: pure arithmetic, each figure with its source."""

from bisect import bisect_left
from dataclasses import dataclass

from .gpu import GPU
from .layout import Layout, cache_share, layer_share
from .preset import GIB, Preset

LOADED = 1.02
"""GiB in GPU memory for a GiB of weight files. Source: KAITO v0.12's estimator."""

MARGIN = 1.05
"""What the weights on a GPU are raised by, to be safe. Source: KAITO v0.12's estimator."""

OVERHEAD_GIB = 2.3
"""CUDA context, graphs and activations on a GPU, GiB. Source: KAITO v0.12's estimator."""

BLOCK_TOKENS = 16
"""Tokens in a block of vLLM's paged cache. Source: vLLM's default block size."""

DEFAULT_CONTEXT = 2048
"""Tokens planned for where nobody says. Source: KAITO v0.12's estimator."""


@dataclass(frozen=True, slots=True)
class Need:
    """GiB the fullest GPU has to hold."""

    weights_gib: float
    cache_gib: float
    overhead_gib: float

    @property
    def total_gib(self) -> float:
        """All of it."""
        return self.weights_gib + self.cache_gib + self.overhead_gib


def loaded_gib(preset: Preset) -> float:
    """GiB of the whole model once loaded: weight files × 1.02."""
    return preset.weight_bytes / GIB * LOADED


def cache_gib(preset: Preset, context: int) -> float:
    """GiB of key-value cache of one sequence, all layers: blocks × 16 × bytes a token."""
    return blocks(context) * BLOCK_TOKENS * preset.attention.bytes_per_token / GIB


def blocks(context: int) -> int:
    """Cache blocks that hold so many tokens; vLLM gives out whole blocks only."""
    return -(-context // BLOCK_TOKENS)


def need(preset: Preset, layout: Layout, context: int) -> Need:
    """What the fullest GPU holds: its weights × 1.05, its part of the cache, 2.3 GiB besides."""
    weights = loaded_gib(preset) * layer_share(preset.attention, layout) / layout.tensor * MARGIN
    return Need(weights, cache_gib(preset, context) * cache_share(preset.attention, layout), OVERHEAD_GIB)


def utilisation(gpu: GPU) -> float:
    """The part of a GPU's memory vLLM is given: 0.84, on an A10 0.82. Source: the flags of KAITO v0.12."""
    return 0.82 if gpu.model == "A10" else 0.84


def given_gib(gpu: GPU) -> float:
    """GiB of one GPU that vLLM may use; 0 where its memory is not known."""
    return (gpu.memory_gib or 0) * utilisation(gpu)


def holds(preset: Preset, gpu: GPU, layout: Layout, context: int) -> bool:
    """Whether the fullest GPU holds what it has to."""
    return need(preset, layout, context).total_gib <= given_gib(gpu)


def longest_context(preset: Preset, gpu: GPU, layout: Layout) -> int:
    """Tokens of the longest sequence that fits: whole blocks, at most the model's limit, 0 if none."""
    many = blocks(preset.token_limit)
    too_many = bisect_left(
        range(1, many + 1),
        True,
        key=lambda count: not holds(preset, gpu, layout, count * BLOCK_TOKENS),
    )
    return min(too_many * BLOCK_TOKENS, preset.token_limit)
