"""What the server sends, as it comes: whole answers, the end of a long one, the events of a watch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from time import monotonic
from typing import Any

from pydantic_core import from_json
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from reconciler.faults import Broken

from .faults import fault_of_failure

Json = dict[str, Any]

FAILURES = (HTTPError, OSError, HTTPException)
_PART = 1 << 16
_LARGEST = 256 << 20


class Stream:
    """The events of a watch, as they come. Iterating raises a Fault when the connection breaks."""

    def __init__(self, response: BaseHTTPResponse, server: str, silence: float) -> None:
        self._response = response
        self._server = server
        connection: Any = response.connection
        if connection is not None and connection.sock is not None:
            connection.sock.settimeout(silence)

    def __iter__(self) -> Iterator[Json]:
        rest = b""
        while part := _part(self._response, self._server):
            *lines, rest = (rest + part).split(b"\n")
            yield from (document(line, self._server) for line in lines if line)
            if len(rest) > _LARGEST:
                raise Broken(f"{self._server}: an event without an end")

    def close(self) -> None:
        """Wake whoever waits for the next event; to be called from another thread."""
        with suppress(RuntimeError, ValueError, OSError):  # it had ended already
            self._response.shutdown()

    def discard(self) -> None:
        """Let go of the connection; to be called by the thread that iterates."""
        self._response.close()


def whole_of(response: BaseHTTPResponse, server: str, seconds: float) -> bytes:
    """The whole body: bounded in time, however slowly it trickles in, and in size. Raises Broken beyond."""
    body, deadline = bytearray(), monotonic() + seconds
    while part := _part(response, server):
        body += part
        if monotonic() > deadline or len(body) > _LARGEST:
            response.close()
            raise Broken(f"{server}: an answer without an end")
    return bytes(body)


def end_of(response: BaseHTTPResponse, server: str, most: int, seconds: float) -> bytes:
    """At most so many bytes, the last. Raises Broken when it does not come to an end in time."""
    kept, deadline = bytearray(), monotonic() + seconds
    while part := _part(response, server):
        kept += part
        if len(kept) > 2 * most:
            del kept[:-most]
        if monotonic() > deadline:
            response.close()
            raise Broken(f"{server}: a text without an end")
    return bytes(kept[-most:])


def document(body: bytes, server: str) -> Json:
    """The JSON object in these bytes. Raises Broken where there is none."""
    try:
        value = from_json(body)
    except ValueError as failure:
        raise Broken(f"{server}: the answer is not JSON") from failure
    if not isinstance(value, dict):
        raise Broken(f"{server}: the answer is not a JSON object")
    return value


def _part(response: BaseHTTPResponse, server: str) -> bytes:
    try:
        return response.read1(_PART, decode_content=False)
    except FAILURES as failure:
        raise fault_of_failure(failure, server) from failure
