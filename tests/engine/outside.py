"""Somebody outside of the house, who asks over HTTP how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse

from prometheus_client.parser import text_string_to_metric_families

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.domain.tally import Tally
from reconciler.faults import Deposed, Fault
from reconciler.listen.address import listens_at, open_door
from reconciler.listen.pulse import Pulse
from reconciler.listen.routes import routes
from reconciler.listen.server import serving
from tests.builders import A100

PHI = "default/phi"


Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Outside:
    """A pulse that is listened to, and somebody who asks."""

    def __init__(self, address: str, pulse: Pulse, clock: Clock) -> None:
        self.address = address
        self.pulse = pulse
        self.clock = clock
        self.tallies: tuple[Tally, ...] = ()

    def ask(self, path: str, method: str = "GET") -> tuple[HTTPResponse, str]:
        return ask(self.address, path, method)

    def scrape(self) -> Samples:
        answer, text = self.ask("/metrics")
        assert answer.status == 200
        return samples(text)

    def passes(self, *answers: Report | Fault | Deposed, seconds: float = 0.25, interval: float = 30) -> None:
        for answer in answers:
            self.pulse.begin(interval)
            self.clock.now += seconds
            self.pulse.end(answer)


@contextmanager
def listened_to() -> Iterator[Outside]:
    """Somebody who asks, and a pulse to be asked about."""
    clock = Clock()
    door = open_door("127.0.0.1:0")
    asker = Outside(listens_at(door), Pulse(clock), clock)
    with serving(door, routes(asker.pulse, lambda: asker.tallies)):
        yield asker


def ask(address: str, path: str, method: str = "GET") -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(address, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(found: Samples, name: str, /, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def workspace(name: str = PHI, phase: Phase = Phase.READY, **more: object) -> WorkspaceReport:
    cost = Cost(3.67, "2026-06-18", "eastus")
    named = WorkspaceName(*name.split("/"))
    bare = WorkspaceReport(named, phase, "", "", "c", "f", "m", A100, 1, ("n1",), "", cost, gpus_per_node=1)
    return replace(bare, **more)  # type: ignore[arg-type]


def report(*workspaces: WorkspaceReport, **more: object) -> Report:
    bare = Report("towline", "c0ffee", "Add phi", {each.name: each for each in workspaces})
    return replace(bare, **more)  # type: ignore[arg-type]
