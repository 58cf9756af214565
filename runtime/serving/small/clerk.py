"""From what was asked to a question for the engine: which adapter, which tokens, how long an answer."""

from __future__ import annotations

import asyncio

from jinja2 import TemplateError

from runtime.serving.asked import Asked, ChatAsked, TextAsked
from runtime.serving.refused import Refused
from runtime.serving.small.loading import Loaded
from runtime.serving.small.lora import Lora
from runtime.serving.small.question import Question, Sampling
from runtime.serving.small.shelf import Shelf


class Clerk:
    """Knows the model's name, tokenizer and limits. `limit` is in tokens, prompt and answer together."""

    def __init__(self, served_name: str, loaded: Loaded, shelf: Shelf, limit: int) -> None:
        self.served_name = served_name
        self._loaded = loaded
        self.shelf = shelf
        self._limit = limit

    async def question(self, asked: Asked) -> Question:
        """The question; Refused when the model is unknown or the prompt does not fit."""
        lora = self._lora(asked.model)
        prompt = await self._prompt(asked)
        return Question(
            prompt=prompt,
            most=self._room(len(prompt), asked.most),
            sampling=_sampling(asked, self._loaded.sampling),
            stops=asked.stops,
            lora=lora,
            ignore_end=asked.ignore_eos,
        )

    def _lora(self, name: str | None) -> Lora | None:
        if name is None or name == self.served_name:
            return None
        lora = self.shelf.find(name)
        if lora is None:
            there = ", ".join((self.served_name, *self.shelf.names))
            raise Refused(404, f"There is no model {name} here; there is {there}.", field="model")
        return lora

    async def _prompt(self, asked: Asked) -> tuple[int, ...]:
        match asked:
            case ChatAsked():
                return await self._conversation([message.plain() for message in asked.messages])
            case TextAsked(prompt=str(text)) | TextAsked(prompt=[str(text)]):
                return await self._tokens(text, special=True)
            case TextAsked():
                return self._own_tokens(asked)
        raise AssertionError(asked)

    def _own_tokens(self, asked: TextAsked) -> tuple[int, ...]:
        tokens = tuple(token for token in asked.prompt if isinstance(token, int))
        known = self._loaded.vocabulary
        if not all(0 <= token < known for token in tokens):
            raise Refused(400, f"prompt holds a token that is not among the model's {known}.", field="prompt")
        return tokens

    async def _conversation(self, messages: list[dict[str, str]]) -> tuple[int, ...]:
        if not self._loaded.tokenizer.chat_template:
            raise Refused(
                400, "This model has no chat template: use /v1/completions, or set model.chatTemplate."
            )
        try:
            text = self._loaded.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        except TemplateError as error:
            raise Refused(
                400, f"The model's chat template refuses these messages: {error}.", field="messages"
            ) from error
        return await self._tokens(str(text), special=False)

    async def _tokens(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Counting the tokens of a long text takes long, and lets go of the interpreter."""
        encode = self._loaded.tokenizer.backend_tokenizer.encode
        return tuple((await asyncio.to_thread(encode, text, add_special_tokens=special)).ids)

    def _room(self, prompt: int, most: int | None) -> int:
        if prompt >= self._limit:
            raise Refused(
                400, f"The prompt has {prompt} tokens, and the longest sequence here is {self._limit}."
            )
        if not prompt:
            raise Refused(400, "The prompt is empty.", field="prompt")
        if most is not None and prompt + most > self._limit:
            raise Refused(
                400,
                f"The prompt has {prompt} tokens and {most} more are asked for, and the longest sequence "
                f"here is {self._limit}: ask for at most {self._limit - prompt}.",
                field="max_tokens",
            )
        return self._limit - prompt if most is None else most


def _sampling(asked: Asked, advised: Sampling) -> Sampling:
    temperature = advised.temperature if asked.temperature is None else asked.temperature
    return Sampling(
        temperature=0.0 if temperature < 1e-5 else temperature,
        top_p=advised.top_p if asked.top_p is None else asked.top_p,
        top_k=max(advised.top_k if asked.top_k is None else asked.top_k, 0),
        min_p=asked.min_p or 0.0,
        seed=asked.seed,
    )
