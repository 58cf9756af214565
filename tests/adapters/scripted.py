"""A loopback HTTP server that answers as a test tells it: real sockets, any answer, however odd."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reconciler.sandbox.certificate import server_context


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "true"


@dataclass(frozen=True)
class Answer:
    """`body` as one piece, or as pieces that are sent, chunked, when they come."""

    status: int = 200
    body: bytes | Iterable[bytes] = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cut:
    """Close the connection without a word."""


@dataclass(frozen=True)
class Hang:
    """Say nothing until the server is stopped."""


Script = Callable[[Asked], Answer | Cut | Hang]


def document(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


class Scripted:
    """Runs in threads of its own from `with` on; `asked` is every request in order. With `tls`, a file for
    its key and certificate, it speaks https."""

    def __init__(self, script: Script, tls: Path | None = None) -> None:
        self.asked: list[Asked] = []
        self.script = script
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        if tls is not None:
            self._server.socket = server_context(tls).wrap_socket(self._server.socket, server_side=True)
            self.url = f"https://localhost:{self._server.server_port}"

    def __enter__(self) -> Scripted:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


class Feed:
    """Pieces of a body that the test puts in while the client reads; None ends it."""

    def __init__(self) -> None:
        self.pieces: Queue[bytes | None] = Queue()

    def event(self, kind: str, value: Any) -> None:
        self.pieces.put(json.dumps({"type": kind, "object": value}).encode() + b"\n")

    def end(self) -> None:
        self.pieces.put(None)

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self.pieces.get()) is not None:
            yield piece


def kubeconfig(folder: Path, url: str) -> Path:
    """A kubeconfig whose only context is `test`, and whose current one is another."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "",
        "clusters": [{"name": "test", "cluster": {"server": url}}],
        "users": [{"name": "test", "user": {"token": "a-token"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(content))
    return file


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _handler(server: Scripted) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a small answer waits 40 ms for an acknowledgement

        def log_message(self, *_: Any) -> None:
            pass

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._any
            raise AttributeError(name)

        def _any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            query = dict(parse_qsl(parts.query))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, query, headers, body)
            server.asked.append(asked)
            self._send(server.script(asked))

        def _send(self, answer: Answer | Cut | Hang) -> None:
            if isinstance(answer, Hang):
                server.over.wait()
            if not isinstance(answer, Answer):
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if isinstance(answer.body, bytes):
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            self._stream(answer.body)

        def _stream(self, pieces: Iterable[bytes]) -> None:
            try:
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
            except OSError:
                self.close_connection = True

    return Handler
