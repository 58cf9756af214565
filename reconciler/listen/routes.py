"""What may be asked: /metrics for Prometheus, /healthz and /readyz for the kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from .metrics import AzureMeters, Metrics
from .pulse import Pulse
from .server import Answer, Route, sentence


def routes(pulse: Pulse, azure: AzureMeters) -> Mapping[str, Route]:
    """Every path that has an answer. `azure` tells what Azure was asked, see `Metrics`."""
    registry = CollectorRegistry()
    registry.register(Metrics(pulse, azure))
    ProcessCollector(registry=registry)

    def metrics() -> Answer:
        return Answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)

    return {"/metrics": metrics, "/healthz": lambda: _healthz(pulse), "/readyz": lambda: _readyz(pulse)}


def _healthz(pulse: Pulse) -> Answer:
    """Whether the loop turns. A pass that failed has ended, too: a restart would not mend the world."""
    beats = pulse.beats()
    if beats.is_turning:
        return sentence(HTTPStatus.OK, "the loop turns")
    return sentence(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"no pass ended for {beats.silence:.0f} seconds, and at most {beats.patience:.0f} are expected",
    )


def _readyz(pulse: Pulse) -> Answer:
    if pulse.beats().report is None:
        return sentence(HTTPStatus.SERVICE_UNAVAILABLE, "no pass came through yet")
    return sentence(HTTPStatus.OK, "a pass came through")
