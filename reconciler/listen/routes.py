"""What may be asked: /metrics for Prometheus, /healthz and /readyz for the kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from .metrics import Metrics, Tallies
from .pulse import Beats, Pulse
from .server import Answer, Route, sentence
from .stuck import standpoint

_WORK = "towline_kubernetes_requests"
_READS = frozenset({"get", "list", "watch"})


def routes(pulse: Pulse, tallies: Tallies) -> Mapping[str, Route]:
    """Every path that has an answer. `tallies` tells what the doors count."""
    registry = CollectorRegistry()
    registry.register(Metrics(pulse, tallies))
    ProcessCollector(registry=registry)
    health = _Health(pulse, tallies)

    def metrics() -> Answer:
        return Answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4)

    return {"/metrics": metrics, "/healthz": health.answer, "/readyz": lambda: _readyz(pulse)}


class _Health:
    """Whether the loop turns. A pass that failed has ended, too: a restart would not mend the world. One that
    goes on writing is at work, however long it takes."""

    def __init__(self, pulse: Pulse, tallies: Tallies) -> None:
        self._pulse = pulse
        self._tallies = tallies
        self._is_told = False

    def answer(self) -> Answer:
        """What the kubelet is told."""
        self._pulse.works(_work(self._tallies))
        beats = self._pulse.beats()
        if beats.is_turning:
            self._is_told = False
            return sentence(HTTPStatus.OK, _well(beats))
        why = (
            f"no pass ended for {beats.silence:.0f} seconds, and nothing was done for {beats.stillness:.0f}:"
            f" at most {beats.patience:.0f} are expected"
        )
        self._tell(why, beats)
        return sentence(HTTPStatus.SERVICE_UNAVAILABLE, why)

    def _tell(self, why: str, beats: Beats) -> None:
        """Say it once in the log as well, with the place where the loop stands: the restart that comes would
        take that with it."""
        if not self._is_told:
            self._is_told = True
            structlog.get_logger().error("stuck", why=why, at=standpoint(beats.thread))


def _well(beats: Beats) -> str:
    return f"standing by: {beats.standing_by}" if beats.standing_by else "the loop turns"


def _work(tallies: Tallies) -> float:
    """Writes that were accepted so far. Reading goes on in threads of its own, and leases are renewed by
    another, even where the loop does not turn."""
    return sum(each.value for each in tallies() if each.name == _WORK and _is_work(dict(each.labels)))


def _is_work(labels: Mapping[str, str]) -> bool:
    is_written = labels.get("verb") not in _READS and labels.get("code", "").startswith("2")
    return is_written and labels.get("resource") != "leases"


def _readyz(pulse: Pulse) -> Answer:
    beats = pulse.beats()
    if beats.standing_by:
        return sentence(HTTPStatus.OK, _well(beats))
    if beats.report is None:
        return sentence(HTTPStatus.SERVICE_UNAVAILABLE, "no pass came through yet")
    return sentence(HTTPStatus.OK, "a pass came through")
