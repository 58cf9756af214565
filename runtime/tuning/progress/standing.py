"""Standing: where a tuning stands, as one value; and the termination message made of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from runtime.telemetry import Training
from runtime.tuning.progress.rows import Row

STATES = (
    "starting",
    "fetched",
    "checked",
    "loading",
    "training",
    "delivering",
    "done",
    "interrupted",
    "failed",
)
MOST_BYTES = 4096  # what the kubelet keeps of a termination message
_MOST_BYTES_A_CHARACTER = 6  # in JSON, \u0000


@dataclass(frozen=True)
class Standing(Training):
    """The state by name (STATES), the last that is known of the training, and what came of it in a
    sentence."""

    def after(self, rows: Iterable[Row]) -> Standing:
        """The standing once these rows came: each tells what it knows."""
        standing = self
        for row in rows:
            known = {name: getattr(row, name) for name in _FROM_ROWS if getattr(row, name) is not None}
            standing = replace(standing, **known)
        return standing


_FROM_ROWS = (
    "step", "steps", "epoch", "loss", "eval_loss", "learning_rate", "tokens_per_second", "eta_seconds",
)  # fmt: skip


def termination_message(standing: Standing) -> str:
    """JSON of at most 4096 bytes; a long sentence is cut so that the rest stays readable."""
    facts: dict[str, Any] = {
        "state": standing.state,
        "step": standing.step,
        "steps": standing.steps,
        "epoch": round(standing.epoch, 3),
        "loss": standing.loss,
        "eval_loss": standing.eval_loss,
        "learning_rate": standing.learning_rate,
        "tokens_per_second": standing.tokens_per_second,
        "eta_seconds": standing.eta_seconds,
        "digest": standing.digest or None,
        "message": standing.message,
    }
    known = {name: value for name, value in facts.items() if value is not None and value == value}
    text, kept = _json(known), len(standing.message)
    while (over := len(text.encode()) - MOST_BYTES) > 0:
        kept -= max(1, over // _MOST_BYTES_A_CHARACTER)
        text = _json(known | {"message": standing.message[:kept] + "…"})
    return text


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False)
