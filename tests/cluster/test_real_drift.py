"""Hands and controllers on what Towline made: hands are corrected, controllers are left alone."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.cluster.conftest import Bring
from tests.cluster.fleet import RealFleet, own_pod

CORE, AUTOSCALING = "/api/v1", "/apis/autoscaling/v1"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not found on PATH")
@pytest.mark.parametrize(
    ("by_hand", "what"),
    [
        ("scaled", "scale statefulset a --replicas=0"),
        ("imaged", "set image statefulset a srv=apache"),
        ("relabelled", "label --overwrite statefulset a kaito.sh/workspace=other"),
        ("taken", "delete service a"),
    ],
)
def test_what_a_person_does_by_kubectl_is_undone(bring: Bring, by_hand: str, what: str) -> None:
    fleet = bring(by_hand)
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", by_hand))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)
        before = as_we_made_it(fleet)
        kubectl(fleet, *what.split())
        kubectl(fleet, "label", "statefulset", "a", "mine=too")
        fleet.becomes(lambda: as_we_made_it(fleet) == before, daemon)
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)

    assert fleet.live("statefulsets", "a")["metadata"]["labels"]["mine"] == "too"


def as_we_made_it(fleet: RealFleet) -> tuple[object, ...]:
    made, service = fleet.live("statefulsets", "a"), fleet.live("services", "a", CORE)
    labels = {key: value for key, value in made["metadata"]["labels"].items() if key != "mine"}
    return made["spec"], labels, service and service["spec"]["ports"]


def kubectl(fleet: RealFleet, *words: str) -> None:
    place = ("--kubeconfig", str(fleet.plane.kubeconfig), "--context", fleet.plane.context)
    typed = ("kubectl", *place, "-n", fleet.name, *words)
    subprocess.run(typed, check=True, capture_output=True, timeout=60)


def test_who_scales_for_a_living_is_left_alone(bring: Bring) -> None:
    fleet = bring("autoscaled")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "autoscaled"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)
        body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a"}}
        path = f"{fleet.at('statefulsets', 'a')}?fieldManager=keda-operator&force=true"
        wish = {**body, "spec": {"replicas": 3}}
        fleet.plane.ask("PATCH", path, wish, "application/apply-patch+yaml")
        fleet.becomes(lambda: "keda-operator" in fleet.message("a"), daemon)
        fleet.becomes(lambda: len(fleet.plane.names(fleet.at("pods", group=CORE))) == 3, daemon)

    fleet.once()
    assert fleet.live("statefulsets", "a")["spec"]["replicas"] == 3
