"""What a workspace's container says of itself, as sections of its status file."""

from __future__ import annotations

from typing import Any

from reconciler.domain.telemetry import Benchmark, Download, Rows, Training

from .figures import (
    bytes_words,
    download_share,
    download_words,
    duration_words,
    percent,
    rounded,
    seconds_words,
)
from .readable import readable

_MOST_ROWS = 5
_LONGEST = 400


def download_section(download: Download | None) -> dict[str, Any]:
    """How much of what is there, and how fast the rest comes."""
    if download is None:
        return {}
    share = download_share(download)
    moves = download.bytes_per_second > 0 and not download.is_over
    return _known(
        what=readable(download.what, _LONGEST),
        done=download_words(download),
        percent=None if share is None else percent(share),
        speed=f"{bytes_words(download.bytes_per_second)}/s" if moves else "",
    )


def benchmark_section(benchmark: Benchmark | None) -> dict[str, Any]:
    """What it measured of itself once it served; or why it found nothing."""
    if benchmark is None:
        return {}
    if benchmark.error:
        return {"error": readable(benchmark.error, _LONGEST)}
    return _known(
        tokensPerSecond=rounded(benchmark.tokens_per_second) or None,
        tokensPerMinute=rounded(benchmark.tokens_per_minute) or None,
        timeToFirstToken=_time(benchmark.ttft_seconds),
        timePerOutputToken=_time(benchmark.tpot_seconds),
        largestContext=benchmark.context_tokens or None,
        clients=benchmark.clients or None,
    )


def tuning_section(training: Training | None, curve: str) -> dict[str, Any]:
    """Where the tuning stands; `curve` is the path of its picture on this branch, empty where there is
    none."""
    if training is None:
        return {}
    eta = training.eta_seconds if training.state == "training" else None
    return _known(
        state=readable(training.state, 40),
        **_course(training),
        remaining=f"about {duration_words(eta)}" if eta and eta > 0 else "",
        adapter=readable(training.digest, _LONGEST),
        message=readable(training.message, _LONGEST),
        rows=_rows(training.rows),
        lossCurve=curve,
    )


def _course(training: Training) -> dict[str, Any]:
    return {
        "step": training.step if training.steps else None,
        "steps": training.steps or None,
        "epoch": _figure(training.epoch) or None,
        "loss": _figure(training.loss, 4),
        "evalLoss": _figure(training.eval_loss, 4),
        "learningRate": _figure(training.learning_rate),
        "tokensPerSecond": _figure(training.tokens_per_second),
    }


def _rows(rows: Rows | None) -> dict[str, Any]:
    if rows is None:
        return {}
    counts = {"trained": rows.trained, "heldBack": rows.held_back, "unusable": rows.unusable}
    shown = [readable(each, _LONGEST) for each in rows.shown[:_MOST_ROWS]]
    return {**counts, "shown": shown} if shown else counts


def _figure(value: float | None, digits: int = 3) -> int | float | None:
    return None if value is None else rounded(value, digits)


def _time(seconds: float) -> str:
    return seconds_words(seconds) if seconds > 0 else ""


def _known(**section: Any) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value is not None and value not in ("", {})}
