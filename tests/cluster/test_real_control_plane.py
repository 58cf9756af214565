"""Towline against a real kube-apiserver: what it promises, seen from the cluster's side."""

from __future__ import annotations

from typing import Any

from tests.cluster.conftest import Bring
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fleet import own_pod, preset, tuned
from tests.gitserver import until

KAITO, BATCH = "/apis/kaito.sh/v1beta1", "/apis/batch/v1"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/workspaces.kaito.sh"
MANAGED_BY = "app.kubernetes.io/managed-by"
WITHOUT_JOBS = [
    {"apiGroups": ["", "apps", "kaito.sh", "coordination.k8s.io"], "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": ["apiextensions.k8s.io"], "resources": ["*"], "verbs": ["*"]},
]


def test_what_is_pushed_is_there_and_a_second_pass_writes_nothing(plane: ControlPlane, bring: Bring) -> None:
    fleet = bring("first")
    fleet.push("a", "b")

    fleet.once()
    fleet.once()

    assert plane.names(fleet.at("statefulsets")) == ["a", "b"]
    services = plane.names(fleet.at("services", group="/api/v1"))
    assert services == ["a", "a-headless", "b", "b-headless"]
    assert plane.names(fleet.at("workspaces", group=KAITO)) == ["a", "b"]
    established = [each["type"] for each in plane.ask("GET", CRD)["status"]["conditions"]]
    assert "Established" in established
    assert until(lambda: fleet.writes_of_a_pass() == {}, 30)


def test_two_fleets_of_one_cluster_leave_what_they_share_alone(bring: Bring) -> None:
    one, other = bring("one"), bring("other")
    one.push("a")
    other.push("a")
    one.once()
    other.once()

    written = {*one.writes_of_a_pass(), *other.writes_of_a_pass()}

    assert written.isdisjoint({"patch customresourcedefinitions", "patch namespaces"})


def test_what_a_person_changed_is_corrected(bring: Bring) -> None:
    fleet = bring("edited")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "edited"))
    fleet.once()
    plane = fleet.plane
    plane.patch(fleet.at("statefulsets", "a"), {"spec": {"replicas": 0}})
    plane.patch(fleet.at("services", "a", "/api/v1"), {"spec": {"ports": [moved_port()]}})

    fleet.once()
    fleet.once()

    assert fleet.live("statefulsets", "a")["spec"]["replicas"] == 1
    ports = fleet.live("services", "a", "/api/v1")["spec"]["ports"]
    assert [(each["port"], each["targetPort"]) for each in ports] == [(80, 5000)]
    assert until(lambda: fleet.once() and fleet.phase("a") == "Ready", 30)


def moved_port() -> dict[str, Any]:
    return {"name": "http", "port": 81, "targetPort": 5000, "protocol": "TCP"}


def test_what_another_controller_owns_is_told_and_left(bring: Bring) -> None:
    fleet = bring("contested")
    fleet.push("a")
    fleet.once()
    body = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "a"},
        "spec": {"replicas": 3},
    }
    path = f"{fleet.at('statefulsets', 'a')}?fieldManager=keda-operator&force=true"
    fleet.plane.ask("PATCH", path, body, "application/apply-patch+yaml")

    fleet.once()

    assert fleet.live("statefulsets", "a")["spec"]["replicas"] == 3
    assert "keda-operator" in fleet.message("a")


def test_what_cannot_be_changed_in_place_is_made_anew(bring: Bring) -> None:
    fleet = bring("fixed")
    fleet.push("a")
    fleet.once()
    made = fleet.live("statefulsets", "a")
    kept = {key: made["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    other = {**made, "metadata": kept, "spec": {**made["spec"], "serviceName": "elsewhere"}}
    fleet.plane.ask("DELETE", fleet.at("statefulsets", "a"))
    theirs = fleet.plane.ask("POST", fleet.at("statefulsets"), other)["metadata"]["uid"]

    fleet.once()

    mended = fleet.live("statefulsets", "a")
    assert mended["metadata"]["uid"] not in (theirs, made["metadata"]["uid"])
    assert mended["spec"]["serviceName"] == "a-headless"


def test_what_is_removed_from_git_goes_with_all_it_had(bring: Bring) -> None:
    fleet = bring("leaving")
    fleet.push("a", "b")
    fleet.once()

    fleet.push(b=None)
    fleet.once()

    assert fleet.plane.names(fleet.at("statefulsets")) == ["a"]
    assert fleet.plane.names(fleet.at("services", group="/api/v1")) == ["a", "a-headless"]
    assert fleet.plane.names(fleet.at("workspaces", group=KAITO)) == ["a"]


def test_nodes_that_were_brought_say_how_many_gpus_a_pod_takes(bring: Bring) -> None:
    fleet = bring("metal")
    fleet.bring_nodes("m1", "m2")
    fleet.push(phi=preset("phi", "metal"), nowhere=preset("nowhere", "moon"))

    fleet.once()

    (container,) = fleet.live("statefulsets", "phi")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "2"}
    assert fleet.phase("nowhere") == "Invalid"
    assert "no node carries these labels" in fleet.message("nowhere")
    assert fleet.live("statefulsets", "nowhere") is None
    unlabelled = {"metadata": {"labels": {"nvidia.com/gpu.count": None}}}
    fleet.plane.patch(f"/api/v1/nodes/{fleet.node('m1')}", unlabelled)
    fleet.once()
    assert fleet.live("statefulsets", "phi") is not None
    assert fleet.phase("phi") == "Held"


def test_whoever_is_not_known_or_may_not_look_is_told_so_and_what_he_cannot_see_stays(bring: Bring) -> None:
    fleet = bring("barred")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "barred"), b=tuned("b", "barred"))
    assert until(lambda: fleet.once() and fleet.live("jobs", "b", BATCH), 30)
    fleet.push(b=None)
    grant(fleet.plane, "somebody", WITHOUT_JOBS)

    unknown, barred = fleet.once("wrong-token"), fleet.once("some-token")

    assert (unknown.returncode, barred.returncode) == (1, 0)
    assert "does not accept these credentials" in unknown.stderr
    assert 'cannot list resource "jobs"' in fleet.person.page()
    assert fleet.live("jobs", "b", BATCH) is not None
    fleet.once()
    assert fleet.live("jobs", "b", BATCH) is None
    assert fleet.plane.names(fleet.at("statefulsets")) == ["a"]


def grant(plane: ControlPlane, user: str, rules: list[dict[str, Any]]) -> None:
    rbac, group = "/apis/rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": user}, "rules": rules}
    plane.ask("POST", f"{rbac}/clusterroles", role)
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": user},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": user},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    plane.ask("POST", f"{rbac}/clusterrolebindings", binding)


def test_a_daemon_outlives_the_apiserver(plane: ControlPlane, bring: Bring) -> None:
    fleet = bring("outage")
    fleet.push("a")
    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.live("statefulsets", "a"), daemon)
        plane.stop()
        fleet.becomes(lambda: "Connection refused" in daemon.said, daemon)
        fleet.push("b")
        plane.start()
        fleet.becomes(lambda: fleet.live("statefulsets", "b"), daemon)


def test_whoever_is_killed_in_the_making_leaves_nothing_nobody_owns(bring: Bring) -> None:
    fleet = bring("killed")
    names = [f"w{number}" for number in range(20)]
    fleet.push("stays")
    fleet.once()
    fleet.push(*names)
    with fleet.daemon() as daemon:
        fleet.becomes(lambda: len(fleet.plane.names(fleet.at("statefulsets"))) > 1, daemon)
        daemon.kill()
    text = (fleet.person.work / "towline.yaml").read_text()
    fleet.person.write({"towline.yaml": f"{text}  prune: {{maxWorkspaces: 100}}\n"})
    fleet.person.push({f"workspaces/{name}.yaml": None for name in names})

    fleet.once()

    assert fleet.plane.names(fleet.at("statefulsets")) == ["stays"]
    assert fleet.plane.names(fleet.at("workspaces", group=KAITO)) == ["stays"]


def test_a_definition_of_workspaces_that_is_anothers_is_left_alone(plane: ControlPlane, bring: Bring) -> None:
    fleet = bring("kaitos")
    fleet.push("a")
    ours = plane.ask("GET", CRD)["metadata"]["labels"][MANAGED_BY]
    before = plane.patch(CRD, {"metadata": {"labels": {MANAGED_BY: "Helm"}}}, manager="helm")

    fleet.once()
    after = plane.ask("GET", CRD)
    plane.patch(CRD, {"metadata": {"labels": {MANAGED_BY: ours}}}, manager="helm")

    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert plane.names(fleet.at("workspaces", group=KAITO)) == []
    assert plane.names(fleet.at("statefulsets")) == ["a"]
    assert "owns the definition of Workspaces" in fleet.person.page()
