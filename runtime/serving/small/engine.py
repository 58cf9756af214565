"""The engine: one model, one thread that writes for all requests at once, one queue a request.

transformers' continuous batching does the scheduling and the paged cache; Batch chooses the tokens, Routing
adds the adapters, Outlet brings what is written back to the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from uuid import uuid4

from transformers import ContinuousBatchingConfig, GenerationConfig
from transformers.generation.continuous_batching import ContinuousBatchingManager
from transformers.generation.continuous_batching.requests import GenerationOutput

from runtime.serving.document import Small
from runtime.serving.small.batch import Batch
from runtime.serving.small.loading import Loaded
from runtime.serving.small.outlet import Outlet
from runtime.serving.small.question import EngineStopped, Piece, Question
from runtime.serving.small.routing import Routing
from runtime.serving.small.scribe import Scribe
from runtime.serving.small.wish import Wish

PAGE = 256
"""Tokens in one block of the KV cache."""


class Engine:
    """Answers questions in the event loop it is given, until it is stopped. `limit` is the longest sequence
    in tokens, prompt and answer together."""

    def __init__(
        self, small: Small, loaded: Loaded, *, adapted: bool, loop: asyncio.AbstractEventLoop
    ) -> None:
        blocks = small.blocks or (_enough(small) if small.device == "cpu" else None)
        self.limit = min(small.most_tokens, loaded.context, blocks * PAGE if blocks else small.most_tokens)
        self._device = small.device
        self._loaded = loaded
        self._outlet = Outlet(loop)
        self._manager: ContinuousBatchingManager = loaded.model.init_continuous_batching(  # type: ignore[operator]
            generation_config=_greedy(loaded),
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=PAGE,
                num_blocks=blocks,
                max_batch_tokens=max(small.batch_tokens, small.most_running),
                allow_block_sharing=not adapted,  # the cache of one adapter is nothing to another
                use_cuda_graph=False,  # a captured graph would run neither Batch nor Routing
                use_async_batching=False,
            ),
        )
        self._manager.logit_processor = Batch(Routing(loaded.model) if adapted else None)
        self._manager.output_router = self._outlet

    def start(self) -> None:
        """Start the thread."""
        self._manager.start()

    def stop(self, seconds: float) -> None:
        """Break off what runs and end the thread, waiting for it as long as this."""
        self._manager.stop(block=True, timeout=seconds, hard_stop=True)

    def why_dead(self) -> str | None:
        """Why the thread is gone; None while it lives."""
        if self._manager.is_running():
            return None
        return str(self._manager.background_thread_status.fatal_error or "it was stopped")

    async def answer(self, question: Question) -> AsyncGenerator[Piece, None]:
        """The answer as it is written. Closing the iterator early takes the request out of the batch."""
        key = uuid4().hex
        outputs = self._outlet.open(key)
        ended: str | None = None
        try:
            self._submit(key, question)
            scribe = Scribe(self._loaded.tokenizer.backend_tokenizer, question.prompt, question.stops)
            tokens = 0
            while ended is None:
                output = await outputs.get()
                text = scribe.write(_new(output, tokens))
                tokens = len(output.generated_tokens)
                ended = "stop" if scribe.stopped else self._ended(output)
                yield Piece(text + (scribe.close() if ended else ""), tokens, ended)
        finally:
            self._outlet.close(key)
            if ended is None or scribe.stopped:
                self._manager.cancel_request(key)

    def _submit(self, key: str, question: Question) -> None:
        accepted = self._manager.add_request(
            list(question.prompt),
            request_id=key,
            max_new_tokens=question.most,
            streaming=True,
            eos_token_id=[-1] if question.ignore_end else list(self._loaded.ends),
            wish=Wish(question.sampling, question.lora, self._device),
        )
        if accepted is None:
            raise EngineStopped(self.why_dead() or "it is stopping")

    def _ended(self, output: GenerationOutput) -> str | None:
        if output.error is not None:
            raise EngineStopped(output.error)
        if not output.is_finished():
            return None
        return "stop" if output.generated_tokens[-1] in self._loaded.ends else "length"


def _new(output: GenerationOutput, seen: int) -> list[int]:
    return output.generated_tokens[seen:]


def _enough(small: Small) -> int:
    """Blocks in which as many of the longest sequences fit as may run side by side."""
    return small.most_running * -(-small.most_tokens // PAGE)


def _greedy(loaded: Loaded) -> GenerationConfig:
    """Argmax, since Batch has chosen before; without the model's own processors, whose parameters would hold
    for all requests alike."""
    return GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False, max_new_tokens=1, eos_token_id=list(loaded.ends) or -1
    )
