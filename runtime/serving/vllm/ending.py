"""How vLLM's server ends, so that the end comes: by itself vLLM takes new requests while it drains, and waits
without a bound for those it will never answer."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Callable
from typing import TypeVarTuple, Unpack

import uvloop

Given = TypeVarTuple("Given")
LAST_WRITES_SECONDS = 5
"""After the drain, for what is still being written."""


class EndingLoop(uvloop.Loop):
    """An event loop that knows whether its process was asked to end."""

    ending = False

    def add_signal_handler(
        self, sig: int, callback: Callable[[Unpack[Given]], object], *args: *Given
    ) -> None:
        """As asyncio's; only SIGTERM and SIGINT are handled by vLLM, and both ask to end."""

        def told() -> None:
            self.ending = True
            callback(*args)

        super().add_signal_handler(sig, told)


def serve_alone(arguments: Namespace) -> None:
    """vLLM's server with one API process, this one, until its end."""
    from vllm.entrypoints.launchers.api_server.entry import run_server

    arguments.api_server_count = None  # as vllm serve does it for one process
    with asyncio.Runner(loop_factory=EndingLoop) as runner:
        runner.run(run_server(arguments, timeout_graceful_shutdown=LAST_WRITES_SECONDS))
