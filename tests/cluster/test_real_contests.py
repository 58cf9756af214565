"""Others who set the same fields, on a real kube-apiserver: who wins, who is named, and that it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.conftest import Bring
from tests.cluster.fleet import RealFleet, own_pod
from tests.cluster.webhook import mutating_webhook
from tests.gitserver import until

CORE = "/api/v1"
APPLY = "application/apply-patch+yaml"
PATCHES = "patch statefulsets"
STATEFUL_SETS = "apps/v1/statefulsets"


def replicas(fleet: RealFleet) -> int:
    return int(fleet.live("statefulsets", "a")["spec"]["replicas"])


def image(fleet: RealFleet) -> str:
    (container,) = fleet.live("statefulsets", "a")["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def owners(live: dict[str, Any], *route: str) -> set[tuple[str, str]]:
    """Who owns a field, as (manager, operation)."""
    entries = live["metadata"]["managedFields"]
    return {(each["manager"], each["operation"]) for each in entries if has(each["fieldsV1"], route)}


def has(fields: dict[str, Any], route: tuple[str, ...]) -> bool:
    for step in route:
        if step not in fields:
            return False
        fields = fields[step]
    return True


def scale(fleet: RealFleet, spec: dict[str, Any]) -> None:
    """What KEDA wants of the StatefulSet, applied as KEDA."""
    body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "a"}, "spec": spec}
    path = f"{fleet.at('statefulsets', 'a')}?fieldManager=keda-operator&force=true"
    fleet.plane.ask("PATCH", path, body, APPLY)


def goes_on_quietly(fleet: RealFleet, daemon: Any, *names: str) -> None:
    """Passes go by, in which the object is not written again: each brings another workspace."""
    for name in names:
        before = fleet.plane.so_far()
        fleet.push(**{name: own_pod(name)})
        fleet.becomes(lambda name=name: fleet.phase(name) == "Pending", daemon)
        assert fleet.plane.writes(before)[PATCHES] == 1


def test_replicas_that_are_kedas_stay_kedas_while_a_new_image_arrives(bring: Bring) -> None:
    fleet = bring("keda")
    fleet.push("a")
    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Pending", daemon)
        scale(fleet, {"replicas": 3})
        fleet.becomes(lambda: "is owned by keda-operator" in fleet.message("a"), daemon)
        before = fleet.plane.so_far()
        fleet.push(a=own_pod("a", image="nginx:2"))
        fleet.becomes(lambda: image(fleet) == "nginx:2", daemon)

        assert replicas(fleet) == 3
        live = fleet.live("statefulsets", "a")
        assert owners(live, "f:spec", "f:replicas") == {("keda-operator", "Apply")}
        assert fleet.plane.writes(before)[PATCHES] == 2
        goes_on_quietly(fleet, daemon, "b", "c")
        assert f"spec.replicas of StatefulSet/{fleet.name}/a is owned by keda-operator" in fleet.message("a")


def test_what_keda_lets_go_of_is_ours_again_with_the_next_change(bring: Bring) -> None:
    fleet = bring("leaves")
    fleet.push("a")
    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Pending", daemon)
        scale(fleet, {"replicas": 3})
        fleet.becomes(lambda: "keda-operator" in fleet.message("a"), daemon)
        scale(fleet, {})
        fleet.push(a=own_pod("a", image="nginx:2"))
        fleet.becomes(lambda: image(fleet) == "nginx:2", daemon)
        fleet.becomes(lambda: "keda-operator" not in fleet.message("a"), daemon)

    assert replicas(fleet) == 1
    live = fleet.live("statefulsets", "a")
    assert owners(live, "f:spec", "f:replicas") == {("towline", "Apply")}


@contextmanager
def somebody_who_never_stops(fleet: RealFleet, manager: str) -> Iterator[None]:
    """Sets the replicas to 0 whenever they are something else."""
    enough = threading.Event()

    def fight() -> None:
        while not enough.wait(0.05):
            if replicas(fleet) != 0:
                fleet.plane.patch(fleet.at("statefulsets", "a"), {"spec": {"replicas": 0}}, manager)

    fighter = threading.Thread(target=fight, daemon=True)
    fighter.start()
    try:
        yield
    finally:
        enough.set()
        fighter.join(20)


def test_a_fight_ends_after_three_rounds_and_is_named(bring: Bring) -> None:
    fleet = bring("fight")
    fleet.push("a")
    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Pending", daemon)
        before = fleet.plane.so_far()
        with somebody_who_never_stops(fleet, "kubectl-cron"):
            fleet.becomes(lambda: "again and again by kubectl-cron" in fleet.message("a"), daemon)
            fleet.becomes(lambda: replicas(fleet) == 0, daemon)
            live = fleet.live("statefulsets", "a")

            # three rounds of one refusal and one forced apply each, and one that gives the field up
            assert fleet.plane.writes(before)[PATCHES] <= 7
            assert owners(live, "f:spec", "f:replicas") == {("kubectl-cron", "Update")}
            goes_on_quietly(fleet, daemon, "b", "c")
        assert f"spec.replicas of StatefulSet/{fleet.name}/a is set again and again" in fleet.message("a")
        assert replicas(fleet) == 0


def test_what_a_webhook_changes_is_noticed_by_the_answer(bring: Bring, tmp_path: Path) -> None:
    fleet = bring("hooked")
    fleet.push("a")
    fleet.once()
    before = fleet.plane.so_far()
    five = [{"op": "add", "path": "/spec/replicas", "value": 5}]
    with mutating_webhook(fleet.plane, tmp_path, STATEFUL_SETS, labels_of(fleet), five):
        assert until(lambda: nudged(fleet) == 5, 20)
        with fleet.daemon() as daemon:
            fleet.becomes(lambda: "by a mutating webhook" in fleet.message("a"), daemon)
            assert fleet.plane.writes(before)[PATCHES] <= 2
            before = fleet.plane.so_far()
            fleet.push(a=own_pod("a", image="nginx:2"))
            fleet.becomes(lambda: image(fleet) == "nginx:2", daemon)
            assert fleet.plane.writes(before)[PATCHES] == 1
            assert replicas(fleet) == 5
            goes_on_quietly(fleet, daemon, "b", "c")
            assert f"spec.replicas of StatefulSet/{fleet.name}/a" in fleet.message("a")


def test_what_a_webhook_makes_of_a_fixed_field_is_never_made_anew(bring: Bring, tmp_path: Path) -> None:
    fleet = bring("moulded")
    fleet.push("other")
    fleet.once()
    fleet.plane.so_far()
    serially = [{"op": "replace", "path": "/spec/podManagementPolicy", "value": "OrderedReady"}]
    with mutating_webhook(fleet.plane, tmp_path, STATEFUL_SETS, labels_of(fleet), serially):
        fleet.push("a")
        assert until(lambda: is_moulded(fleet), 60)
        fleet.once()
        made = fleet.live("statefulsets", "a")["metadata"]["uid"]
        before = fleet.plane.so_far()
        fleet.once()
        fleet.once()

        assert fleet.live("statefulsets", "a")["metadata"]["uid"] == made
        assert not {PATCHES, "delete statefulsets"} & set(fleet.plane.writes(before))
        told = f"spec.podManagementPolicy of StatefulSet/{fleet.name}/a is changed by a mutating webhook"
        assert told in fleet.message("a")


def is_moulded(fleet: RealFleet) -> bool:
    """Whether it was made with the webhook's help; what came before the webhook was heard of goes."""
    fleet.once()
    live = fleet.live("statefulsets", "a")
    if live and live["spec"]["podManagementPolicy"] != "OrderedReady":
        fleet.plane.ask("DELETE", fleet.at("statefulsets", "a"))
    return bool(live) and live["spec"]["podManagementPolicy"] == "OrderedReady"


def labels_of(fleet: RealFleet) -> dict[str, str]:
    return {"towline.dev/fleet": fleet.name, "kaito.sh/workspace": "a"}


def nudged(fleet: RealFleet) -> int:
    """The replicas after a change to nothing of ours, on which the webhook acts."""
    note = {"metadata": {"annotations": {"nudge": str(fleet.plane.so_far())}}}
    fleet.plane.patch(fleet.at("statefulsets", "a"), note)
    return replicas(fleet)


def test_what_leaves_git_leaves_the_cluster_even_after_a_list_was_overwritten(bring: Bring) -> None:
    fleet = bring("lists")
    fleet.push(a=with_variables("A", "B"))
    fleet.once()
    moved = {"name": "http", "port": 81, "targetPort": 5000, "protocol": "TCP"}
    fleet.plane.patch(fleet.at("services", "a", CORE), {"spec": {"ports": [moved]}})
    renamed = {"spec": {"template": {"spec": {"containers": [{"name": "other", "image": "nginx"}]}}}}
    fleet.plane.patch(fleet.at("statefulsets", "a"), renamed)
    fleet.once()
    fleet.push(a=with_variables("B"))
    fleet.once()

    service = fleet.live("services", "a", CORE)
    assert [each["port"] for each in service["spec"]["ports"]] == [80]
    workload = fleet.live("statefulsets", "a")
    named = {each["name"]: each for each in workload["spec"]["template"]["spec"]["containers"]}
    assert [each["name"] for each in named["srv"]["env"]] == ["B"]
    for live in (service, workload):
        assert ("towline", "Update") not in owners(live, "f:spec")
    fleet.once()
    assert not [each for each in fleet.writes_of_a_pass() if each.startswith("patch")]


def with_variables(*names: str) -> str:
    env = ", ".join(f"{{name: {name}, value: x}}" for name in names)
    return own_pod("a").replace("{name: srv,", f"{{name: srv, env: [{env}],")
