"""What the page shows of what containers say of themselves: the curves of tunings, a table of benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import WorkspaceReport
from reconciler.domain.telemetry import Benchmark, Training

from .branch_paths import curve_path, status_path
from .figures import NO_FIGURE, counted, seconds_words
from .loss_curve import has_curve
from .markdown import code, escape, image, link, link_image

MOST_CURVES = 20
MOST_BENCHMARKS = 100
_COLUMNS = ("Tokens/s", "Tokens/min", "First token", "Each further", "Context", "Clients")

Names = Mapping[WorkspaceName, str]


def tuning_lines(reports: Iterable[WorkspaceReport], names: Names) -> Iterator[str]:
    """A line and a picture for each tuning with a loss to draw: those that run first, then by name."""
    drawn = sorted(
        (each for each in reports if has_curve(each.telemetry.training)),
        key=lambda each: (each.settled, each.name),
    )
    for number, report in enumerate(drawn[:MOST_CURVES]):
        yield from ("",) if number else ()
        yield from _tuning(report, names[report.name])
    if len(drawn) > MOST_CURVES:
        yield from ("", f"And {len(drawn) - MOST_CURVES} more, each with a file under [curves](curves).")


def benchmark_lines(reports: Iterable[WorkspaceReport], names: Names) -> Iterator[str]:
    """A table by name, without the columns of which nobody told anything; empty where nobody told at all."""
    rows = [
        (report, _figures(report.telemetry.benchmark))
        for report in sorted(reports, key=lambda each: each.name)
        if report.telemetry.benchmark
    ]
    told = [(report, figures) for report, figures in rows if any(figures)]
    if not told:
        return
    kept = [index for index in range(len(_COLUMNS)) if any(figures[index] for _, figures in told)]
    yield f"| Workspace | {' | '.join(_COLUMNS[index] for index in kept)} | Machines |"
    yield f"|---|{'---:|' * len(kept)}---|"
    for report, figures in told[:MOST_BENCHMARKS]:
        cells = (figures[index] or NO_FIGURE for index in kept)
        where = link(names[report.name], status_path(report.name))
        yield f"| {where} | {' | '.join(cells)} | {_machines(report)} |"
    if len(told) > MOST_BENCHMARKS:
        yield from ("", f"And {len(told) - MOST_BENCHMARKS} more, each in its file under [status](status).")


def _tuning(report: WorkspaceReport, shown: str) -> Iterator[str]:
    told = "; ".join(_facts(report.telemetry.training))
    yield f"**{escape(shown)}**, {report.phase}{f': {told}' if told else ''}"
    yield ""
    picture = image(f"Loss of {shown}", curve_path(report.name))
    yield link_image(picture, status_path(report.name))


def _facts(training: Training | None) -> Iterator[str]:
    """What neither the picture nor the table above it says, as Markdown."""
    if training is None:
        return
    if rows := training.rows:
        held = f", {counted(rows.held_back)} held back to evaluate" if rows.held_back else ""
        unusable = f", {counted(rows.unusable)} of no use" if rows.unusable else ""
        yield f"{counted(rows.trained)} rows trained on{held}{unusable}"
    if training.tokens_per_second:
        yield f"{counted(training.tokens_per_second)} tokens/s"
    if training.digest:
        yield f"adapter {code(training.digest)}"


def _figures(benchmark: Benchmark | None) -> tuple[str, ...]:
    """A cell a column, empty for what was not told."""
    if benchmark is None or benchmark.error:
        return ("",) * len(_COLUMNS)
    return (
        _count(benchmark.tokens_per_second),
        _count(benchmark.tokens_per_minute),
        _time(benchmark.ttft_seconds),
        _time(benchmark.tpot_seconds),
        _count(benchmark.context_tokens),
        _count(benchmark.clients),
    )


def _count(value: float) -> str:
    return counted(value) if value > 0 else ""


def _time(seconds: float) -> str:
    return seconds_words(seconds) if seconds > 0 else ""


def _machines(report: WorkspaceReport) -> str:
    return f"{report.nodes_wanted}× {escape(report.instance_type)}" if report.instance_type else NO_FIGURE
