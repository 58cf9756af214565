"""Where the engine's thread hands over what it wrote, once a step, to the loop that answers people."""

from __future__ import annotations

import asyncio

from transformers.generation.continuous_batching.continuous_api import OutputRouter
from transformers.generation.continuous_batching.requests import GenerationOutput


class Outlet(OutputRouter):
    """One queue a request that runs. The library's own router keeps the handler of every cancelled request
    for ever; here `close` forgets it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._queues: dict[str, asyncio.Queue[GenerationOutput]] = {}

    def open(self, request: str) -> asyncio.Queue[GenerationOutput]:
        """The queue in which the outputs of this request will arrive."""
        return self._queues.setdefault(request, asyncio.Queue())

    def close(self, request: str) -> None:
        """Nobody listens for this request any more."""
        self._queues.pop(request, None)

    def deliver(self, output: GenerationOutput) -> None:
        """Called by the engine's thread."""
        self.deliver_batch([output])

    def deliver_batch(self, outputs: list[GenerationOutput]) -> None:
        """Called by the engine's thread, once a step."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, outputs)

    def _spread(self, outputs: list[GenerationOutput]) -> None:
        for output in outputs:
            queue = self._queues.get(output.request_id)
            if queue is not None:
                queue.put_nowait(output)
