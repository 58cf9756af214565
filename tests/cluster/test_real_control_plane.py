"""Towline against a real kube-apiserver: what it promises, seen from the cluster's side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane, control_plane, program
from tests.cluster.fleet import RealFleet, preset
from tests.e2e.person import Person
from tests.gitserver import until

MISSING = [name for name in ("etcd", "kube-apiserver") if program(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"{' and '.join(MISSING)} not found: set KUBEBUILDER_ASSETS to the folder they are in",
)
KAITO = "/apis/kaito.sh/v1beta1"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/workspaces.kaito.sh"
WITHOUT_JOBS = [
    {"apiGroups": ["", "apps", "kaito.sh"], "resources": ["*"], "verbs": ["*"]},
    {"apiGroups": ["apiextensions.k8s.io"], "resources": ["*"], "verbs": ["*"]},
]

Bring = Callable[[str], RealFleet]


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane"), {"some-token": "somebody"}) as running:
        yield running


@pytest.fixture
def bring(plane: ControlPlane, tmp_path: Path) -> Bring:
    def fleet(name: str) -> RealFleet:
        folder = tmp_path / name
        folder.mkdir()
        return RealFleet(name, folder, Person.arrives(folder), plane)

    return fleet


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
    assert fleet.writes_of_a_pass() == {}


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
    fleet.push("a")
    fleet.once()
    plane = fleet.plane
    plane.patch(fleet.at("statefulsets", "a"), {"spec": {"replicas": 0}})
    plane.patch(fleet.at("services", "a", "/api/v1"), {"spec": {"ports": [moved_port()]}})

    fleet.once()
    fleet.once()

    assert fleet.live("statefulsets", "a")["spec"]["replicas"] == 1
    ports = fleet.live("services", "a", "/api/v1")["spec"]["ports"]
    assert [(each["port"], each["targetPort"]) for each in ports] == [(80, 5000)]
    assert fleet.phase("a") == "Pending"


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
    fleet.plane.patch("/api/v1/nodes/m1", {"metadata": {"labels": {"nvidia.com/gpu.count": None}}})
    fleet.once()
    assert fleet.live("statefulsets", "phi") is not None
    assert fleet.phase("phi") == "Held"


def test_karpenter_is_asked_once_and_what_it_owes_is_told(bring: Bring) -> None:
    fleet = bring("claims")
    sized = preset("phi", "claims", ", instanceType: Standard_NC24ads_A100_v4")
    fleet.push(provisioner="karpenter", phi=sized)
    fleet.once()
    assert "what defines this kind may not be installed" in fleet.message("phi")

    for definition in karpenter_definitions():
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        fleet.plane.ask("POST", path, definition)
    group = "/apis/karpenter.azure.com/v1beta1/aksnodeclasses"
    assert until(lambda: fleet.plane.ask("GET", group), 20)
    fleet.once()
    fleet.once()

    assert fleet.message("phi") == "Waiting for Karpenter to see node pool claims-phi"
    assert fleet.plane.names(group) == ["image-family-azure-linux", "image-family-ubuntu"]
    assert fleet.writes_of_a_pass() == {}


def karpenter_definitions() -> Iterator[dict[str, Any]]:
    kinds = (
        ("karpenter.sh", "v1", "NodePool"),
        ("karpenter.sh", "v1", "NodeClaim"),
        ("karpenter.azure.com", "v1beta1", "AKSNodeClass"),
    )
    for group, version, kind in kinds:
        plural = kind.lower() + ("es" if kind.endswith("s") else "s")
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        served = {"name": version, "served": True, "storage": True, "schema": schema}
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {
                "group": group,
                "scope": "Cluster",
                "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                "versions": [served],
            },
        }


def test_whoever_is_not_known_or_may_not_look_is_told_so_and_nothing_goes(bring: Bring) -> None:
    fleet = bring("barred")
    fleet.push("a", "b")
    fleet.once()
    fleet.push(b=None)
    grant(fleet.plane, "somebody", WITHOUT_JOBS)

    unknown, barred = fleet.once("wrong-token"), fleet.once("some-token")

    assert unknown.returncode == barred.returncode == 1
    assert "does not accept these credentials" in unknown.stderr
    assert 'cannot list resource \\"jobs\\"' in barred.stderr
    assert fleet.plane.names(fleet.at("statefulsets")) == ["a", "b"]


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
    plane.patch(CRD, {"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}}, manager="helm")
    before = plane.ask("GET", CRD)["metadata"]["resourceVersion"]

    fleet.once()

    assert plane.ask("GET", CRD)["metadata"]["resourceVersion"] == before
    assert plane.names(fleet.at("workspaces", group=KAITO)) == []
    assert plane.names(fleet.at("statefulsets")) == ["a"]
    assert "owns the definition of Workspaces" in fleet.person.page()
