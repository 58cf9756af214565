"""The HTTP server, which leaves it to us what a signal means."""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from runtime.artifacts import Passing

KEEP_ALIVE_SECONDS = 65
"""Longer than the minute after which common proxies close a connection, so that they close it, not we."""
LAST_WRITES_SECONDS = 5


class Server(uvicorn.Server):
    """Serves until `finish`. A first SIGTERM or SIGINT calls `on_signal`; a second ends it at once."""

    def __init__(self, app: ASGIApp, on_signal: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=LAST_WRITES_SECONDS,
            )
        )
        self._on_signal: Callable[[], None] | None = on_signal

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """uvicorn would close its doors here and die of the signal once it is done."""
        on_signal, self._on_signal = self._on_signal, None
        if on_signal is None:
            self.force_exit = True
            self.finish()
        else:
            on_signal()

    def finish(self) -> None:
        """Close the doors; what is being written may be finished for a moment."""
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 lets the kernel choose."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise Passing(f"Nothing can listen on {host} port {port}: {error.strerror}.") from error
