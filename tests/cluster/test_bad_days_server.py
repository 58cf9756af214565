"""Bad days of the API server itself, of its store and of its admission webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep
from typing import Any

import pytest

from tests.cluster.bad_day import Day, lived_through
from tests.cluster.control_plane import ControlPlane
from tests.cluster.planes import RealPlane
from tests.cluster.programs import ETCD

_HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"


@pytest.fixture(scope="module")
def day(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with lived_through("server", tmp_path_factory.mktemp("server"), plane, by_road=False) as day:
        yield day


def test_a_server_killed_in_the_middle_of_a_pass_is_told_and_come_back_to(day: Day) -> None:
    names = [f"mid{number}" for number in range(12)]
    with day.harmless():
        day.add(*names)
        day.until(lambda: day.fleet.live("statefulsets", "mid0"))
        day.plane.stop()
        try:
            day.page_says("this may be old", "Connection refused")
            day.add("pushed-meanwhile")
            sleep(12)  # longer than a lease is believed
        finally:
            day.plane.start()
        day.are_well("first", "pushed-meanwhile", *names)


def test_a_server_that_forgot_all_history_is_listed_anew(day: Day) -> None:
    with day.harmless():
        RealPlane(day.plane).forget()
        day.add("after")
        day.are_well("first", "after")


def test_a_store_that_stands_still_now_and_then_only_delays(day: Day) -> None:
    with day.harmless():
        day.add("slowed", "slowed-too")
        for _ in range(3):
            with day.plane.halted(ETCD):
                sleep(2)
            sleep(0.5)
        day.are_well("first", "slowed", "slowed-too")


def test_a_store_that_stands_still_for_longer_than_anybody_waits_is_told(day: Day) -> None:
    with day.harmless():
        with day.plane.halted(ETCD):
            day.page_says("this may be old, nothing is done: the lease", "no answer in time")
            day.add("stored")
        day.are_well("first", "stored")


def test_a_webhook_that_is_down_stops_only_what_it_is_asked_about(day: Day) -> None:
    with day.harmless():
        with webhook_down(day.plane, "hooked"):
            day.add("hooked", "unhooked")
            day.says("hooked", "failed calling webhook")
            day.until(lambda: day.fleet.phase("unhooked") == "Ready")
            assert day.fleet.live("statefulsets", "hooked") is None
        day.are_well("first", "hooked")


@contextmanager
def webhook_down(plane: ControlPlane, workspace: str) -> Iterator[None]:
    """While the block lasts no StatefulSet of this workspace gets past admission: nobody listens there."""
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "resources": ["statefulsets"],
        "operations": ["CREATE"],
    }
    hook: dict[str, Any] = {
        "name": "down.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "objectSelector": {"matchLabels": {"kaito.sh/workspace": workspace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "timeoutSeconds": 1,
        "admissionReviewVersions": ["v1"],
    }
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "down"},
        "webhooks": [hook],
    }
    plane.ask("POST", _HOOKS, body)
    try:
        yield
    finally:
        plane.ask("DELETE", f"{_HOOKS}/down")
