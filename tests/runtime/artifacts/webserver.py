"""A web server for tests: pages with ranges and ETags, which misbehaves as told and keeps what it was
asked."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Asked:
    """One request, header names in title case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass
class Page:
    """What lies at a path. `faults` are used up one a request: a number is a status to answer with, "cut:N"
    breaks off after N bytes of the body, "hold:N" sends N bytes and waits until the server ends."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    faults: list[int | str] = field(default_factory=list)
    etag: str = ""
    ranges: bool = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *asked: object) -> None:
        """Say nothing of those who hang up: they are killed on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*asked)  # type: ignore[arg-type]


class WebServer:
    """Serves `pages` on a loopback port; `answer` may give a page for what is not among them."""

    def __init__(self, pages: dict[str, Page] | None = None, certificate: Path | None = None) -> None:
        self.pages = pages if pages is not None else {}
        self.answer: Callable[[Asked], Page | None] = lambda asked: None
        self.asked: list[Asked] = []
        self.held = threading.Event()
        self.ended = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])

    def url(self, path: str = "", host: str = "127.0.0.1") -> str:
        """The address of a path."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def ranges_of(self, path: str) -> list[str]:
        """The Range header of every request for a path, empty where there was none."""
        return [asked.headers.get("Range", "") for asked in self.asked if urlsplit(asked.path).path == path]

    def __enter__(self) -> WebServer:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *said: object) -> None:
                """Be quiet."""

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                headers = {name.title(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, body)
                outer.asked.append(asked)
                page = (
                    outer.pages.get(self.path)
                    or outer.pages.get(urlsplit(self.path).path)
                    or outer.answer(asked)
                )
                outer._send(self, page or Page(b"not here", 404))

            do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815  the library's names

        return Handler

    def _send(self, to: BaseHTTPRequestHandler, page: Page) -> None:
        fault = page.faults.pop(0) if page.faults else None
        status, body, headers = page.status, page.body, dict(page.headers)
        if isinstance(fault, int):
            status, body = fault, b"told to fail"
        elif status == 200 and page.ranges:
            status, body = _ranged(to, page, headers)
        if page.etag:
            headers["ETag"] = page.etag
        to.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            to.send_header(name, value)
        to.end_headers()
        if to.command == "HEAD":
            return
        if isinstance(fault, str):
            kind, _, count = fault.partition(":")
            to.wfile.write(body[: int(count)])
            to.wfile.flush()
            if kind == "hold":
                self.held.set()
                self.ended.wait()
            to.close_connection = True
            return
        to.wfile.write(body)


def _ranged(to: BaseHTTPRequestHandler, page: Page, headers: dict[str, str]) -> tuple[int, bytes]:
    asked, only_if = to.headers.get("Range", ""), to.headers.get("If-Range", "")
    if not asked or (only_if and only_if != page.etag):
        return 200, page.body
    start = int(asked.removeprefix("bytes=").rstrip("-"))
    if start >= len(page.body):
        headers["Content-Range"] = f"bytes */{len(page.body)}"
        return 416, b""
    headers["Content-Range"] = f"bytes {start}-{len(page.body) - 1}/{len(page.body)}"
    return 206, page.body[start:]
