"""The HTTP server: one short request a connection, answered by the route of its path."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

_LONGEST_HEAD = 8192
_SECONDS = 10.0
_MOST_AT_ONCE = 32
_HEAD_END = b"\r\n\r\n"
_READING = ("GET", "HEAD")
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a request."""

    status: HTTPStatus
    body: bytes
    content_type: str = TEXT


Route = Callable[[], Answer]


def sentence(status: HTTPStatus, text: str) -> Answer:
    """An answer for people."""
    return Answer(status, f"{text}\n".encode())


@contextlib.contextmanager
def serving(door: socket.socket, routes: Mapping[str, Route]) -> Iterator[None]:
    """Answer at this listening socket while the block lasts; it is closed afterwards."""
    server = _Server(door, routes)
    thread = threading.Thread(target=server.serve_forever, name="listen", daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)  # wakes the thread, which else looks up twice a second only
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(socketserver.ThreadingTCPServer):
    """A thread a connection, of which there are only so many: one too many is closed unanswered."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, door: socket.socket, routes: Mapping[str, Route]) -> None:
        super().__init__(door.getsockname(), _Exchange, bind_and_activate=False)
        self.socket.close()
        self.socket = door
        self.routes = routes
        self._seated: set[Any] = set()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Give it a seat, if there is one."""
        if len(self._seated) >= _MOST_AT_ONCE:
            return False
        self._seated.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:
        """End the connection, and take its seat back."""
        self._seated.discard(request)
        super().shutdown_request(request)


class _Exchange(BaseHTTPRequestHandler):
    """One request and its answer."""

    server: _Server
    timeout = _SECONDS
    error_content_type = TEXT
    error_message_format = "%(message)s\n"

    def handle(self) -> None:
        """Read a head, answer, and be done; who is too slow, too long or gone hears no more."""
        with contextlib.suppress(OSError):
            head = self._head()
            self.raw_requestline, rest = _first_line(head)
            self.rfile = BytesIO(rest)
            if head and self.parse_request():
                self._say(self._answer())

    def version_string(self) -> str:
        """The Server header, without the versions of what we are made of."""
        return "towline"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's own name
        """Nothing: a scrape every few seconds is no news."""

    def _head(self) -> bytes:
        """The bytes up to the empty line, and what came with them; empty when it does not come to that."""
        head, until = b"", time.monotonic() + _SECONDS
        while _HEAD_END not in head:
            left = until - time.monotonic()
            if left <= 0 or len(head) >= _LONGEST_HEAD:
                return b""
            self.connection.settimeout(left)
            more = self.connection.recv(_LONGEST_HEAD - len(head))
            if not more:
                return b""
            head += more
        self.connection.settimeout(_SECONDS)
        return head

    def _answer(self) -> Answer:
        route = self.server.routes.get(self.path.partition("?")[0])
        if route is None:
            return sentence(HTTPStatus.NOT_FOUND, "there is nothing here")
        if self.command not in _READING:
            return sentence(HTTPStatus.METHOD_NOT_ALLOWED, "this can only be read")
        return route()

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", ", ".join(_READING))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


def _first_line(head: bytes) -> tuple[bytes, bytes]:
    line, end, rest = head.partition(b"\r\n")
    return line + end, rest
