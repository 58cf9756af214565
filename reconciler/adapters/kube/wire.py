"""A conversation with a Kubernetes API server: JSON in and out, every wait bounded, every failure a Fault.

What the server did not look at, for it had too much to do (429), is sent again when it may be. Nothing else
is repeated but a read whose connection was reset, and that once: of a write without an answer nobody knows
whether it was done, and the next pass looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic_core import to_json
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import ProtocolError

from reconciler.domain.tally import Tally
from reconciler.faults import Fault, Throttled

from .access import Access
from .counts import Counts
from .faults import fault_of_answer, fault_of_failure
from .rate import Clock, Rate
from .stream import FAILURES, Stream, document, end_of, whole_of

Json = dict[str, Any]
Query = tuple[tuple[str, str], ...]
Answer = TypeVar("Answer")

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
MOST_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a connection, for the next bytes, for a whole answer; and, all in all, until a
    server that has too much to do looks at a request."""

    connect: float = 10
    read: float = 30
    whole: float = 120
    busy: float = 30


@dataclass(frozen=True, slots=True)
class Request:
    """One question to the API. `body` is bytes for an apply, a document for the rest."""

    method: str
    path: str
    query: Query = ()
    body: bytes | Json | None = None
    content_type: str = "application/json"
    accept: str = "application/json"


class Wire:
    """Safe for many threads, of which 16 wait for an answer at a time."""

    def __init__(self, access: Access, patience: Patience, clock: Clock | None = None) -> None:
        self._access = access
        self._patience = patience
        self._rate = Rate(patience.busy, clock or Clock())
        self._counts = Counts(access.server.rpartition("/")[2])
        self._places = BoundedSemaphore(MOST_AT_ONCE)
        self._may_write: Callable[[], None] = _always
        self._hear: Callable[[str], None] = _nobody
        self.server = access.server

    def ask_before_writing(self, may_write: Callable[[], None]) -> None:
        """From now on call this before anything is written; it raises Deposed where that may not be."""
        self._may_write = may_write

    def tell_the_time(self, hear: Callable[[str], None]) -> None:
        """From now on tell what time the server says it is: the `Date` of its answers."""
        self._hear = hear

    def ask(self, request: Request) -> Json:
        """The document answered. Raises the Fault that the answer, or its absence, means."""
        try:
            return self._in_turn(request, self._answer)
        except Fault as fault:
            if request.method != "GET" or not isinstance(fault.__cause__, ProtocolError | ConnectionError):
                raise
        return self._in_turn(request, self._answer)

    def follow(self, path: str, query: Query, seconds: float) -> Stream:
        """A watch, open once the server has answered; `seconds` is how long it may be silent. One that is
        refused is not asked for again: whoever holds what was listed has no need to wait for it."""
        request = Request("GET", path, query)
        return Stream(self._in_turn(request, self._begin, again=False), self.server, seconds)

    def tail(self, request: Request, most: int, patience: Patience) -> bytes:
        """The end of an answer that is no document: at most so many bytes. Raises Broken when it does not
        come to an end in time."""
        response = self._begin(request, patience)
        return end_of(response, self.server, most, patience.whole)

    def tallies(self) -> Iterator[Tally]:
        """What was asked, and how fast that may be."""
        yield from self._counts.tallies()
        waited = "Seconds that requests have waited because the API server had too much to do (429)."
        yield Tally("towline_kubernetes_waited_seconds", waited, (), self._rate.waited)
        pace = "Requests a second asked of the API server at most; 0 while nothing limits them."
        yield Tally("towline_kubernetes_pace", pace, (), self._rate.pace, grows=False)

    def stop(self) -> None:
        """Whoever waits for the server to have less to do is told that nothing is asked any more."""
        self._rate.stop()

    def close(self) -> None:
        """Let go of all connections."""
        self._rate.stop()
        self._access.close()

    def _in_turn(
        self, request: Request, attempt: Callable[[Request], Answer], *, again: bool = True
    ) -> Answer:
        """Attempt it when its turn has come, and again while the server has too much to do."""
        may = _always if request.method == "GET" else self._may_write
        turn = self._rate.turn()
        while True:
            sent = self._rate.wait(turn, may)
            try:
                with self._places:
                    return attempt(request)
            except Throttled as busy:
                if not self._rate.refused(turn, sent, busy.retry_after) or not again:
                    raise

    def _answer(self, request: Request) -> Json:
        response = self._begin(request)
        return document(whole_of(response, self.server, self._patience.whole), self.server)

    def _begin(self, request: Request, patience: Patience | None = None) -> BaseHTTPResponse:
        """The response, its body unread. Raises the Fault that it is."""
        waits = patience or self._patience
        response = self._send(request, Timeout(connect=waits.connect, read=waits.read))
        if 200 <= response.status < 300:
            return response
        body = whole_of(response, self.server, waits.whole)
        if response.status == 401:
            self._access.forget()
        raise fault_of_answer(response.status, body, response.headers, request.path)

    def _send(self, request: Request, waits: Timeout) -> BaseHTTPResponse:
        asked = (request.method, request.path, ("watch", "true") in request.query)
        headers = self._access.signed({"Content-Type": request.content_type, "Accept": request.accept})
        target = f"{request.path}?{urlencode(request.query)}" if request.query else request.path
        body = to_json(request.body) if isinstance(request.body, dict) else request.body
        if request.method != "GET":
            self._may_write()
        try:
            response = self._access.send(request.method, target, headers, body, waits)
        except FAILURES as failure:
            self._counts.unanswered(asked)
            raise fault_of_failure(failure, self.server) from failure
        self._counts.answered(asked, response.status, response.headers)
        self._hear(response.headers.get("Date", ""))
        if response.status != 429:
            self._rate.answered()
        return response


def _always() -> None:
    """Whoever is alone may."""


def _nobody(date: str) -> None:
    """Nobody asks what time it is."""
