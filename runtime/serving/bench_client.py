"""One question over HTTP, measured: random tokens in, a stream of as many tokens as wanted out."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

ANSWER_SECONDS = 600.0
LOW, HIGH = 300, 2000
"""Tokens of prompts are drawn from here: above the special ones, below the smallest vocabulary."""


@dataclass(frozen=True)
class Asking:
    """Whom to ask: the server's address and the model's name."""

    address: str
    model: str

    def connect(self, seconds: float = ANSWER_SECONDS) -> HTTPConnection:
        """A connection of its own."""
        parts = urlsplit(self.address)
        return HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=seconds)


@dataclass(frozen=True)
class Sample:
    """One answer: seconds until its first token, seconds from the first to the last, tokens read and written;
    `whole` unless the time was up before."""

    first: float
    writing: float
    prompt: int
    answer: int
    whole: bool


@dataclass(frozen=True)
class Unanswered:
    """A question that was refused or whose answer broke off, and why, in a few words."""

    why: str


Answer = Sample | Unanswered


def is_healthy(asking: Asking) -> bool:
    """Whether the server says it is ready."""
    connection = asking.connect(seconds=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def context_limit(asking: Asking) -> int:
    """The longest sequence the server promises, in tokens. Raises OSError, HTTPException, ValueError or
    LookupError where it does not say so."""
    connection = asking.connect()
    try:
        connection.request("GET", "/v1/models")
        models = json.loads(connection.getresponse().read())["data"]
    finally:
        connection.close()
    limits = {model["id"]: int(model["max_model_len"]) for model in models}
    return limits[asking.model]


def ask(asking: Asking, prompt: int, answer: int, *, seed: int, until: float | None) -> Answer:
    """Ask once, with a prompt no other seed gives. `until` is the moment of time.monotonic() at which the
    rest no longer matters."""
    tokens = random.Random(seed).choices(range(LOW, HIGH), k=prompt)  # noqa: S311  a load, not a secret
    body = {
        "model": asking.model,
        "prompt": tokens,
        "max_tokens": answer,
        "temperature": 0,
        "ignore_eos": True,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    connection = asking.connect()
    try:
        connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        began = time.monotonic()
        response = connection.getresponse()
        if response.status != 200:
            return Unanswered(f"{response.status}: {_refusal(response.read())}")
        return _sample(_chunks(response), prompt, began, until)
    except (OSError, HTTPException, ValueError) as error:
        return Unanswered(str(error) or type(error).__name__)
    finally:
        connection.close()


def _refusal(body: bytes) -> str:
    """The sentence in OpenAI's shape of an error, or the beginning of whatever it is."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return body.decode(errors="replace")[:200]


def _chunks(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith(b"data: {"):
            yield json.loads(line[6:])


def _sample(chunks: Iterator[dict[str, Any]], prompt: int, began: float, until: float | None) -> Answer:
    """A chunk counts as one token until the server says how many there were."""
    first = last = None
    written, whole = 0, False
    for chunk in chunks:
        if "error" in chunk:
            return Unanswered(str(chunk["error"])[:200])
        if chunk["choices"]:
            last = time.monotonic()
            first = first or last
            written += 1
        if usage := chunk.get("usage"):
            written, whole = usage["completion_tokens"], True
        if until is not None and time.monotonic() >= until:
            break
    if first is None or last is None:
        return Sample(0, 0, 0, 0, whole=False)
    return Sample(first - began, last - first, prompt, written, whole)
