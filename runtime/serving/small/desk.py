"""Where questions are put: in turn, measured, answered by the engine."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from runtime.serving.asked import Asked
from runtime.serving.meters import Meters
from runtime.serving.refused import Refused
from runtime.serving.small.clerk import Clerk
from runtime.serving.small.engine import Engine
from runtime.serving.small.question import Piece, Question
from runtime.serving.small.shelf import Shelf
from runtime.serving.turns import Full, Turn, Turns

LEAST_BODY_BYTES = 2**20
BYTES_A_TOKEN = 64
"""No prompt that fits takes more than this a token, escapes and all, but for the smallest limits."""


class Desk:
    """The engine and what stands before it."""

    def __init__(self, engine: Engine, clerk: Clerk, turns: Turns, meters: Meters) -> None:
        self.engine = engine
        self.turns = turns
        self._clerk = clerk
        self._meters = meters
        self.most_body_bytes = max(LEAST_BODY_BYTES, BYTES_A_TOKEN * engine.limit)
        meters.running.set_function(lambda: turns.running)
        meters.waiting.set_function(lambda: turns.waiting)

    @property
    def served_name(self) -> str:
        """The base model's name."""
        return self._clerk.served_name

    @property
    def shelf(self) -> Shelf:
        """The adapters that can be asked for."""
        return self._clerk.shelf

    async def question(self, asked: Asked) -> Question:
        """What was asked, ready for the engine; else Refused."""
        return await self._clerk.question(asked)

    def line_up(self) -> Turn:
        """A turn, which must be entered; Refused with 429 when the line is full."""
        try:
            return self.turns.enter()
        except Full as error:
            self._meters.limited.inc()
            raise Refused(
                429, f"{self.turns.waiting} requests are waiting already: try again later.", wait=1
            ) from error

    async def answer(self, question: Question, turn: Turn) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece, once it is this question's turn."""
        asked_at = time.perf_counter()
        async with turn, aclosing(self.engine.answer(question)) as pieces:
            self._meters.queued.observe(time.perf_counter() - asked_at)
            self._meters.prompt_tokens.inc(len(question.prompt))
            last, before = asked_at, 0
            async for piece in pieces:
                now = time.perf_counter()
                self._note(piece, before, now - last)
                last, before = now, piece.tokens
                if piece.ended:
                    self._note_end(question, piece, now - asked_at)
                yield piece

    def _note(self, piece: Piece, before: int, seconds: float) -> None:
        self._meters.answer_tokens.inc(piece.tokens - before)
        (self._meters.between_tokens if before else self._meters.first_token).observe(seconds)

    def _note_end(self, question: Question, piece: Piece, seconds: float) -> None:
        self._meters.finished(piece.ended or "")
        self._meters.whole_answer.observe(seconds)
        self._meters.prompt_length.observe(len(question.prompt))
        self._meters.answer_length.observe(piece.tokens)
