"""The one place where we stand inside the library's batch: it tells us who is in the next step, and asks us
for their scores.

transformers' own per-request processors sort the whole vocabulary once a row and a processor, draw ties of a
greedy row by lot, and know no seed; this one leaves greedy rows to argmax and draws for the others alone.
"""

from __future__ import annotations

import torch
from transformers import LogitsProcessorList
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessorList,
)
from transformers.generation.continuous_batching.requests import FutureRequestState

from runtime.serving.small.routing import Routing
from runtime.serving.small.wish import Wish, choose


class Batch(ContinuousBatchingLogitsProcessorList):
    """Chooses each request's next token by its own wish, and tells the adapters which tokens are theirs."""

    def __init__(self, routing: Routing | None) -> None:
        super().__init__(LogitsProcessorList())
        self.do_processing = True
        self.supported_keys: dict[str, type] = {"wish": Wish}
        self._routing = routing
        self._drawing: list[tuple[int, Wish]] = []

    def prepare_tensor_args(
        self, requests_in_batch: list[FutureRequestState], arg_storage: torch.Tensor
    ) -> torch.Tensor:
        """Take note of the step that is about to run: who draws a token, and whose tokens lie where."""
        rows: list[tuple[Wish, int]] = [
            (request.state.logit_processor_kwargs["wish"], request.query_length)
            for request in requests_in_batch
        ]
        if self._routing is not None:
            self._routing.lay_out([(wish.lora, length) for wish, length in rows])
        choosing = [
            wish for request, (wish, _) in zip(requests_in_batch, rows, strict=True) if request.has_new_token
        ]
        self._drawing = [(row, wish) for row, wish in enumerate(choosing) if wish.sampling.temperature > 0]
        return arg_storage

    def __call__(  # type: ignore[override]  # the library says FloatTensor and gives Tensors
        self, input_ids: torch.Tensor, scores: torch.Tensor, logits_processor_args: torch.Tensor
    ) -> torch.Tensor:
        """Scores whose argmax is each row's token."""
        for row, wish in self._drawing:
            scores[row, choose(scores[row], wish.sampling, wish.dice)] = torch.inf
        return scores
