"""A small smart-HTTP Git server for tests: git http-backend behind the standard library's threaded server.

It counts what it sends, asks for a user and a password when told to, and misbehaves on request.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

OK = "ok"
HANG = "hang"
LORIS = "loris"
TRUNCATE = "truncate"


@dataclass
class GitServer:
    """Serves every repository under `root` at `url(name)`.

    `mode` is `ok`, `hang` (accepts, never answers), `loris` (a byte at a time), `truncate` (half an answer)
    or a status such as `500`, `429` or `302`; `location` goes with a redirect, `retry_after` with a 429, and
    `moved` redirects the paths that begin so. `protocol` 0 makes it speak the protocol of 2005.
    """

    root: Path
    username: str = ""
    password: str = ""
    bearer: str = ""
    mode: str = OK
    location: str = ""
    retry_after: str = ""
    protocol: int = 2
    certificate: Path | None = None
    moved: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    bytes_sent: int = 0
    connections: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> GitServer:
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, name: str, user: str = "") -> str:
        """The repository's URL; `user` is `name:password` to be written into it."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://{user}{'@' if user else ''}127.0.0.1:{self.port}/{name}"

    def hang_up(self) -> None:
        """Close every connection that a client keeps open."""
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def pause(self, seconds: float) -> bool:
        """Wait, and say whether the server is stopping."""
        return self._stopping.wait(seconds)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Bound(_Handler):
            git = server

        return Bound


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    git: GitServer

    def setup(self) -> None:
        super().setup()
        self.git.connections.append(self.connection)

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def _answer(self, body: bytes) -> None:
        git = self.git
        git.requests.append(f"{self.command} {self.path}")
        git.authorizations.append(self.headers.get("Authorization", ""))
        if git.mode == HANG:
            git.pause(60)
            self.close_connection = True
        elif git.mode == LORIS:
            self._drip()
        elif git.mode.isdigit():
            self._refuse(int(git.mode), git.location)
        elif name := next((old for old in git.moved if self.path.startswith(old)), ""):
            self._refuse(301, self.path.replace(name, git.moved[name], 1))
        elif not self._is_known():
            self._send(401, {"WWW-Authenticate": 'Basic realm="git"'}, b"")
        else:
            self._send(*self._ask_git(body))

    def _is_known(self) -> bool:
        git, given = self.git, self.headers.get("Authorization", "")
        if git.bearer:
            return given == f"Bearer {git.bearer}"
        if not git.username and not git.password:
            return True
        pair = base64.b64encode(f"{git.username}:{git.password}".encode()).decode()
        return given == f"Basic {pair}"

    def _refuse(self, status: int, location: str) -> None:
        headers = {"Location": location} if location else {}
        headers |= {"Retry-After": self.git.retry_after} if self.git.retry_after else {}
        self._send(status, headers, b"")

    def _drip(self) -> None:
        self.close_connection = True
        for byte in b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n" * 9:
            try:
                self.wfile.write(bytes((byte,)))
            except OSError:
                return
            if self.git.pause(0.2):
                return

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _ask_git(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        backend = subprocess.run(
            ("git", "http-backend"),
            input=body,
            env=self._environment(len(body)),
            capture_output=True,
            check=False,
        )
        head, _, content = backend.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        return int(headers.pop("Status", "200").split()[0]), headers, content

    def _environment(self, size: int) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        environment = {
            **clean_environment(),
            "GIT_PROJECT_ROOT": str(self.git.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": "tester",
            "REMOTE_ADDR": "127.0.0.1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(size),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        if self.git.protocol == 2:
            environment["GIT_PROTOCOL"] = self.headers.get("Git-Protocol", "")
        return environment

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        if self.git.mode == TRUNCATE:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)
            self.git.bytes_sent += len(body)


def clean_environment() -> dict[str, str]:
    """An environment for git that reads nobody's configuration."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.devnull,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }


def until(question: object, seconds: float = 10.0) -> bool:
    """Ask again until the answer is yes; False when it never was."""
    assert callable(question)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.01)
    return bool(question())
