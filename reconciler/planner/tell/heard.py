"""What a container says of itself, in a few words: beside a phase, in a list, in a sentence."""

from __future__ import annotations

from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.telemetry import Benchmark, Download, Training

from .figures import (
    counted,
    download_share,
    download_words,
    duration_words,
    loss_words,
    rounded,
    seconds_words,
    share_words,
)
from .readable import readable

_UNTIL_IT_SERVES = frozenset({Phase.PENDING, Phase.NOT_READY})
_STAGES = {
    "starting": "starting",
    "fetched": "its data is there",
    "checked": "its data is checked",
    "loading": "loading the model",
    "delivering": "delivering the adapter",
    "interrupted": "interrupted",
}
"""The states of a tuning that has no step to tell of; `training`, `done` and `failed` have."""


def beside_phase(report: WorkspaceReport) -> str:
    """One figure worth standing next to the phase; empty where there is none."""
    heard = report.telemetry
    if report.phase is Phase.READY and heard.benchmark:
        return _speed(heard.benchmark)
    if report.phase is Phase.RUNNING and heard.training:
        return _progress(heard.training)
    if report.phase is Phase.SUCCEEDED and heard.training:
        return _result(heard.training)
    download = _awaited(report)
    return share_words(download_share(download) or 0.0) if download else ""


def heard_words(report: WorkspaceReport) -> str:
    """Everything worth a cell of a list; empty where nothing was heard."""
    heard = report.telemetry
    if heard.training:
        return training_words(heard.training)
    if download := _awaited(report):
        return download_words(download)
    return benchmark_words(heard.benchmark) if heard.benchmark else ""


def training_words(training: Training) -> str:
    """`step 120 of 400, loss 1.23, eval loss 1.31, 12 min left`; before the first step, what it is about."""
    if stage := _STAGES.get(training.state, ""):
        return f"{stage}{_at_step(training)}"
    losses = ", ".join(_losses(training))
    if training.state == "done":
        return losses or f"{counted(training.step)} steps"
    left = f"{duration_words(training.eta_seconds)} left" if training.eta_seconds and _is_on(training) else ""
    told = (_step(training) if training.steps > 0 else "", losses, left)
    return ", ".join(each for each in told if each)


def benchmark_words(benchmark: Benchmark) -> str:
    """`197 tokens/s, first token after 0.18 s`; or that there is none."""
    if benchmark.error:
        return f"no benchmark: {readable(benchmark.error, 200)}"
    first = f"first token after {seconds_words(benchmark.ttft_seconds)}" if benchmark.ttft_seconds > 0 else ""
    return ", ".join(each for each in (_tokens(benchmark), first) if each)


def _awaited(report: WorkspaceReport) -> Download | None:
    """The download that keeps it from serving, once its nodes are there and it is known how much it is."""
    download = report.telemetry.download
    if download is None or download.total_bytes <= 0 or download.is_over:
        return None
    has_nodes = len(report.nodes_ready) >= report.nodes_wanted
    return download if has_nodes and report.phase in _UNTIL_IT_SERVES else None


def _speed(benchmark: Benchmark) -> str:
    """Tokens a second where they are known; KAITO's own benchmark counts by the minute."""
    if benchmark.tokens_per_second > 0:
        return f"{counted(benchmark.tokens_per_second)} tok/s"
    return f"{counted(benchmark.tokens_per_minute)} tok/min" if benchmark.tokens_per_minute > 0 else ""


def _tokens(benchmark: Benchmark) -> str:
    return _speed(benchmark).replace("tok/", "tokens/")


def _progress(training: Training) -> str:
    if training.state == "delivering":
        return "delivering"
    return share_words(training.share) if training.step > 0 and training.steps > 0 else ""


def _result(training: Training) -> str:
    if training.eval_loss is not None:
        return f"eval {loss_words(training.eval_loss)}"
    return f"loss {loss_words(training.loss)}" if training.loss is not None else ""


def _losses(training: Training) -> list[str]:
    told = (("loss", training.loss), ("eval loss", training.eval_loss))
    return [f"{name} {loss_words(value)}" for name, value in told if value is not None]


def _at_step(training: Training) -> str:
    return f" at {_step(training)}" if training.state == "interrupted" and training.steps > 0 else ""


def _step(training: Training) -> str:
    return f"step {rounded(training.step):,} of {rounded(training.steps):,}"


def _is_on(training: Training) -> bool:
    return training.state == "training"
