from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from runtime.serving.chat_words import Misspoken, compose_result, parse_question
from runtime.serving.vllm.asgi import App, Message, Receive, Scope, Send, answer
from runtime.serving.vllm.chat_route import LONGEST, ChatRoute


def asked(body: object) -> dict[str, Any]:
    return dict(json.loads(parse_question(json.dumps(body).encode()).body))


def test_a_prompt_is_asked_as_a_users_message() -> None:
    assert asked({"prompt": "Are dogs real?"}) == {
        "messages": [{"role": "user", "content": "Are dogs real?"}]
    }


def test_fields_of_openais_api_may_stand_beside_the_prompt() -> None:
    said = asked({"prompt": "hi", "system": "Be brief.", "max_tokens": 5, "model": "support", "stream": True})
    assert said["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (said["max_tokens"], said["model"], said["stream"]) == (5, "support", True)


def test_the_words_of_kaitos_former_api_are_understood() -> None:
    said = asked(
        {
            "prompt": "hi",
            "return_full_text": False,
            "clean_up_tokenization_spaces": False,
            "prefix": None,
            "handle_long_generation": None,
            "generate_kwargs": {"max_length": 200, "do_sample": False, "top_k": 10, "num_beams": 1},
        }
    )
    assert said == {
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 200,
        "temperature": 0,
        "top_k": 10,
    }


def test_the_result_has_the_prompt_before_it_where_the_full_text_is_wanted() -> None:
    question = parse_question(b'{"prompt": "Once", "return_full_text": true}')
    body = b'{"choices": [{"message": {"content": " upon \\u00e4 time"}}]}'
    assert json.loads(compose_result(body, question.before)) == {"Result": "Once upon ä time"}


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"prompt": ""}', b'{"prompt": 5}', b"\xff"])
def test_what_is_no_question_is_told_with_the_shape_that_is(body: bytes) -> None:
    with pytest.raises(Misspoken, match=r"\{\"prompt\": \"your question\"\}"):
        parse_question(body)


class Spoken:
    """One exchange with the middleware by ASGI itself: what the app behind it saw, what came back."""

    def __init__(self, app: App, path: str, *parts: Message, method: str = "POST") -> None:
        self.sent: list[Message] = []
        self.read = 0
        self._parts = list(parts)
        self._scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "headers": [(b"content-length", b"999"), (b"authorization", b"Bearer kept")],
        }
        asyncio.run(ChatRoute(app)(self._scope, self._receive, self._send))

    async def _receive(self) -> Message:
        self.read += 1
        return self._parts.pop(0) if self._parts else {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


seen: list[tuple[Scope, bytes]] = []


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    """An API that answers as OpenAI's, in two pieces, and keeps what it was asked."""
    message = await receive()
    seen.append((scope, message.get("body", b"")))
    assert (await receive())["type"] == "http.disconnect"
    whole = json.dumps({"choices": [{"message": {"content": "yes"}}]}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": whole[:9], "more_body": True})
    await send({"type": "http.response.body", "body": whole[9:]})


async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, 404, b'{"error": {"message": "no such model"}}')


def test_a_question_in_pieces_goes_on_as_a_chat_completion_and_comes_back_as_a_result() -> None:
    spoken = Spoken(behind, "/chat", part(b'{"prompt"', more=True), part(b': "hi"}'))
    scope, body = seen.pop()
    assert scope["path"] == "/v1/chat/completions"
    assert dict(scope["headers"])[b"content-length"] == str(len(body)).encode()
    assert dict(scope["headers"])[b"authorization"] == b"Bearer kept"
    assert spoken.body == b'{"Result": "yes"}'
    assert dict(spoken.sent[0]["headers"])[b"content-length"] == b"17"


def test_an_error_comes_back_as_it_is() -> None:
    spoken = Spoken(refuses, "/chat", part(b'{"prompt": "hi", "model": "nobody"}'))
    assert spoken.sent[0]["status"] == 404
    assert b"no such model" in spoken.body


def test_a_stream_passes_through_as_it_is() -> None:
    spoken = Spoken(behind, "/chat", part(b'{"prompt": "hi", "stream": true}'))
    seen.pop()
    assert spoken.sent[1]["more_body"]  # two pieces, not one
    assert b"choices" in spoken.body


def test_a_body_without_end_is_cut_off_with_413() -> None:
    spoken = Spoken(behind, "/chat", part(b"x" * (LONGEST + 1), more=True))
    assert spoken.sent[0]["status"] == 413
    assert not seen


def test_who_leaves_before_asking_is_not_answered() -> None:
    assert Spoken(behind, "/chat", part(b"{", more=True)).sent == []


def test_another_method_is_told_which_one_is_right() -> None:
    spoken = Spoken(behind, "/chat", method="GET")
    assert spoken.sent[0]["status"] == 405
    assert (b"allow", b"POST") in spoken.sent[0]["headers"]


def test_other_paths_pass_untouched_with_their_bodies_unread() -> None:
    spoken = Spoken(refuses, "/v1/chat/completions", part(b"{}"))
    assert spoken.read == 0
    assert spoken.sent[0]["status"] == 404
