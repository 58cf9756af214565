"""What Prometheus is told: gathered when it asks, from the pulse and the last report.

Workspaces are named by one metric alone, and only so many of them; every other label has few values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from .fleet import Figure, fleet_figures
from .pulse import BOUNDS, WELL, Beats, Pulse

AzureMeters = Callable[[], Mapping[str, float]]


class Metrics(Collector):
    """Everything there is to tell.

    `azure` gives for each kind of request `<kind>_left`, `<kind>_requests` and `<kind>_throttled`; nothing
    where no agent pools are made.
    """

    def __init__(self, pulse: Pulse, azure: AzureMeters) -> None:
        self._pulse = pulse
        self._azure = azure

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment; those of a fleet once a pass came through."""
        beats = self._pulse.beats()
        yield from _passes(beats)
        yield from _by_their_usual_names(beats)
        if beats.report is not None:
            yield from map(_gauge, fleet_figures(beats.report))
        yield from _azure(self._azure())


def _passes(beats: Beats) -> Iterator[Metric]:
    passes = CounterMetricFamily("towline_passes", "Passes by how they ended.", labels=["result"])
    for result, count in sorted({WELL: 0, **beats.results}.items()):
        passes.add_metric([result], count)
    yield passes
    lasted = HistogramMetricFamily("towline_pass_duration_seconds", "How long passes took.")
    lasted.add_metric([], _buckets(beats.durations), beats.spent)
    yield lasted
    yield GaugeMetricFamily(
        "towline_seconds_since_pass", "Seconds since a pass ended, well or not.", beats.silence
    )
    yield GaugeMetricFamily(
        "towline_seconds_since_good_pass",
        "Seconds since a pass came through; since the start where none did.",
        beats.since_good,
    )


def _by_their_usual_names(beats: Beats) -> Iterator[Metric]:
    """The same once more as the dashboards of controller-runtime and Flux look for it: a pass is the
    reconciliation of a Fleet. https://fluxcd.io/flux/monitoring/metrics/"""
    reconciled = CounterMetricFamily(
        "controller_runtime_reconcile",
        "Passes as controller-runtime counts them.",
        labels=["controller", "result"],
    )
    failed = sum(count for result, count in beats.results.items() if result != WELL)
    reconciled.add_metric(["fleet", "error"], failed)
    reconciled.add_metric(["fleet", "success"], beats.results.get(WELL, 0))
    yield reconciled
    if beats.report is None:
        return
    lasted = HistogramMetricFamily(
        "gotk_reconcile_duration_seconds",
        "How long passes took, as Flux tells it.",
        labels=["kind", "name", "namespace"],
    )
    lasted.add_metric(["Fleet", beats.report.fleet, ""], _buckets(beats.durations), beats.spent)
    yield lasted


def _buckets(durations: tuple[int, ...]) -> list[tuple[str, float]]:
    """As Prometheus has them: each counts all those below it, too."""
    bounds = (*map(str, BOUNDS), "+Inf")
    return [(bound, float(sum(durations[: place + 1]))) for place, bound in enumerate(bounds)]


def _gauge(figure: Figure) -> Metric:
    gauge = GaugeMetricFamily(figure.name, figure.about, labels=figure.labels)
    for labels, value in figure.samples:
        gauge.add_metric(labels, value)
    return gauge


def _azure(meters: Mapping[str, float]) -> Iterator[Metric]:
    if not meters:
        return
    left = GaugeMetricFamily(
        "towline_azure_bucket_tokens", "Requests that Azure's throttling leaves us now.", labels=["call"]
    )
    sent = CounterMetricFamily("towline_azure_requests", "Requests sent to Azure.", labels=["call"])
    throttled = CounterMetricFamily(
        "towline_azure_throttled", "Requests too many: by Azure's word or ours.", labels=["call"]
    )
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        "left": left,
        "requests": sent,
        "throttled": throttled,
    }
    for name, value in meters.items():
        call, _, what = name.rpartition("_")
        if what in families:
            families[what].add_metric([call.replace("_", " ")], value)
    yield from families.values()
