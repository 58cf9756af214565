"""What people ask over HTTP: OpenAI's two bodies and KAITO's, read strictly. What we cannot do is refused by
name rather than ignored; what asks nothing of the answer is let through.

Fields: https://platform.openai.com/docs/api-reference/chat/create; top_k, min_p and ignore_eos are vLLM's.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from runtime.serving.chat_words import Misspoken, parse_question
from runtime.serving.refused import Refused

CARELESS = frozenset(
    {
        "user",
        "metadata",
        "store",
        "service_tier",
        "safety_identifier",
        "prompt_cache_key",
        "parallel_tool_calls",
    }
)
"""Fields that ask nothing of the answer itself."""
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "prompt_logprobs": (),
    "tools": ([],),
    "tool_choice": ("none", "auto"),
    "functions": ([],),
    "function_call": ("none", "auto"),
    "response_format": ({"type": "text"},),
    "presence_penalty": (0,),
    "frequency_penalty": (0,),
    "repetition_penalty": (1,),
    "logit_bias": ({},),
    "echo": (False,),
    "suffix": ("",),
    "modalities": (["text"],),
    "audio": (),
    "prediction": (),
    "reasoning_effort": ("none",),
}
"""Fields that the small engine cannot serve, with the values (beside null) by which nothing is asked."""


class Options(BaseModel):
    """`include_usage` asks for one more chunk at the end, with the counts."""

    model_config = ConfigDict(frozen=True)
    include_usage: bool = False


class Asked(BaseModel):
    """What the bodies have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    model: str | None = None
    stream: bool = False
    stream_options: Options | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    ignore_eos: bool = False

    @property
    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        several = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(stop for stop in several if stop)

    @property
    def most(self) -> int | None:
        """The longest answer wanted, in tokens; None leaves it to the server."""
        return self.max_tokens

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with the counts."""
        return self.stream_options is not None and self.stream_options.include_usage


class Part(BaseModel):
    """A part of a message. Only text is understood."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]
    name: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, fields: object) -> object:
        """An answer given back as part of the conversation carries a dozen fields that are null."""
        if not isinstance(fields, dict):
            return fields
        return {name: value for name, value in fields.items() if value is not None}

    def plain(self) -> dict[str, str]:
        """As chat templates take it: developer is what OpenAI calls system now."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return {"role": "system" if self.role == "developer" else self.role, "content": text}


class ChatAsked(Asked):
    """POST /v1/chat/completions."""

    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None

    @property
    def most(self) -> int | None:
        """`max_completion_tokens` is the newer name."""
        return self.max_completion_tokens or self.max_tokens


class TextAsked(Asked):
    """POST /v1/completions: one prompt, as text or as tokens."""

    prompt: (
        str
        | Annotated[list[int], Field(min_length=1)]
        | Annotated[list[str], Field(min_length=1, max_length=1)]
    )

    @property
    def most(self) -> int | None:
        """OpenAI's default for this route is 16."""
        return self.max_tokens or 16


class KaitoAsked(ChatAsked):
    """POST /chat, as KAITO's guide shows it, in OpenAI's words; `before` goes before the answer."""

    before: str = ""


Body = TypeVar("Body", bound=Asked)


def read_asked(kind: type[Body], raw: bytes) -> Body:
    """The body, or Refused with the field that is wrong."""
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is not JSON: {error}.") from error
    if not isinstance(fields, dict):
        raise Refused(400, "The body must be a JSON object.")
    if b"\\ud" in raw.lower() and _has_half_characters(fields):
        raise Refused(400, "The body is not JSON: it holds half of a surrogate pair, which is no character.")
    try:
        return kind.model_validate(
            {name: value for name, value in fields.items() if not _is_idle(name, value)}
        )
    except ValidationError as error:
        raise _refusal(error) from error


def read_kaito_asked(raw: bytes) -> KaitoAsked:
    """The body of POST /chat, or Refused with the field that is wrong."""
    try:
        question = parse_question(raw)
    except (Misspoken, RecursionError) as error:
        raise Refused(400, f"The body is wrong: {error}.") from error
    asked = read_asked(ChatAsked, question.body)
    return KaitoAsked.model_construct(asked.model_fields_set, **dict(asked), before=question.before)


def _has_half_characters(fields: dict[str, object]) -> bool:
    """JSON can escape one half of a surrogate pair, which Python takes and no tokenizer does."""
    try:
        json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_idle(name: str, value: object) -> bool:
    """Whether the field can be left out without a difference to the answer."""
    if name in CARELESS or value is None:
        return True
    if name not in NEUTRAL:
        return False
    if not any(
        value == neutral and isinstance(value, bool) == isinstance(neutral, bool) for neutral in NEUTRAL[name]
    ):
        raise Refused(400, f"{name} is not supported by the small engine: leave it out.", field=name)
    return True


def _refusal(error: ValidationError) -> Refused:
    """The first thing that is wrong; pydantic names the branches of a choice, which mean nothing to the
    reader."""
    first = error.errors()[0]
    field = str(first["loc"][0]) if first["loc"] else None
    where = ".".join(
        str(step) for step in first["loc"] if not str(step).startswith(("list[", "constrained", "str"))
    )
    match first["type"]:
        case "missing":
            sentence = f"{where} is missing."
        case "extra_forbidden":
            sentence = f"{where} is not a field of this route."
        case _:
            sentence = f"{where} is wrong: {first['msg'][0].lower()}{first['msg'][1:]}."
    return Refused(400, sentence, field=field)
