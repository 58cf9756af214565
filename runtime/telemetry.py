"""What a container says of itself in its log, for whoever watches from outside: one line of JSON a fact,
`{"time": …, "event": "telemetry", "download" | "benchmark" | "training": {…}}`. Each line is whole by itself;
what is not known is left out.

Lines stay below 12 KiB: a container's runtime cuts those of 16 KiB in two.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

EVENT = "telemetry"
EVERY_SECONDS = 10.0
"""Between one line about the same download and the next."""
MOST_POINTS = 120
_MOST_EVALS = 40
_MOST_NAME, _MOST_MESSAGE, _MOST_SHOWN, _MOST_SENTENCE = 300, 800, 5, 200


@dataclass(frozen=True)
class Download:
    """How much of `what` is there. `total_bytes` is 0 while it is not known; `is_over` once all that was
    wanted has come."""

    what: str
    done_bytes: int
    total_bytes: int
    bytes_per_second: float
    is_over: bool = False


@dataclass(frozen=True)
class Training:
    """Where a fine-tuning stands: the state by name, the last that is known of it, and a sentence on what
    came of it; losses are nats a token."""

    state: str = "starting"
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    loss: float | None = None
    eval_loss: float | None = None
    learning_rate: float | None = None
    tokens_per_second: float | None = None
    eta_seconds: float | None = None
    digest: str = ""
    message: str = ""


@dataclass(frozen=True)
class Rows:
    """How many rows are trained on, held back to evaluate, and cannot be used; of these the first, each in a
    sentence."""

    trained: int
    held_back: int
    unusable: int
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benchmark:
    """What was measured after the start: tokens written a second, read and written a minute; `ttft_seconds`
    to the first token, half of the answers sooner, `tpot_seconds` on average for each further one;
    `context_tokens` is the longest sequence that was answered. `error` says why nothing was found."""

    tokens_per_second: float | None = None
    tokens_per_minute: float | None = None
    ttft_seconds: float | None = None
    tpot_seconds: float | None = None
    context_tokens: int | None = None
    clients: int | None = None
    error: str = ""


Point = tuple[int, float | None, float | None]
"""A step, the loss of its batch, and the loss on the rows held back."""


def download_line(download: Download) -> str:
    """How much of it is there."""
    fact = {
        "what": _sentence(download.what, _MOST_NAME),
        "doneBytes": download.done_bytes,
        "totalBytes": download.total_bytes,
        "bytesPerSecond": round(download.bytes_per_second),
    }
    return _line("download", fact)


def benchmark_line(found: Benchmark) -> str:
    """What was measured, or why nothing was."""
    fact = {
        "tokensPerSecond": found.tokens_per_second,
        "tokensPerMinute": found.tokens_per_minute,
        "ttftSeconds": found.ttft_seconds,
        "tpotSeconds": found.tpot_seconds,
        "contextTokens": found.context_tokens,
        "clients": found.clients,
        "error": _sentence(found.error, _MOST_MESSAGE),
    }
    return _line("benchmark", fact)


def training_line(now: Training, rows: Rows | None, course: Sequence[Point]) -> str:
    """Where it stands, of what rows, and how it came there; of a long course so many points that the line
    stays short."""
    fact = {
        "state": now.state,
        "message": _sentence(now.message, _MOST_MESSAGE),
        "step": now.step,
        "steps": now.steps,
        "epoch": now.epoch,
        "loss": now.loss,
        "evalLoss": now.eval_loss,
        "learningRate": now.learning_rate,
        "tokensPerSecond": now.tokens_per_second,
        "etaSeconds": now.eta_seconds,
        "digest": now.digest,
        "rows": rows and _rows(rows),
        "curve": [list(point) for point in thinned(course)],
    }
    return _line("training", fact)


def thinned(course: Sequence[Point]) -> list[Point]:
    """At most 120 points in the order of their steps, the first and the last of either loss among them."""
    finite = [(step, _finite(loss), _finite(held)) for step, loss, held in course]
    losses = {step: loss for step, loss, _ in finite if loss is not None}
    evals = _some({step: held for step, _, held in finite if held is not None}, _MOST_EVALS)
    losses = _some(losses, MOST_POINTS - len(evals))
    return [(step, losses.get(step), evals.get(step)) for step in sorted(losses.keys() | evals.keys())]


def say(line: str) -> None:
    """Write it to the log, which is standard output, in one piece."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Downloads:
    """Tells how downloads come along: when one begins, at most every ten seconds, and at its end."""

    def __init__(self, say: Callable[[str], None] = say, clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._told, self._what = -EVERY_SECONDS, ""

    def tell(self, download: Download) -> None:
        """Take note of how far it is."""
        now = self._clock()
        if download.is_over or download.what != self._what or now - self._told >= EVERY_SECONDS:
            self._told, self._what = now, download.what
            self._say(download_line(download))


def _line(subject: str, fact: Mapping[str, object]) -> str:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    known = {name: value for name, raw in fact.items() if (value := _known(raw)) is not None}
    return json.dumps({"time": now, "event": EVENT, subject: known}, ensure_ascii=False, allow_nan=False)


def _known(value: object) -> object:
    """None for what JSON cannot say."""
    return _finite(value) if isinstance(value, float) else value


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _rows(rows: Rows) -> dict[str, object]:
    return {
        "trained": rows.trained,
        "heldBack": rows.held_back,
        "unusable": rows.unusable,
        "shown": [_sentence(why, _MOST_SENTENCE) for why in rows.shown[:_MOST_SHOWN]],
    }


def _sentence(text: str, most: int) -> str:
    """On one line, without what cannot be printed, cut to `most` characters."""
    flat = "".join(sign if sign.isprintable() else " " for sign in text)
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _some(losses: dict[int, float], most: int) -> dict[int, float]:
    """So many of them at most, evenly, from the first to the last."""
    steps = sorted(losses)
    if len(steps) <= most:
        return losses
    return {step: losses[step] for step in (steps[i * (len(steps) - 1) // (most - 1)] for i in range(most))}
