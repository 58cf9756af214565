"""Asking a Git server one thing over smart HTTP, on one kept connection.

The standard library's client, because only its socket can be given a deadline for the whole answer: a server
that sends a byte a second is cut off as surely as one that sends none. Source: gitprotocol-http(5).
"""

from __future__ import annotations

import io
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from socket import SocketIO, socket
from typing import cast
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from reconciler.faults import Unreachable

from .address import Address
from .credentials import Credentials

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `is_whole` is False when the body was longer than was wanted."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool


@dataclass(slots=True)
class Meter:
    """When (monotonic seconds) an answer must be whole, and the bytes that have come so far."""

    deadline: float = 0.0
    received: int = 0


@dataclass(slots=True)
class HttpLine:
    """One kept connection to one address. Not for two threads at once."""

    address: Address
    credentials: Credentials
    seconds: float
    requests: int = 0
    meter: Meter = field(default_factory=Meter)
    _connection: HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str], most: int) -> Answer:
        """One request, answered within `seconds` and read up to `most` bytes. Raises `Unreachable`."""
        self.meter.deadline = time.monotonic() + self.seconds
        kept = self._connection is not None
        try:
            return self._ask(method, path, body, headers, most)
        except (OSError, HTTPException) as failure:
            self.close()
            if not kept or time.monotonic() > self.meter.deadline:
                raise self._unreachable(failure) from failure
        try:
            return self._ask(method, path, body, headers, most)
        except (OSError, HTTPException) as failure:
            self.close()
            raise self._unreachable(failure) from failure

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str], most: int) -> Answer:
        if self._connection is None:
            self._connection = _connect(self.address, self.credentials, self.seconds, self.meter)
        known = {"Authorization": self.credentials.authorization} if self.credentials.authorization else {}
        self.requests += 1
        target = f"{self.address.path}{path}"
        self._connection.request(method, target, body or None, {**headers, **known})
        response = self._connection.getresponse()
        with response:
            content = _read(response, most)
        is_whole = len(content) <= most
        if not is_whole:
            self.close()
        return Answer(response.status, dict(response.getheaders()), content[:most], is_whole)

    def _unreachable(self, failure: Exception) -> Unreachable:
        reason = "no whole answer in time" if isinstance(failure, TimeoutError) else type(failure).__name__
        if isinstance(failure, ssl.SSLCertVerificationError):
            reason = f"its certificate is not trusted ({failure.verify_message})"
        elif isinstance(failure, OSError) and failure.strerror:
            reason = failure.strerror
        return Unreachable(f"{self.address}: {reason}", code=type(failure).__name__)


class _MeteredResponse(HTTPResponse):
    """A response that reads its socket by the meter."""

    def __init__(self, sock: socket, debuglevel: int = 0, method: str | None = None, *, meter: Meter) -> None:
        super().__init__(sock, debuglevel, method)
        raw = cast("SocketIO", self.fp.detach())
        self.fp = io.BufferedReader(_MeteredReader(sock, raw, meter), CHUNK)


class _MeteredReader(io.RawIOBase):
    """Every read waits no longer than what is left until the deadline, and is counted."""

    def __init__(self, sock: socket, raw: SocketIO, meter: Meter) -> None:
        super().__init__()
        self._socket, self._raw, self._meter = sock, raw, meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]
        left = self._meter.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        self._socket.settimeout(left)
        count = self._raw.readinto(buffer)
        self._meter.received += count or 0
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _read(response: HTTPResponse, most: int) -> bytes:
    parts, size = [], 0
    while size <= most and (part := response.read1(CHUNK)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _connect(address: Address, credentials: Credentials, seconds: float, meter: Meter) -> HTTPConnection:
    proxy = _proxy(address)
    host, port = (proxy.host, proxy.port) if proxy else (address.host, address.port)
    if address.scheme == "https":
        trust = ssl.create_default_context(cafile=str(credentials.ca_file) if credentials.ca_file else None)
        connection: HTTPConnection = HTTPSConnection(host, port, timeout=seconds, context=trust)
    else:
        connection = HTTPConnection(host, port, timeout=seconds)
    connection.response_class = cast("type[HTTPResponse]", partial(_MeteredResponse, meter=meter))
    if proxy:
        headers = {"Proxy-Authorization": proxy.authorization} if proxy.authorization else {}
        connection.set_tunnel(address.host, address.port, headers)
    return connection


@dataclass(frozen=True, slots=True)
class _Proxy:
    """An HTTP proxy that is asked to CONNECT."""

    host: str
    port: int
    authorization: str


def _proxy(address: Address) -> _Proxy | None:
    """The proxy that the environment names for this address, as curl and so git read it."""
    found = getproxies_environment()
    if address.is_loopback or proxy_bypass(address.host):
        return None
    parts = urlsplit(found.get(address.scheme, ""))
    if not parts.hostname:
        return None
    user = Credentials(unquote(parts.username or ""), unquote(parts.password or ""))
    return _Proxy(parts.hostname, parts.port or 80, user.authorization)
