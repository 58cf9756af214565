"""Questions over HTTP, measured the same way whoever answers: streamed chat completions, greedy, of so many
tokens exactly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from typing import Any

from tests.bench_runtime.plan import Level
from tests.bench_runtime.python_docs import questions

LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, the name of its model, and what it must be told beside the question so that an
    answer does not end before it is as long as asked."""

    port: int
    model: str
    endless: Mapping[str, Any]

    def connect(self, seconds: float = LONGEST_SECONDS) -> HTTPConnection:
        """A connection of its own."""
        return HTTPConnection("127.0.0.1", self.port, timeout=seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    """Seconds until the first text came, and from a token to the next, on average."""

    first: float
    gap: float


@dataclass(frozen=True, slots=True)
class Round:
    """What all clients of one round saw together: its seconds, the processor's seconds of the server, and
    the answers."""

    seconds: float
    cpu_seconds: float
    tokens: int
    answers: tuple[Answer, ...]

    @property
    def tokens_per_second(self) -> float:
        """Tokens written, of all clients."""
        return self.tokens / self.seconds

    @property
    def requests_per_second(self) -> float:
        """Requests answered, of all clients."""
        return len(self.answers) / self.seconds

    @property
    def cpu_per_answer(self) -> float:
        """The server's processor seconds an answer."""
        return self.cpu_seconds / len(self.answers)

    @property
    def first_seconds(self) -> float:
        """The median client's wait for the first text."""
        return median(each.first for each in self.answers)

    @property
    def gap_seconds(self) -> float:
        """The median client's time from a token to the next."""
        return median(each.gap for each in self.answers)


def ask_round(address: Address, level: Level, seed: int, cpu: Callable[[], float]) -> Round:
    """One round. The same seed asks the same questions, and no other seed asks any of them. `cpu` tells the
    server's processor seconds so far."""
    asked = [questions(seed * level.clients + client, level.each) for client in range(level.clients)]
    with ThreadPoolExecutor(level.clients) as pool:
        began, used = time.monotonic(), cpu()
        answered = list(pool.map(lambda some: _ask_in_turn(address, some, level.tokens), asked))
        seconds, used = time.monotonic() - began, cpu() - used
    answers = tuple(answer for some in answered for answer in some)
    return Round(seconds, used, len(answers) * level.tokens, answers)


def ask(address: Address, question: str, tokens: int) -> Answer:
    """Ask once. RuntimeError where the server refuses, breaks off or writes another number of tokens."""
    body = {
        "model": address.model,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
        **address.endless,
    }
    connection = address.connect()
    try:
        began = time.monotonic()
        headers = {"content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"refused with {response.status}: {response.read(1000).decode()}")
        return _measured(_chunks(response), began, tokens)
    finally:
        connection.close()


def is_healthy(address: Address) -> bool:
    """Whether the server says that it is ready."""
    connection = address.connect(seconds=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _ask_in_turn(address: Address, asked: Iterable[str], tokens: int) -> list[Answer]:
    return [ask(address, question, tokens) for question in asked]


def _chunks(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])


def _measured(chunks: Iterable[dict[str, Any]], began: float, tokens: int) -> Answer:
    first = last = written = 0.0
    for chunk in chunks:
        if "error" in chunk:
            raise RuntimeError(f"broken off: {chunk['error']}")
        if any(choice["delta"].get("content") for choice in chunk["choices"]):
            last = time.monotonic()
            first = first or last
        written = (chunk.get("usage") or {}).get("completion_tokens", written)
    if written != tokens or not first:
        raise RuntimeError(f"{tokens} tokens were asked for and {written} written")
    return Answer(first - began, (last - first) / max(1, tokens - 1))
