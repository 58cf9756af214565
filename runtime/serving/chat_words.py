"""KAITO's words for a chat, as its guides show them, and the OpenAI words they mean.

`POST /chat {"prompt": "…"}` is answered `{"Result": "…"}`. Beside `prompt` any field of /v1/chat/completions
may stand (`model`, `stream`, `max_tokens`, `temperature`, …) and `system`, a text that goes before; so may
`generate_kwargs` and `return_full_text` of KAITO's former API. What has no meaning any more is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMER = {"max_new_tokens": "max_tokens", "max_length": "max_tokens"}
PASSED_OVER = (
    "clean_up_tokenization_spaces",
    "prefix",
    "handle_long_generation",
    "return_full_text",
    "system",
)
KEPT_KWARGS = ("temperature", "top_p", "top_k", "repetition_penalty", "seed", "stop")


class Misspoken(Exception):
    """The request cannot be understood; the text says why."""


@dataclass(frozen=True)
class Question:
    """A chat in OpenAI's words; `before` is what goes before the answer in Result."""

    body: bytes
    streams: bool
    before: str = ""


def parse_question(body: bytes) -> Question:
    """Translate the body of POST /chat. Raises Misspoken."""
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Misspoken('the body must be JSON: {"prompt": "your question"}') from error
    if not isinstance(said, dict):
        raise Misspoken('the body must be a JSON object: {"prompt": "your question"}')
    prompt = said.pop("prompt", None)
    if "messages" not in said and (not isinstance(prompt, str) or not prompt):
        raise Misspoken('the field prompt must be a text that is not empty: {"prompt": "your question"}')
    kwargs = said.pop("generate_kwargs", None) or {}
    if not isinstance(kwargs, dict):
        raise Misspoken("the field generate_kwargs must be an object")
    full = bool(said.get("return_full_text")) and isinstance(prompt, str)
    asked = {
        "messages": said.pop("messages", None) or _messages(said.get("system"), prompt),
        **_of_former(kwargs),
        **{key: value for key, value in said.items() if key not in PASSED_OVER},
    }
    return Question(json.dumps(asked).encode(), asked.get("stream") is True, prompt if full else "")


def compose_result(answer: bytes, before: str) -> bytes:
    """The body of an answer of /v1/chat/completions as KAITO's guide shows it."""
    text = json.loads(answer)["choices"][0]["message"]["content"] or ""
    return json.dumps({"Result": before + text}, ensure_ascii=False).encode()


def compose_refusal(sentence: str, status: int) -> bytes:
    """An error in OpenAI's form."""
    return json.dumps({"error": {"message": sentence, "type": "BadRequestError", "code": status}}).encode()


def _messages(system: object, prompt: object) -> list[Mapping[str, Any]]:
    before = [{"role": "system", "content": system}] if system else []
    return [*before, {"role": "user", "content": prompt}]


def _of_former(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    asked = {FORMER[key]: value for key, value in sorted(kwargs.items()) if key in FORMER}
    asked |= {key: value for key, value in kwargs.items() if key in KEPT_KWARGS}
    return asked | {"temperature": 0} if kwargs.get("do_sample") is False else asked
