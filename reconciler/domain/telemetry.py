"""What a workspace's own container says of itself: how far it has come, how fast it is, how well it learns.

The containers write it into their logs, runtime/telemetry.py in their words; KAITO's containers say of it
only what their benchmark found.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Download:
    """How much of `what` is there; `total_bytes` is 0 while it is not known."""

    what: str
    done_bytes: int
    total_bytes: int
    bytes_per_second: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether all of it is there."""
        return 0 < self.total_bytes <= self.done_bytes


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The measurement after the start. Tokens a second are those written, a minute those read as well;
    `ttft` is the time to the first token (median), `tpot` that of each further one, in seconds;
    `context_tokens` is the longest sequence that was answered. 0 is what was not told; `error` says why
    nothing was found."""

    tokens_per_second: float = 0.0
    tokens_per_minute: float = 0.0
    ttft_seconds: float = 0.0
    tpot_seconds: float = 0.0
    context_tokens: int = 0
    clients: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A step of a training, and its loss in nats a token: of the batch, of the rows held back."""

    step: int
    loss: float | None = None
    eval_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """How many rows of the data were trained on, held back to evaluate, and could not be used, of these the
    first with their place and why."""

    trained: int
    held_back: int
    unusable: int
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Training:
    """Where a fine-tuning stands. `state` is one of the container's words: starting, fetched, checked,
    loading, training, delivering, done, interrupted, failed. `digest` is the adapter's image, once pushed;
    `curve` has at most some hundred points."""

    state: str
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
    rows: Rows | None = None
    curve: tuple[Point, ...] = ()

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        return min(1.0, self.step / self.steps) if self.steps > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Telemetry:
    """All that was heard from one pod, known by its uid; None is what it did not say."""

    pod: str = ""
    download: Download | None = None
    benchmark: Benchmark | None = None
    training: Training | None = None


SILENCE = Telemetry()
BENCHMARK = "the benchmark"
"""What a workspace that serves already waits for until it has measured itself."""

LAST_WORDS = "its container's last words"
"""What a tuning that has succeeded waits for until it has told what came of it."""
