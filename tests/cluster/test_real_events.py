"""Kubernetes Events of workspaces, as a real kube-apiserver keeps them and kubectl shows them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import Bring
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.fleet import RealFleet
from tests.cluster.programs import APISERVER, ETCD, missing
from tests.cluster.test_real_control_plane import grant
from tests.e2e.person import Person

GROUPS = ["apps", "batch", "kaito.sh", "apiextensions.k8s.io", "coordination.k8s.io"]
CORE = ["configmaps", "services", "pods", "pods/log", "nodes", "namespaces", "persistentvolumeclaims"]
ALL_BUT_EVENTS = [
    {"apiGroups": GROUPS, "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": CORE, "verbs": ["*"]},
]
MISSPELT = (
    "apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {name: bad}\n"
    "resource: {labelSelector: {matchLabels: {apps: own}}}\n"
    "inference: {preset: {name: phi-4-mini-instruc}}\n"
)


def events(fleet: RealFleet) -> list[Any]:
    """Those of ours that are about Workspaces; controllers and the scheduler tell things as well."""
    found = fleet.plane.ask("GET", fleet.at("events", group="/api/v1"))["items"]
    ours = (each for each in found if each["source"] == {"component": "towline"})
    return [each for each in ours if each["involvedObject"]["kind"] == "Workspace"]


def told(fleet: RealFleet) -> dict[str, int]:
    """How often each reason was told."""
    return {each["reason"]: each["count"] for each in events(fleet)}


def test_what_is_made_and_what_is_set_back_is_told_on_the_workspace(bring: Bring) -> None:
    fleet = bring("told")
    fleet.push("a")
    with fleet.daemon() as daemon:
        fleet.becomes(lambda: told(fleet).get("Created") == 1, daemon)
        fleet.becomes(lambda: fleet.phase("a") == "Pending", daemon)
        for times in (1, 2):
            fleet.plane.patch(fleet.at("statefulsets", "a"), {"spec": {"replicas": 0}})
            fleet.becomes(lambda t=times: told(fleet).get("DriftCorrected") == t, daemon)
        daemon.stop()

    workspace = fleet.live("workspaces", "a", "/apis/kaito.sh/v1beta1")
    uids = {each["involvedObject"]["uid"] for each in events(fleet)}
    assert uids == {workspace["metadata"]["uid"]}
    notes = {each["reason"]: each["message"] for each in events(fleet)}
    assert notes["DriftCorrected"] == "Set back what somebody else had changed: StatefulSet/a (spec.replicas)"
    assert " as of commit " in notes["Created"]


def test_who_reads_the_newer_api_finds_the_very_same(bring: Bring) -> None:
    fleet = bring("newer")
    fleet.push("a")
    fleet.once()

    found = fleet.plane.ask("GET", fleet.at("events", group="/apis/events.k8s.io/v1"))["items"]
    event = next(each for each in found if each["reason"] == "Created" and each["note"].startswith("Created"))

    assert event["regarding"]["namespace"] == "newer"
    assert event["note"].startswith("Created ")
    assert (event["deprecatedCount"], event["deprecatedSource"]) == (1, {"component": "towline"})


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_shows_them_in_describe_and_in_events(plane: ControlPlane, bring: Bring) -> None:
    fleet = bring("shown")
    fleet.push("a", bad=MISSPELT)
    with fleet.daemon() as daemon:
        fleet.becomes(lambda: {"Created", "Invalid"} <= told(fleet).keys(), daemon)
        daemon.stop()

    def kubectl(*words: str) -> str:
        place = ("--kubeconfig", str(plane.kubeconfig), "--context", plane.context, "-n", fleet.name)
        typed = ("kubectl", *words, *place)
        return subprocess.run(typed, capture_output=True, text=True, timeout=60, check=True).stdout

    described = kubectl("describe", "workspace", "a").splitlines()
    line = next(line for line in described if "Workspace/a" in line and "as of commit" in line)
    assert {"Normal", "Created", "towline"} <= set(line.split())
    listed = kubectl("events", "--types=Warning").splitlines()
    line = next(line for line in listed if "Workspace/bad" in line)
    assert "Invalid" in line
    assert "Not applied: workspaces/bad.yaml:" in line


def test_without_the_right_to_tell_them_the_work_goes_on_and_that_is_said(tmp_path: Path) -> None:
    if lost := missing(ETCD, APISERVER):
        pytest.skip(lost)
    folder, person = tmp_path / "plane", Person.arrives(tmp_path / "mute")
    folder.mkdir()
    with control_plane(folder, {"mute-token": "mute"}) as plane:
        grant(plane, "mute", ALL_BUT_EVENTS)
        fleet = RealFleet("mute", tmp_path / "mute", person, plane)
        fleet.push("a")

        ended = fleet.once("mute-token")

        assert fleet.live("statefulsets", "a") is not None, ended.stderr
        assert "Events of workspaces cannot be written" in ended.stderr
