"""One route that answers: reads what is asked, writes the answer whole or as it comes, and stops at once when
the reader goes away."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING
from uuid import uuid4

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from runtime.serving.answers import DONE, KaitoShape, Shape, Usage, event
from runtime.serving.asked import Asked, KaitoAsked, read_asked, read_kaito_asked
from runtime.serving.meters import Meters
from runtime.serving.refused import Refused
from runtime.serving.small.question import EngineStopped, Question
from runtime.serving.standing import Standing
from runtime.serving.turns import Turn

if TYPE_CHECKING:
    from runtime.serving.small.desk import Desk

STREAM_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]


class Talk:
    """A route: the kind of body it takes and the shape of its answers."""

    def __init__(
        self, standing: Standing, meters: Meters, kind: type[Asked], shape: Callable[[str, int, str], Shape]
    ) -> None:
        self._standing = standing
        self._meters = meters
        self._kind = kind
        self._shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Whatever is wrong with it is Refused before the first byte of an answer."""
        request = Request(scope, receive)
        if request.method != "POST":
            raise Refused(405, "This route answers POST only.")
        desk = self._standing.desk()
        asked = self._read(await read_body(request, desk.most_body_bytes))
        question = await desk.question(asked)
        shape = self._shaped(asked, asked.model or desk.served_name)
        answer = Answer(desk, question, desk.line_up(), shape)
        write = answer.stream if asked.stream else answer.whole
        if not await while_connected(receive, lambda: write(scope, receive, send, usage=asked.wants_usage)):
            self._meters.cancelled.inc()

    def _read(self, raw: bytes) -> Asked:
        return read_asked(self._kind, raw)

    def _shaped(self, asked: Asked, model: str) -> Shape:
        return self._shape(uuid4().hex, int(time.time()), model)


class KaitoTalk(Talk):
    """POST /chat: a route of its own words."""

    def __init__(self, standing: Standing, meters: Meters) -> None:
        super().__init__(standing, meters, KaitoAsked, KaitoShape)

    def _read(self, raw: bytes) -> Asked:
        return read_kaito_asked(raw)

    def _shaped(self, asked: Asked, model: str) -> Shape:
        before = asked.before if isinstance(asked, KaitoAsked) else ""
        return KaitoShape(uuid4().hex, int(time.time()), model, before)


class Answer:
    """One answer on its way to its reader."""

    def __init__(self, desk: Desk, question: Question, turn: Turn, shape: Shape) -> None:
        self._desk = desk
        self._question = question
        self._turn = turn
        self._shape = shape

    async def whole(self, scope: Scope, receive: Receive, send: Send, *, usage: bool) -> None:
        """Write it when all of it is there."""
        text, tokens, ended = "", 0, None
        try:
            async with aclosing(self._desk.answer(self._question, self._turn)) as pieces:
                async for piece in pieces:
                    text, tokens, ended = text + piece.text, piece.tokens, piece.ended
        except EngineStopped as error:
            await JSONResponse(_broken(error).body(), 503)(scope, receive, send)
            return
        counts = Usage(len(self._question.prompt), tokens)
        await JSONResponse(self._shape.whole(text, ended, counts))(scope, receive, send)

    async def stream(self, scope: Scope, receive: Receive, send: Send, *, usage: bool) -> None:
        """Write it as server-sent events while it comes."""
        await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        if opening := self._shape.opening():
            await _send(send, event(opening))
        tokens = 0
        try:
            async with aclosing(self._desk.answer(self._question, self._turn)) as pieces:
                async for piece in pieces:
                    tokens = piece.tokens
                    if piece.text or piece.ended:
                        await _send(send, event(self._shape.delta(piece.text, piece.ended)))
        except EngineStopped as error:
            await _send(send, event(_broken(error).body()), last=True)
            return
        if usage:
            await _send(send, event(self._shape.closing(Usage(len(self._question.prompt), tokens))))
        await _send(send, DONE, last=True)


async def read_body(request: Request, most_bytes: int) -> bytes:
    """The body, as far as it is not too large: that is said before it was read to the end."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most_bytes:
                raise Refused(413, f"The body is larger than {most_bytes} bytes.")
            parts.append(part)
    except ClientDisconnect as error:
        raise Refused(400, "The connection ended before the body did.") from error
    return b"".join(parts)


async def while_connected(receive: Receive, work: Callable[[], Awaitable[None]]) -> bool:
    """Do the work unless the client goes away meanwhile; whether it was done."""
    done = False
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        await work()
        done = True
        group.cancel_scope.cancel()
    return done


def _broken(error: EngineStopped) -> Refused:
    return Refused(503, f"The engine stopped: {error}.")


async def _send(send: Send, part: bytes, *, last: bool = False) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": not last})
