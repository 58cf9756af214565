"""What workloads stand on, on a real cluster: a quota, a namespace that hangs, a definition taken away."""

from __future__ import annotations

from typing import Any

from tests.cluster.conftest import Bring
from tests.cluster.fleet import RealFleet, own_pod

CORE, KAITO = "/api/v1", "/apis/kaito.sh/v1beta1"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/workspaces.kaito.sh"
HOLD = "example.com/hold"


def uid(fleet: RealFleet, plural: str, name: str, group: str = "/apis/apps/v1") -> str:
    found = fleet.live(plural, name, group)
    return str(found["metadata"]["uid"]) if found else ""


def let_go(fleet: RealFleet, path: str) -> None:
    fleet.plane.patch(path, {"metadata": {"finalizers": None}})


def held(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "finalizers": [HOLD]}}


def test_pods_that_a_quota_refuses_are_told_and_come_when_it_is_raised(bring: Bring) -> None:
    fleet = bring("quota")
    fleet.bring_nodes("n1")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "quota"}}
    fleet.plane.ask("POST", "/api/v1/namespaces", namespace)
    quota = {"metadata": {"name": "team"}, "spec": {"hard": {"pods": "0"}}}
    fleet.plane.ask("POST", fleet.at("resourcequotas", group=CORE), quota)
    fleet.push(a=own_pod("a", "quota"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: "can be made: exceeded quota: team" in fleet.message("a"), daemon)
        assert fleet.phase("a") == "Pending"
        fleet.plane.ask("DELETE", fleet.at("resourcequotas", "team", CORE))
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)


def test_a_namespace_that_hangs_is_told_with_what_holds_it_and_is_filled_again(bring: Bring) -> None:
    fleet = bring("hanging")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "hanging"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)
        before = uid(fleet, "statefulsets", "a")
        fleet.plane.ask("POST", fleet.at("configmaps", group=CORE), held("mine"))
        fleet.plane.ask("DELETE", "/api/v1/namespaces/hanging")
        fleet.becomes(lambda: HOLD in fleet.message("a"), daemon)
        assert "Namespace/hanging has been going since" in fleet.person.page()
        let_go(fleet, fleet.at("configmaps", "mine", CORE))
        fleet.becomes(lambda: fleet.phase("a") == "Ready" and HOLD not in fleet.message("a"), daemon)

    assert uid(fleet, "statefulsets", "a") not in ("", before)


def test_a_definition_taken_away_under_us_comes_again_and_takes_nothing_else(bring: Bring) -> None:
    fleet = bring("undefined")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "undefined"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)
        before = uid(fleet, "statefulsets", "a"), uid(fleet, "services", "a", CORE)
        former = uid(fleet, "workspaces", "a", KAITO)
        fleet.plane.ask("DELETE", CRD)
        fleet.becomes(lambda: uid(fleet, "workspaces", "a", KAITO) not in ("", former), daemon)
        fleet.becomes(
            lambda: fleet.live("workspaces", "a", KAITO).get("status", {}).get("state") == "Ready", daemon
        )

    assert (uid(fleet, "statefulsets", "a"), uid(fleet, "services", "a", CORE)) == before


def test_a_service_that_a_finalizer_holds_keeps_its_workspace_on_the_page(bring: Bring) -> None:
    fleet = bring("lingering")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "lingering"), b=own_pod("b", "lingering"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)
        service = fleet.at("services", "a", CORE)
        fleet.plane.patch(service, {"metadata": {"finalizers": [HOLD]}})
        fleet.person.push({"workspaces/a.yaml": None})
        fleet.becomes(lambda: f"finalizer {HOLD} waits" in fleet.message("a"), daemon)
        assert fleet.phase("a") == "Deleting"
        assert fleet.live("statefulsets", "a") is None
        let_go(fleet, service)
        fleet.becomes(lambda: not fleet.phase("a"), daemon)

    assert fleet.phase("b") == "Ready"
