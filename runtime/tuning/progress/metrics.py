"""The Standing as Prometheus metrics. https://prometheus.io/docs/practices/naming/"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from runtime.tuning.progress.standing import STATES, Standing

_FACTS = (
    ("step", "Optimizer steps done"),
    ("steps", "Optimizer steps there will be"),
    ("epoch", "Passes over the data done"),
    ("loss", "Training loss at the last logged step, nats a token"),
    ("eval_loss", "Loss on the rows held back, nats a token"),
    ("learning_rate", "Learning rate at the last logged step"),
    ("tokens_per_second", "Tokens trained on a second, over all processes"),
    ("eta_seconds", "Seconds until the last step at this speed"),
)


class StandingMetrics(Collector):
    """Reads the Standing whenever it is scraped; what is not known yet has no sample."""

    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        """The families of this moment."""
        return self._families(self._standing())

    def _families(self, now: Standing) -> Iterator[Metric]:
        for name, meaning in _FACTS:
            family = GaugeMetricFamily(f"towline_tuning_{name}", meaning)
            value = getattr(now, name)
            if value is not None:
                family.add_metric([], value)
            yield family
        state = GaugeMetricFamily("towline_tuning_state", "1 for the state it is in", labels=["state"])
        for known in STATES:
            state.add_metric([known], float(known == now.state))
        yield state


def registry_of(standing: Callable[[], Standing]) -> CollectorRegistry:
    """A registry with these metrics alone."""
    registry = CollectorRegistry()
    registry.register(StandingMetrics(standing))
    return registry
