"""429 for the one who would wait too long, as ASGI middleware before vLLM's API (KAITO's rate limit); 503 for
the one who comes while the server drains.

Full is where as many wait as may wait, by vLLM's own count, or where so many are inside that the one who
comes must wait behind that many: a burst comes faster than the engine counts.

As the one middleware that is told of vLLM's registry it also shows there how the weights came.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter

from runtime.serving.chat_words import compose_refusal
from runtime.serving.download_meters import DownloadMeters
from runtime.serving.vllm.asgi import App, Receive, Scope, Send, answer
from runtime.serving.vllm.environment import WAITING, told_download

QUESTIONS = frozenset(
    {
        "/chat",
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/messages",
        "/v1/responses",
        "/inference/v1/generate",
        "/invocations",
    }
)
"""The paths that cost the engine time."""
VLLM_WAITING = "vllm:num_requests_waiting"
RETRY_AFTER = (b"retry-after", b"5")
"""Seconds after which to ask again."""


@dataclass(frozen=True)
class Room:
    """How many are answered side by side by one API process, and how many may wait behind them."""

    seats: int
    waiting: int

    def is_full(self, inside: int, counted_waiting: float) -> bool:
        """Whether one more must be sent away, with `inside` here and so many waiting by its own count."""
        return inside >= self.seats + self.waiting or (inside > 0 and counted_waiting >= max(self.waiting, 1))


class WaitingRoom:
    """The middleware; vLLM makes it by `--middleware` in each of its API processes."""

    def __init__(
        self,
        app: App,
        registry: CollectorRegistry = REGISTRY,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._app = app
        self._counted = registry.restricted_registry([VLLM_WAITING])
        self._waiting = int(environment[WAITING])
        self._rejected = Counter(
            "kaito_ratelimit_rejected", "Requests refused because too many wait.", registry=registry
        )
        if fetched := told_download(environment):
            DownloadMeters(registry).show(fetched)
        self._inside = 0
        self._room: Room | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or send away."""
        if scope["type"] != "http" or scope["path"] not in QUESTIONS or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if getattr(asyncio.get_running_loop(), "ending", False):  # see ending.EndingLoop
            sentence = "this server is being stopped; ask again, another one will answer"
            await answer(send, 503, compose_refusal(sentence, 503), [RETRY_AFTER, (b"connection", b"close")])
            return
        self._room = self._room or room_of(scope["app"].state, self._waiting)
        if self._is_full(self._room):
            self._rejected.inc()
            sentence = f"too many requests wait; ask again in {RETRY_AFTER[1].decode()} seconds"
            await answer(send, 429, compose_refusal(sentence, 429), [RETRY_AFTER])
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1

    def _is_full(self, room: Room) -> bool:
        """The engine is asked only where so many are inside that as many could wait."""
        counted = self._count() if self._inside > room.waiting else 0
        return room.is_full(self._inside, counted)

    def _count(self) -> float:
        return sum(sample.value for metric in self._counted.collect() for sample in metric.samples)


def room_of(state: Any, waiting: int) -> Room:
    """The room of one API process, by what vLLM's app knows of its engine and of the processes beside it."""
    scheduler, parallel = state.vllm_config.scheduler_config, state.vllm_config.parallel_config
    seats = (scheduler.max_num_active_seqs or scheduler.max_num_seqs) * parallel.data_parallel_size
    servers = getattr(state.args, "api_server_count", None) or 1
    return Room(math.ceil(seats / servers), math.ceil(waiting / servers))
