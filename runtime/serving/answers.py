"""The shapes of our answers: OpenAI's chat and text completions, and KAITO's {"Result": …}. Values only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True)
class Usage:
    """Tokens read and written."""

    prompt: int
    answer: int

    def body(self) -> dict[str, int]:
        """OpenAI's shape."""
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.answer,
            "total_tokens": self.prompt + self.answer,
        }


class Shape(Protocol):
    """How one answer is written: `whole` at once, or as an `opening` and `delta`s and perhaps a `closing`."""

    def whole(self, text: str, ended: str | None, usage: Usage) -> dict[str, Any]:
        """The answer in one piece."""

    def opening(self) -> dict[str, Any] | None:
        """The first chunk of a stream, before any text."""

    def delta(self, text: str, ended: str | None) -> dict[str, Any]:
        """A chunk with more text."""

    def closing(self, usage: Usage) -> dict[str, Any]:
        """The chunk with the counts, for those who asked."""


@dataclass(frozen=True)
class ChatShape:
    """chat.completion and chat.completion.chunk. `created` is in seconds since 1970."""

    key: str
    created: int
    model: str

    def whole(self, text: str, ended: str | None, usage: Usage) -> dict[str, Any]:
        """The answer in one piece."""
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": ended}
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage.body()}

    def opening(self) -> dict[str, Any] | None:
        """The chunk that says who speaks."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def delta(self, text: str, ended: str | None) -> dict[str, Any]:
        """A chunk with more text."""
        return self._chunk({"content": text} if text else {}, ended)

    def closing(self, usage: Usage) -> dict[str, Any]:
        """The counts, with no choice."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": usage.body()}

    def _chunk(self, delta: dict[str, str], ended: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": ended}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{self.key}", "object": kind, "created": self.created, "model": self.model}


@dataclass(frozen=True)
class TextShape:
    """text_completion, whole and in chunks. `created` is in seconds since 1970."""

    key: str
    created: int
    model: str

    def whole(self, text: str, ended: str | None, usage: Usage) -> dict[str, Any]:
        """The answer in one piece."""
        return {**self.delta(text, ended), "usage": usage.body()}

    def opening(self) -> dict[str, Any] | None:
        """Nothing comes before the text."""
        return None

    def delta(self, text: str, ended: str | None) -> dict[str, Any]:
        """A chunk with more text."""
        return self._with([{"index": 0, "text": text, "logprobs": None, "finish_reason": ended}])

    def closing(self, usage: Usage) -> dict[str, Any]:
        """The counts, with no choice."""
        return {**self._with([]), "usage": usage.body()}

    def _with(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        head = {"id": f"cmpl-{self.key}", "object": "text_completion", "created": self.created}
        return {**head, "model": self.model, "choices": choices}


@dataclass(frozen=True)
class KaitoShape(ChatShape):
    """KAITO's {"Result": …}, with `before` before the answer; a stream has the chunks of a chat."""

    before: str = ""

    def whole(self, text: str, ended: str | None, usage: Usage) -> dict[str, Any]:
        """The answer in one piece."""
        return {"Result": self.before + text}


def event(chunk: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
