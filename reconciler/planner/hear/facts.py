"""Download, benchmark and training as JSON: names as the containers write them (runtime/telemetry.py)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reconciler.domain.telemetry import Benchmark, Download, Point, Rows, Training

from .values import LONGEST_NAME, Facts, amount, count, figure, line, section

MOST_POINTS = 120
_MOST_SHOWN = 5
_LONGEST_SHOWN = 300
_STATE = re.compile(r"[a-z]{1,20}")


def read_download(facts: Facts) -> Download | None:
    """How much is there; None where nothing was told."""
    done, total = count(facts, "doneBytes"), count(facts, "totalBytes")
    if not done and not total:
        return None
    return Download(line(facts.get("what"), LONGEST_NAME), done, total, figure(facts, "bytesPerSecond"))


def read_benchmark(facts: Facts) -> Benchmark | None:
    """What was measured, or why nothing was; None where neither was told."""
    found = Benchmark(
        figure(facts, "tokensPerSecond"),
        figure(facts, "tokensPerMinute"),
        figure(facts, "ttftSeconds"),
        figure(facts, "tpotSeconds"),
        count(facts, "contextTokens"),
        count(facts, "clients"),
        line(facts.get("error")),
    )
    return found if found.tokens_per_second or found.tokens_per_minute or found.error else None


def read_training(facts: Facts) -> Training | None:
    """Where it stands; None without a state."""
    state = line(facts.get("state"))
    if not _STATE.fullmatch(state):
        return None
    rows = section(facts, "rows")
    return Training(
        state,
        count(facts, "step"),
        count(facts, "steps"),
        figure(facts, "epoch"),
        amount(facts.get("loss")),
        amount(facts.get("evalLoss")),
        amount(facts.get("learningRate")),
        figure(facts, "tokensPerSecond") or None,
        figure(facts, "etaSeconds") or None,
        line(facts.get("digest"), LONGEST_NAME),
        line(facts.get("message")),
        _rows(rows) if rows is not None else None,
        _curve(facts.get("curve")),
    )


def plain_download(download: Download) -> dict[str, object]:
    """The same facts to be written."""
    return {
        "what": download.what,
        "doneBytes": download.done_bytes,
        "totalBytes": download.total_bytes,
        "bytesPerSecond": download.bytes_per_second,
    }


def plain_benchmark(benchmark: Benchmark) -> dict[str, object]:
    """The same facts to be written."""
    return {
        "tokensPerSecond": benchmark.tokens_per_second,
        "tokensPerMinute": benchmark.tokens_per_minute,
        "ttftSeconds": benchmark.ttft_seconds,
        "tpotSeconds": benchmark.tpot_seconds,
        "contextTokens": benchmark.context_tokens,
        "clients": benchmark.clients,
        "error": benchmark.error,
    }


def plain_training(training: Training) -> dict[str, object]:
    """The same facts to be written."""
    return {
        "state": training.state,
        "step": training.step,
        "steps": training.steps,
        "epoch": training.epoch,
        "loss": training.loss,
        "evalLoss": training.eval_loss,
        "learningRate": training.learning_rate,
        "tokensPerSecond": training.tokens_per_second,
        "etaSeconds": training.eta_seconds,
        "digest": training.digest,
        "message": training.message,
        "rows": _plain_rows(training.rows) if training.rows else None,
        "curve": [[each.step, each.loss, each.eval_loss] for each in training.curve],
    }


def _rows(facts: Facts) -> Rows:
    shown = facts.get("shown")
    sentences = (line(each, _LONGEST_SHOWN) for each in (shown if isinstance(shown, list) else [])[:50])
    kept = tuple(filter(None, sentences))[:_MOST_SHOWN]
    return Rows(count(facts, "trained"), count(facts, "heldBack"), count(facts, "unusable"), kept)


def _plain_rows(rows: Rows) -> dict[str, object]:
    return {
        "trained": rows.trained,
        "heldBack": rows.held_back,
        "unusable": rows.unusable,
        "shown": list(rows.shown),
    }


def _curve(value: object) -> tuple[Point, ...]:
    """One point a step, in their order; of too many, evenly so many, with the first and the last."""
    points = _points(value if isinstance(value, list) else ())
    course = [points[step] for step in sorted(points)]
    if len(course) > MOST_POINTS:
        course = [course[i * (len(course) - 1) // (MOST_POINTS - 1)] for i in range(MOST_POINTS)]
    return tuple(course)


def _points(values: Iterable[object]) -> dict[int, Point]:
    points: dict[int, Point] = {}
    for each in values:
        if not isinstance(each, list) or len(each) != 3 or type(each[0]) is not int:
            continue
        loss, held = amount(each[1]), amount(each[2])
        if each[0] >= 0 and (loss is not None or held is not None):
            points[each[0]] = Point(each[0], loss, held)
    return points
