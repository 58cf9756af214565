"""Tokens to text, as they come: never half a character, never part of a stop string."""

from __future__ import annotations

from collections.abc import Sequence

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

PRIMING = 6
"""Tokens of the prompt the decoder is shown first, so that the first token of the answer keeps its space."""


class Scribe:
    """Writes one answer. `stopped` says whether a stop string was met; what follows it is not written."""

    def __init__(self, tokenizer: Tokenizer, prompt: Sequence[int], stops: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._tokens = list(prompt[-PRIMING:])
        self._stream = DecodeStream(ids=list(self._tokens), skip_special_tokens=True)
        self._decoded = len(self._decode())
        self._stops = tuple(stops)
        self._held = ""
        self.stopped = False

    def write(self, tokens: Sequence[int]) -> str:
        """The text that is certain after these tokens."""
        for token in tokens:
            self._tokens.append(token)
            piece = self._stream.step(self._tokenizer, token) or ""
            self._decoded += len(piece)
            self._held += piece
        return self._let_go(last=False)

    def close(self) -> str:
        """The rest, once the last token was written: what was held back, and a character that stayed
        unfinished as the replacement character."""
        self._held += self._decode()[self._decoded :]
        return self._let_go(last=True)

    def _decode(self) -> str:
        return self._tokenizer.decode(self._tokens, skip_special_tokens=True)

    def _let_go(self, *, last: bool) -> str:
        if self.stopped:
            return ""
        met = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if met:
            self.stopped = True
            certain = self._held[: min(met)]
            self._held = ""
            return certain
        keep = 0 if last else max((_overlap(self._held, stop) for stop in self._stops), default=0)
        certain, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return certain


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of the text could begin the stop string."""
    return next(
        (size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0
    )
