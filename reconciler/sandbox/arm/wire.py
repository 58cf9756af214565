"""A request and an answer of the ARM API as values, read from aiohttp's and written to them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .refusals import invalid, unreadable


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: an HTTP status, a JSON body or none, and headers beyond the usual ones."""

    status: int
    body: dict[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the API reads it: `words` are its path in lower case, `raw` as it was written."""

    method: str
    words: tuple[str, ...]
    raw: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    origin: str

    @property
    def path(self) -> str:
        """Give the path as it was written."""
        return "/" + "/".join(self.raw)

    @property
    def pool(self) -> str:
        """Name the agent pool it is about; "" for none."""
        return self.raw[9] if self.words[8:9] == ("agentpools",) and len(self.raw) > 9 else ""


async def read_call(request: web.Request) -> Call:
    """Read a request; ArmRefusal 400 where its body is not a JSON object."""
    raw = tuple(word for word in request.path.split("/") if word)
    return Call(
        method=request.method,
        words=tuple(word.lower() for word in raw),
        raw=raw,
        query={
            name if name == "api-version" else name.lower(): value for name, value in request.query.items()
        },
        headers={name.lower(): value for name, value in request.headers.items()},
        body=_body(await request.read()),
        origin=str(request.url.origin()),
    )


def _body(sent: bytes) -> dict[str, Any]:
    try:
        body = json.loads(sent or b"{}")
    except ValueError as error:
        raise unreadable(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise unreadable("not a JSON object")
    return body


def machine_names(body: dict[str, Any]) -> list[str]:
    """Read the body of deleteMachines."""
    names = body.get("machineNames")
    if not isinstance(names, list) or not names:
        raise invalid("machineNames", "a list of machine names is required.")
    return [str(name) for name in names]


def response_of(answer: Answer, request: web.Request) -> web.Response:
    """Write an answer, with the headers that stand on everything ARM says: its own ids, and the caller's."""
    method = request.method
    response = web.Response(status=answer.status)
    if answer.body is not None:
        response = web.json_response(answer.body, status=answer.status)
    response.headers.update(answer.headers)
    response.headers["x-ms-request-id"] = str(uuid.uuid4())
    response.headers["x-ms-correlation-request-id"] = str(uuid.uuid4())
    if asked := request.headers.get("x-ms-client-request-id"):
        response.headers["x-ms-client-request-id"] = asked
    kind = "reads" if method == "GET" else "deletes" if method == "DELETE" else "writes"
    response.headers[f"x-ms-ratelimit-remaining-subscription-{kind}"] = "199"
    response.headers[f"x-ms-ratelimit-remaining-subscription-global-{kind}"] = "2999"
    return response
