"""What a tuning's container left behind when it ended: the termination message, which outlives its log.

JSON of at most 4096 bytes, in the names of runtime/tuning/progress/standing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from reconciler.domain.telemetry import Training
from reconciler.planner.health.verdict import Document, entries, section

from .facts import read_training
from .values import facts_of

FINAL = frozenset({"done", "failed", "interrupted"})
"""The states after which a tuning's container says no more."""

_NAMES = {"eval_loss": "evalLoss", "tokens_per_second": "tokensPerSecond"}


def last_words(pod: Document) -> Training | None:
    """Where the training stood when its container ended; None where it left no such message."""
    for message in _messages(pod):
        facts = facts_of(message) or {}
        if found := read_training({_NAMES.get(key, key): value for key, value in facts.items()}):
            return found
    return None


def ended_with(heard: Training | None, last: Training | None) -> Training | None:
    """What was heard, brought to its end by the last words: they know no rows and no curve."""
    if last is None or (heard is not None and heard.state in FINAL):
        return heard
    if heard is None:
        return last
    return replace(last, rows=heard.rows, curve=heard.curve, learning_rate=heard.learning_rate)


def _messages(pod: Document) -> Iterator[str]:
    for container in entries(section(pod, "status"), "containerStatuses"):
        ended: Any = section(section(container, "state"), "terminated").get("message")
        if isinstance(ended, str):
            yield ended
