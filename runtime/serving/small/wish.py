"""What one request asks of the engine: how its tokens are chosen, and with which adapter."""

from __future__ import annotations

import torch

from runtime.serving.small.lora import Lora
from runtime.serving.small.question import Sampling


class Wish:
    """A request's sampling, its adapter and its own dice. The engine copies a request's parameters when it
    puts the request back in the queue; the dice must not start again then, so a copy is the same wish."""

    def __init__(self, sampling: Sampling, lora: Lora | None, device: str) -> None:
        self.sampling = sampling
        self.lora = lora
        self.dice: torch.Generator | None = None
        if sampling.seed is not None:
            self.dice = torch.Generator(device=device).manual_seed(sampling.seed)

    def __deepcopy__(self, memo: dict[int, object]) -> Wish:
        return self


def choose(logits: torch.Tensor, how: Sampling, dice: torch.Generator | None) -> torch.Tensor:
    """The token drawn from one row of logits, as a tensor of one number. `how.temperature` is above 0."""
    scores = torch.nan_to_num(logits / how.temperature)
    tokens = None
    if 0 < how.top_k < scores.numel():
        scores, tokens = torch.topk(scores, how.top_k)
    elif how.top_p < 1:
        scores, tokens = torch.sort(scores, descending=True)
    chances = torch.softmax(scores, dim=-1)
    if how.top_p < 1:
        chances = chances * (chances.cumsum(-1) - chances < how.top_p)
    if how.min_p > 0:
        chances = chances * (chances >= how.min_p * chances.max())
    drawn = torch.multinomial(chances, 1, generator=dice)
    return drawn if tokens is None else tokens[drawn]
