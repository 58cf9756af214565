"""POST /chat beside vLLM's API, as ASGI middleware: the request goes on as /v1/chat/completions in here.

Streams pass through as they are (OpenAI's chunks, then [DONE]); so do errors. All other requests pass
untouched: their bodies are not read.
"""

from __future__ import annotations

from runtime.serving.chat_words import (
    Misspoken,
    Question,
    compose_refusal,
    compose_result,
    parse_question,
)
from runtime.serving.vllm.asgi import JSON, App, Message, Receive, Scope, Send, answer

PATH = "/chat"
TARGET = "/v1/chat/completions"
LONGEST = 16 * 2**20
"""Bytes of a request."""


class TooLong(Exception):
    """The body is longer than LONGEST."""


class Gone(Exception):
    """Who asked went away before all was said."""


class ChatRoute:
    """The middleware; vLLM makes it by `--middleware`."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer /chat, and let everything else pass."""
        if scope["type"] != "http" or scope["path"] != PATH:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            refusal = compose_refusal("ask by POST /chat", 405)
            await answer(send, 405, refusal, [(b"allow", b"POST")])
        else:
            await self._chat(scope, receive, send)

    async def _chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            question = parse_question(await _whole(receive))
        except Misspoken as why:
            await answer(send, 400, compose_refusal(str(why), 400))
        except TooLong:
            await answer(send, 413, compose_refusal(f"the body is longer than {LONGEST} bytes", 413))
        except Gone:
            return
        else:
            back = send if question.streams else Translated(send, question.before)
            await self._app(_readdressed(scope, question), _said_again(question, receive), back)


class Translated:
    """A `send` that holds a whole answer back and passes it on in KAITO's words; an error as it is."""

    def __init__(self, send: Send, before: str) -> None:
        self._send = send
        self._before = before
        self._start: Message = {}
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            await self._pass_on()

    async def _pass_on(self) -> None:
        fine = self._start["status"] == 200
        body = compose_result(bytes(self._body), self._before) if fine else bytes(self._body)
        headers = [(key, value) for key, value in self._start["headers"] if key.lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await self._send({**self._start, "headers": [*headers, length]})
        await self._send({"type": "http.response.body", "body": body})


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LONGEST:
            raise TooLong
    return bytes(body)


def _readdressed(scope: Scope, question: Question) -> Scope:
    root = scope.get("root_path", "")
    replaced = (b"content-length", b"content-type", b"transfer-encoding")
    headers = [(key, value) for key, value in scope["headers"] if key.lower() not in replaced]
    length = (b"content-length", str(len(question.body)).encode())
    path = root + TARGET
    return {**scope, "path": path, "raw_path": path.encode(), "headers": [*headers, JSON, length]}


def _said_again(question: Question, receive: Receive) -> Receive:
    """A `receive` that tells the translated body once, and then what really comes: that the asker left."""
    said = False

    async def tell() -> Message:
        nonlocal said
        if said:
            return await receive()
        said = True
        return {"type": "http.request", "body": question.body, "more_body": False}

    return tell
