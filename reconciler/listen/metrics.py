"""What Prometheus is told: gathered when it asks, from the pulse, the last report and the doors' own tallies.

Only so many workspaces are named; every other label has few values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler.adapters.user_agent import user_agent
from reconciler.domain.tally import Tally

from .figure import Figure
from .fleet import fleet_figures
from .flux import flux_figures
from .lasted import Lasted
from .pulse import WELL, Beats, Pulse

Tallies = Callable[[], tuple[Tally, ...]]

_CONTROLLER = {"controller": "fleet"}


class Metrics(Collector):
    """Everything there is to tell. `tallies` gives what the doors count at that moment."""

    def __init__(self, pulse: Pulse, tallies: Tallies) -> None:
        self._pulse = pulse
        self._tallies = tallies

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment; those of a fleet once a pass came through."""
        beats = self._pulse.beats()
        version = user_agent().partition("/")[2]
        yield _gauge(Figure("towline_build_info", "1; the version.", ("version",), (((version,), 1.0),)))
        yield from _passes(beats)
        yield from _git(beats)
        yield from _by_their_usual_names(beats)
        if beats.report is not None:
            yield from map(_gauge, fleet_figures(beats.report))
            yield from map(_gauge, flux_figures(beats.report))
        yield from _counted(self._tallies())


def _passes(beats: Beats) -> Iterator[Metric]:
    passes = CounterMetricFamily("towline_passes", "Passes by how they ended.", labels=["result"])
    for result, count in sorted({WELL: 0, **beats.results}.items()):
        passes.add_metric([result], count)
    yield passes
    yield _histogram("towline_pass_duration_seconds", "How long passes took.", beats.passes)
    yield _seconds("towline_pass_under_way_seconds", "For how long the present pass takes.", beats.under_way)
    yield _seconds("towline_seconds_since_pass", "Seconds since a pass ended, well or not.", beats.silence)
    yield _seconds(
        "towline_seconds_since_good_pass",
        "Seconds since a pass came through; since the start where none did.",
        beats.since_good,
    )


def _git(beats: Beats) -> Iterator[Metric]:
    looked = "Seconds since Git told its newest commit; since the start where it did not."
    yield _seconds("towline_seconds_since_git_look", looked, beats.since_look)
    lag = "For how long the newest commit is known and not reconciled; 0 once it is."
    yield _seconds("towline_git_lag_seconds", lag, beats.lag)
    about = "From a commit's being seen to the end of the first pass of it that came through."
    yield _histogram("towline_commit_reconciled_seconds", about, beats.commits)


def _by_their_usual_names(beats: Beats) -> Iterator[Metric]:
    """The same once more as the dashboards of controller-runtime and Flux look for it: a pass is the
    reconciliation of a Fleet. https://book.kubebuilder.io/reference/metrics-reference"""
    failed = sum(count for result, count in beats.results.items() if result != WELL)
    about = "Passes as controller-runtime counts them."
    reconciled = CounterMetricFamily("controller_runtime_reconcile", about, labels=["controller", "result"])
    reconciled.add_metric(["fleet", "error"], failed)
    reconciled.add_metric(["fleet", "success"], beats.results.get(WELL, 0))
    yield reconciled
    errors = CounterMetricFamily("controller_runtime_reconcile_errors", about, labels=["controller"])
    errors.add_metric(["fleet"], failed)
    yield errors
    yield _histogram("controller_runtime_reconcile_time_seconds", about, beats.passes, _CONTROLLER)
    for name, value in (("active_workers", float(beats.under_way > 0)), ("max_concurrent_reconciles", 1.0)):
        workers = "Passes at the same time: there is one, or none."
        yield _gauge(Figure(f"controller_runtime_{name}", workers, ("controller",), ((("fleet",), value),)))
    if beats.report is not None:
        naming = {"kind": "Fleet", "name": beats.report.fleet, "namespace": ""}
        told = "How long passes took, as Flux tells it."
        yield _histogram("gotk_reconcile_duration_seconds", told, beats.passes, naming)


def _counted(tallies: tuple[Tally, ...]) -> Iterator[Metric]:
    """Each family once, whichever doors count it."""
    families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for each in tallies:
        names, values = [name for name, _ in each.labels], [value for _, value in each.labels]
        if each.name not in families:
            family = CounterMetricFamily if each.grows else GaugeMetricFamily
            families[each.name] = family(each.name, each.about, labels=names)
        families[each.name].add_metric(values, each.value)
    yield from families.values()


def _histogram(name: str, about: str, lasted: Lasted, labels: dict[str, str] | None = None) -> Metric:
    named = labels or {}
    family = HistogramMetricFamily(name, about, labels=list(named))
    family.add_metric(list(named.values()), lasted.buckets, lasted.seconds)
    return family


def _seconds(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value)


def _gauge(figure: Figure) -> Metric:
    gauge = GaugeMetricFamily(figure.name, figure.about, labels=figure.labels)
    for labels, value in figure.samples:
        gauge.add_metric(labels, value)
    return gauge
