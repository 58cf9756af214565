"""What goes and what stays, on real controllers: in order, by inventory, and never what is another's."""

from __future__ import annotations

import json
from typing import Any

from tests.cluster.conftest import Bring
from tests.cluster.fleet import RealFleet, own_pod

CORE, KAITO = "/api/v1", "/apis/kaito.sh/v1beta1"
OURS = (("statefulsets", "/apis/apps/v1"), ("services", CORE), ("pods", CORE), ("workspaces", KAITO))


def test_what_leaves_git_leaves_nothing_and_goes_in_reverse(bring: Bring) -> None:
    fleet = bring("emptied")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "emptied"), b=own_pod("b", "emptied"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == fleet.phase("b") == "Ready", daemon)
        before = fleet.plane.so_far()
        fleet.push(b=None)
        fleet.becomes(lambda: left_of(fleet, "b") == [], daemon)
        fleet.becomes(lambda: fleet.phase("b") == "", daemon)

    assert deleted(fleet, before) == ["statefulsets b", "services b", "services b-headless", "workspaces b"]
    assert {"a", "a-0", "a-headless"} <= set(left_of(fleet, "a"))


def left_of(fleet: RealFleet, workspace: str) -> list[str]:
    names = [name for plural, group in OURS for name in fleet.plane.names(fleet.at(plural, group=group))]
    return sorted(name for name in names if name == workspace or name.startswith(f"{workspace}-"))


def deleted(fleet: RealFleet, since: int) -> list[str]:
    lines = (fleet.plane.folder / "audit.log").read_text().splitlines()[since:]
    told = (each for each in map(json.loads, lines) if each["verb"] == "delete")
    things = (each["objectRef"] for each in told if "towline" in each["userAgent"])
    return [f"{each['resource']} {each['name']}" for each in things if each.get("namespace") == fleet.name]


def test_a_finalizer_that_nobody_takes_away_is_told_until_it_is(bring: Bring) -> None:
    fleet = bring("held-back")
    fleet.push("a", "b")
    fleet.once()
    fleet.plane.patch(fleet.at("statefulsets", "b"), {"metadata": {"finalizers": ["example.com/hold"]}})
    fleet.push(b=None)

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: "example.com/hold" in told(fleet), daemon)
        assert fleet.live("statefulsets", "b")["metadata"]["deletionTimestamp"]
        fleet.plane.patch(fleet.at("statefulsets", "b"), {"metadata": {"finalizers": None}})
        fleet.becomes(lambda: left_of(fleet, "b") == [], daemon)
        fleet.becomes(lambda: "example.com/hold" not in told(fleet), daemon)

    assert fleet.live("statefulsets", "a") is not None


def told(fleet: RealFleet) -> str:
    return fleet.person.page() + json.dumps(fleet.person.everything_told(fleet.name))


def test_what_is_another_s_is_taken_over_by_consent_alone(bring: Bring) -> None:
    fleet = bring("adopted")
    fleet.bring_nodes("n1")
    fleet.plane.ask("POST", "/api/v1/namespaces", named("Namespace", "adopted"))
    spec = {"ports": [{"name": "theirs", "port": 7, "protocol": "TCP"}], "selector": {"app": "theirs"}}
    theirs = fleet.plane.ask(
        "POST", fleet.at("services", group=CORE), {**named("Service", "a"), "spec": spec}
    )
    fleet.push(a=own_pod("a", "adopted"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: "towline.dev/adopt=adopted" in fleet.message("a"), daemon)
        kept = fleet.live("services", "a", CORE)
        assert kept["metadata"]["resourceVersion"] == theirs["metadata"]["resourceVersion"]
        consent = {"metadata": {"annotations": {"towline.dev/adopt": "adopted"}}}
        fleet.plane.patch(fleet.at("services", "a", CORE), consent)
        fleet.push(a=own_pod("a", "adopted"))
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)

    taken = fleet.live("services", "a", CORE)
    assert taken["metadata"]["uid"] == theirs["metadata"]["uid"]
    assert taken["spec"]["selector"]["kaito.sh/workspace"] == "a"


def named(kind: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}


def test_an_inventory_that_is_lost_is_written_again_and_nothing_else_happens(bring: Bring) -> None:
    fleet = bring("forgotten")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "forgotten"), b=own_pod("b", "forgotten"))
    inventory = "/api/v1/namespaces/towline-system/configmaps/inventory-forgotten"

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == fleet.phase("b") == "Ready", daemon)
        made, written = uids(fleet), fleet.plane.ask("GET", inventory)["data"]
        fleet.plane.ask("DELETE", inventory)
        fleet.becomes(lambda: fleet.plane.ask("GET", inventory), daemon)

    assert uids(fleet) == made
    assert fleet.plane.ask("GET", inventory)["data"].keys() == written.keys()
    fleet.push(b=None)
    fleet.once()
    assert fleet.live("statefulsets", "b") is None


def uids(fleet: RealFleet) -> dict[str, str]:
    listed = (fleet.plane.ask("GET", fleet.at(plural, group=group))["items"] for plural, group in OURS)
    things = [each["metadata"] for items in listed for each in items]
    return {each["uid"]: each["name"] for each in things}
