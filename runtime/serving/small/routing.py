"""Several LoRA adapters in one batch.

Continuous batching packs the tokens of all requests into one row, which peft's own mixing, one adapter a row,
cannot serve. Here each adapted layer adds, after it has run, what each request's adapter says about that
request's own tokens: y[own] += x[own] Aᵀ Bᵀ (LoRA, https://arxiv.org/abs/2106.09685).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate

import torch
from torch import nn

from runtime.serving.small.lora import Lora


class Routing:
    """Whose tokens lie where in the step that runs now. One for a model; only the engine's thread touches
    it."""

    def __init__(self, model: nn.Module) -> None:
        self._parts: list[tuple[Lora, torch.Tensor | slice]] = []
        for name, layer in model.named_modules():
            if is_adaptable(name, layer):
                layer.register_forward_hook(partial(self._add, name))

    def lay_out(self, rows: Sequence[tuple[Lora | None, int]]) -> None:
        """Take the requests of the next step in their order, each with its adapter and its number of
        tokens."""
        ends = list(accumulate(length for _, length in rows))
        spans: dict[Lora, list[tuple[int, int]]] = {}
        for (lora, length), end in zip(rows, ends, strict=True):
            if lora is not None:
                spans.setdefault(lora, []).append((end - length, end))
        self._parts = [(lora, _positions(own)) for lora, own in spans.items()]

    def _add(
        self, name: str, layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor
    ) -> torch.Tensor:
        for lora, own in self._parts:
            pair = lora.pairs.get(name)
            if pair is not None:
                down, up = pair
                output[..., own, :] += nn.functional.linear(
                    nn.functional.linear(inputs[0][..., own, :], down), up
                )
        return output


def is_adaptable(name: str, layer: nn.Module) -> bool:
    """Whether an adapter can be added to this layer: a linear one that sees every token. The head sees only
    the last tokens of a step, and an expert only those sent to it."""
    return isinstance(layer, nn.Linear) and not name.endswith("lm_head") and ".experts." not in name


def _positions(spans: Sequence[tuple[int, int]]) -> torch.Tensor | slice:
    first, last = spans[0][0], spans[-1][1]
    if sum(end - start for start, end in spans) == last - first:
        return slice(first, last)
    return torch.cat([torch.arange(start, end) for start, end in spans])
