"""A road to the real apiserver on which things go wrong: HTTPS on loopback, between Towline and the server.

What goes through is the server's own answer, byte by byte. What suffers is chosen by method and path.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from pathlib import Path

from tests.cluster.control_plane import ADMIN, ControlPlane

_HOPS = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
"""Headers that concern one leg of the way alone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The server never hears of it; this Status comes back. `retry_after` is a header, where it is given."""

    code: int
    reason: str = ""
    message: str = "a mishap on the road"
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer while the mishap lasts, then the connection is closed. With `done` the server did it."""

    done: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """The answer breaks off in its middle. The server did what it was asked."""


@dataclass(frozen=True, slots=True)
class Late:
    """The request arrives so many seconds later."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Pages:
    """Lists come in pages of so many. With `lost` there is no way on from the first: a list cut short."""

    size: int
    lost: bool = False


Does = Answer | Hang | Cut | Late | Pages


@dataclass
class Mishap:
    """What happens to requests of which `METHOD PATH?QUERY` matches `where`, the first `times` of them.
    `struck` counts them."""

    does: Does
    where: re.Pattern[str]
    times: float = inf
    struck: int = 0
    over: threading.Event = field(default_factory=threading.Event)


class Road:
    """`kubeconfig` leads along it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self._mishaps: list[Mishap] = []
        self._turn = threading.Lock()
        self._open: set[socket.socket] = set()
        certificate = plane.folder / "certs" / "apiserver.crt"
        self.trust = ssl.create_default_context(cafile=str(certificate))
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._traveller())
        self._server.daemon_threads = True
        self._server.socket = own.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def kubeconfig(self, token: str = ADMIN) -> Path:
        """A kubeconfig file for whoever has this token, by this road."""
        document = json.loads(self.plane.kubeconfig_of(token).read_text())
        document["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self._server.server_address[1]}"
        file = self.plane.folder / f"kubeconfig-{token}-{self._server.server_address[1]}"
        file.write_text(json.dumps(document))
        return file

    @contextmanager
    def suffers(self, does: Does, where: str = "", times: float = inf) -> Iterator[Mishap]:
        """While the block lasts this happens; of several that match, the one that came last."""
        mishap = Mishap(does, re.compile(where), times)
        self._mishaps.insert(0, mishap)
        try:
            yield mishap
        finally:
            self._mishaps.remove(mishap)
            mishap.over.set()

    def hang_up(self) -> None:
        """Break every connection, watches as well."""
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def begin(self) -> None:
        """Let travellers on it."""
        self._thread.start()

    def end(self) -> None:
        """Close it."""
        for each in self._mishaps:
            each.over.set()
        self._server.shutdown()
        self.hang_up()
        self._server.server_close()
        self._thread.join()

    def met(self, asked: str) -> Mishap | None:
        """What happens to this request."""
        with self._turn:
            for each in self._mishaps:
                if each.struck < each.times and each.where.search(asked):
                    each.struck += 1
                    return each
        return None

    def opened(self, connection: socket.socket) -> None:
        """Somebody is on the road."""
        self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """And has left it."""
        self._open.discard(connection)

    def _traveller(self) -> type[BaseHTTPRequestHandler]:
        class Bound(_Traveller):
            road = self

        return Bound


@contextmanager
def road_to(plane: ControlPlane) -> Iterator[Road]:
    """A road while the block lasts."""
    road = Road(plane)
    road.begin()
    try:
        yield road
    finally:
        road.end()


class _Traveller(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    road: Road

    def setup(self) -> None:
        super().setup()
        self.road.opened(self.connection)

    def handle(self) -> None:
        with suppress(OSError, HTTPException):
            super().handle()

    def finish(self) -> None:
        self.road.closed(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mishap = self.road.met(f"{self.command} {self.path}")
        match mishap.does if mishap else None:
            case Answer() as answer:
                self._say(answer)
            case Hang(done) if mishap:
                self._hang(mishap, body if done else None)
            case Cut():
                self._pass_on(body, whole=False)
            case Late(seconds):
                time.sleep(seconds)
                self._pass_on(body)
            case Pages(size, lost):
                self.path = re.sub(r"\blimit=\d+", f"limit={size}", self.path)
                self._pass_on(body, whole=True, lost=lost)
            case _:
                self._pass_on(body)

    def do_PATCH(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _hang(self, mishap: Mishap, body: bytes | None) -> None:
        if body is not None:
            self._asked(body).read()
        mishap.over.wait()
        self.close_connection = True

    def _say(self, answer: Answer) -> None:
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": answer.message,
            "reason": answer.reason,
            "code": answer.code,
        }
        more = {"Retry-After": answer.retry_after} if answer.retry_after else {}
        self._send(answer.code, {"Content-Type": "application/json", **more}, json.dumps(status).encode())

    def _pass_on(self, body: bytes, *, whole: bool = True, lost: bool = False) -> None:
        answer = self._asked(body)
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOPS}
        if answer.headers.get("Transfer-Encoding") == "chunked" and "watch=true" in self.path:
            self._relay(answer, headers)
            return
        said = answer.read()
        if lost:
            document = json.loads(said)
            document.get("metadata", {}).pop("continue", None)
            said = json.dumps(document).encode()
        self._send(answer.status, headers, said, len(said) if whole else len(said) // 2)

    def _asked(self, body: bytes) -> HTTPResponse:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOPS}
        server = HTTPSConnection("127.0.0.1", self.road.plane.port, context=self.road.trust)
        server.request(self.command, self.path, body or None, {**headers, "Accept-Encoding": "identity"})
        return server.getresponse()

    def _relay(self, answer: HTTPResponse, headers: dict[str, str]) -> None:
        """A watch, event by event; one that breaks off there breaks off here."""
        self.close_connection = True
        self._begin(answer.status, {**headers, "Transfer-Encoding": "chunked"})
        self.wfile.flush()
        while more := answer.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(more), more))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _send(self, code: int, headers: dict[str, str], body: bytes, most: int | None = None) -> None:
        self._begin(code, {**headers, "Content-Length": str(len(body))})
        self.wfile.write(body[:most])
        self.wfile.flush()
        self.close_connection = self.close_connection or len(body[:most]) < len(body)

    def _begin(self, code: int, headers: dict[str, str]) -> None:
        self.send_response_only(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
