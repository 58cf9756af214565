"""Bad days of what a fleet stands on: a namespace that hangs, a definition taken away, two who lead, a clock
that jumps."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.bad_day import KAITO, Day, lived_through
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import own_pod
from tests.e2e.typed import Daemon

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/workspaces.kaito.sh"
HOLD = "example.com/hold"


@pytest.fixture(scope="module")
def day(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with lived_through("ground", tmp_path_factory.mktemp("ground"), plane, by_road=False) as day:
        yield day


def test_a_namespace_that_hangs_stops_no_other_namespace(day: Day) -> None:
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine", "finalizers": [HOLD]}}
    elsewhere = own_pod("away", "ground").replace("{name: away}", "{name: away, namespace: ground-too}")
    towline = (day.fleet.person.work / "towline.yaml").read_text()
    two = towline.replace("namespaces: [ground]", "namespaces: [ground, ground-too]")
    day.fleet.person.push({"towline.yaml": two, "workspaces/away.yaml": elsewhere})

    def told() -> dict[str, Any]:
        return day.fleet.person.told("away", "ground-too")

    day.until(lambda: told().get("phase") == "Ready")
    with day.harmless():
        day.plane.ask("POST", "/api/v1/namespaces/ground-too/configmaps", held)
        day.plane.ask("DELETE", "/api/v1/namespaces/ground-too")
        day.until(lambda: HOLD in told().get("message", ""))
        day.add("other-namespace")
        day.until(lambda: day.fleet.phase("other-namespace") == "Ready")
        free = {"metadata": {"finalizers": None}}
        day.plane.patch("/api/v1/namespaces/ground-too/configmaps/mine", free)
        day.until(lambda: told().get("phase") == "Ready" and HOLD not in told()["message"])
        day.are_well("first")


def test_a_definition_taken_away_takes_no_workload_and_delays_nobody(day: Day) -> None:
    former = day.fleet.live("workspaces", "first", KAITO)["metadata"]["uid"]
    with day.harmless("workspaces"):
        day.plane.ask("DELETE", CRD)
        day.add("undefined")
        day.are_well("first", "undefined")
        day.until(lambda: day.fleet.live("workspaces", "undefined", KAITO))
        day.until(lambda: day.fleet.live("workspaces", "first", KAITO)["metadata"]["uid"] != former)


def test_two_who_lead_for_a_moment_make_nothing_twice(day: Day) -> None:
    """The one that leads is stopped in the middle of making twelve workspaces, and goes on when another has
    made them."""
    names = [f"led{number}" for number in range(12)]
    with day.harmless(), companion(day) as other:
        day.until(lambda: "standing by" in other.said)
        day.add(*names)
        day.until(lambda: day.fleet.live("statefulsets", "led0"))
        for pid in day.daemon.family():
            os.kill(pid, signal.SIGSTOP)
        day.are_well(*names)
        assert "name=ground/led11 phase=Ready" in other.said
        since = day.plane.so_far()
        for pid in day.daemon.family():
            os.kill(pid, signal.SIGCONT)
        day.until(lambda: " leads" in day.daemon.said)
        assert {each for each in day.plane.writes(since) if "leases" not in each} == set()
        assert other.stop() == 0
        day.add("led-again")
        day.are_well("first", "led-again")


@contextmanager
def companion(day: Day) -> Iterator[Daemon]:
    """Another daemon of the same fleet, with a memory of its own."""
    folder = day.fleet.folder / "companion"
    folder.mkdir()
    with day.fleet.beside(folder).daemon() as daemon:
        yield daemon


@pytest.mark.skipif(shutil.which("cc") is None, reason="cc is not found on PATH")
def test_a_clock_that_jumps_by_a_day_and_back_changes_nothing(plane: ControlPlane, tmp_path: Path) -> None:
    wrong_by, lie = tmp_path / "seconds", tmp_path / "jumping_clock.so"
    compiled = ("cc", "-shared", "-fPIC", "-o", str(lie), str(Path(__file__).with_name("jumping_clock.c")))
    subprocess.run(compiled, check=True, timeout=60)
    wrong_by.write_text("0")
    faked = {"LD_PRELOAD": str(lie), "JUMPING_CLOCK": str(wrong_by)}
    with lived_through("clock", tmp_path, plane, by_road=False, **faked) as day, day.harmless():
        pulling = own_pod("pulling", "clock", image="nginx:containercreating")
        day.fleet.person.push({"workspaces/pulling.yaml": pulling})
        day.until(lambda: day.fleet.phase("pulling") == "Pending")
        for seconds, name in ((86400, "tomorrow"), (-86400, "yesterday"), (0, "today")):
            wrong_by.write_text(str(seconds))
            day.add(name)
            day.are_well("first", name)
            assert day.fleet.phase("pulling") == "Pending"
        dates = {line[5:15] for line in day.daemon.said.splitlines() if line.startswith("time=")}
        assert len(dates) > 2
        assert "standing by" not in day.daemon.said
        assert "pass failed" not in day.daemon.said
