"""What the engine is asked and what it answers. Light: whoever only serves HTTP need not import torch for
it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.serving.small.lora import Lora


class EngineStopped(Exception):
    """The engine's thread is gone; `str()` says why. Nothing in this process can bring it back."""


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen. `temperature` 0 is greedy; `top_k` 0, `top_p` 1 and `min_p` 0 cut nothing
    off; the same `seed` gives the same answer as far as the arithmetic of a shared batch allows."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None


@dataclass(frozen=True)
class Question:
    """One request, ready for the engine: `prompt` in tokens, at most `most` tokens of answer."""

    prompt: tuple[int, ...]
    most: int
    sampling: Sampling
    stops: tuple[str, ...] = ()
    lora: Lora | None = None
    ignore_end: bool = False


@dataclass(frozen=True)
class Piece:
    """Some text of an answer. `tokens` counts those written so far; `ended` says why no more will come."""

    text: str
    tokens: int
    ended: str | None = None
