"""Towline brought into a real cluster: what is made, what is left, and what its ServiceAccount may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.leases import KubeLeases
from reconciler.domain.lease import Lease
from reconciler.planner.install.rights import deeds_of
from reconciler.wiring.fleet import fleet_in
from reconciler.wiring.install import rights
from reconciler.wiring.lead import lease_names
from tests.cluster.control_plane import CONTEXT, ControlPlane, control_plane, program
from tests.cluster.fleet import RealFleet
from tests.e2e.person import Person
from tests.e2e.typed import environment, type_towline

MISSING = [name for name in ("etcd", "kube-apiserver") if program(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"{' and '.join(MISSING)} not found: set KUBEBUILDER_ASSETS to the folder they are in",
)
RBAC = "/apis/rbac.authorization.k8s.io/v1"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/workspaces.kaito.sh"
HOME = "towline-system"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with control_plane(tmp_path_factory.mktemp("plane"), {}) as running:
        yield running


def a_fleet(plane: ControlPlane, tmp_path: Path, name: str) -> RealFleet:
    fleet = RealFleet(name, tmp_path, Person.arrives(tmp_path), plane)
    fleet.push("a")
    return fleet


def install(fleet: RealFleet, *words: str) -> dict[str, str]:
    """What became of each object, by kind and name."""
    place = (
        "--context",
        CONTEXT,
        "--kubeconfig",
        str(fleet.plane.kubeconfig),
        "--fleet",
        str(fleet.person.work),
    )
    told = (
        "--repo",
        "https://git.example/models.git",
        "--image",
        "registry.example/towline:1",
        *place,
        *words,
    )
    run = type_towline(("install", "-o", "json", *told), environment(fleet.folder), fleet.folder)
    assert run.returncode == 0, run.stderr
    return {f"{each['kind']} {each['name']}": each["change"] for each in json.loads(run.stdout)["objects"]}


def account_of(fleet: RealFleet) -> Path:
    """A kubeconfig of the installed ServiceAccount."""
    path = f"/api/v1/namespaces/{HOME}/serviceaccounts/towline-{fleet.name}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = fleet.plane.ask("POST", path, body)["status"]["token"]
    document = json.loads(fleet.plane.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": token}
    file = fleet.folder / "installed.kubeconfig"
    file.write_text(json.dumps(document))
    return file


def as_installed(fleet: RealFleet, *words: str) -> str:
    """What `towline` says when its ServiceAccount types it."""
    state = ("--state", str(fleet.folder / "state"))
    place = ("--context", CONTEXT, "--kubeconfig", str(account_of(fleet)), *state)
    run = type_towline((*words, *place), environment(fleet.folder), fleet.folder)
    assert run.returncode == 0, run.stderr + run.stdout
    return run.stdout


def asked_as_installed(fleet: RealFleet) -> list[dict[str, Any]]:
    """The audit log of the ServiceAccount: what it asked, and how it was answered."""
    user = f"system:serviceaccount:{HOME}:towline-{fleet.name}"
    events = map(json.loads, (fleet.plane.folder / "audit.log").read_text().splitlines())
    return [each for each in events if each.get("user", {}).get("username") == user]


def may(fleet: RealFleet, verb: str, resource: str, group: str = "", namespace: str = "") -> bool:
    attributes = {"verb": verb, "resource": resource, "group": group, "namespace": namespace}
    user = f"system:serviceaccount:{HOME}:towline-{fleet.name}"
    spec = {"user": user, "groups": ["system:authenticated"], "resourceAttributes": attributes}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    answer = fleet.plane.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return bool(answer["status"]["allowed"])


def test_installed_twice_changes_nothing_the_second_time(plane: ControlPlane, tmp_path: Path) -> None:
    fleet = a_fleet(plane, tmp_path, "twice")

    first, second = install(fleet), install(fleet)

    assert first["Deployment towline-twice"] == "created"
    assert set(second.values()) == {"unchanged", "left alone"}
    assert [name for name, change in second.items() if change == "left alone"] == [
        "PodDisruptionBudget towline-twice",
        "PodMonitor towline-twice",
        "PrometheusRule towline-twice",
    ]
    labels = plane.ask("GET", f"/api/v1/namespaces/{HOME}")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert install(fleet, "--replicas", "3")["Deployment towline-twice"] == "configured"


def test_its_account_can_do_all_that_a_pass_does(plane: ControlPlane, tmp_path: Path) -> None:
    fleet = a_fleet(plane, tmp_path, "account")
    install(fleet)
    run = ("run", "--once", "--repo", str(fleet.person.bare), "--offline")
    fleet.push("b", config="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shown}\ndata: {a: b}\n")

    as_installed(fleet, *run)
    fleet.push(b=None, config=None)
    as_installed(fleet, *run)

    assert plane.names(fleet.at("statefulsets")) == ["a"]
    asked = asked_as_installed(fleet)
    refused = [each["requestURI"] for each in asked if each["responseStatus"]["code"] in (401, 403)]
    assert refused == []
    done = {(each["verb"], each["objectRef"]["resource"]) for each in asked if "objectRef" in each}
    assert {("patch", "statefulsets"), ("delete", "services"), ("watch", "nodes")} <= done
    assert {("patch", "workspaces"), ("create", "events"), ("get", "configmaps")} <= done


def test_its_account_can_hold_the_fleets_lease(plane: ControlPlane, tmp_path: Path) -> None:
    fleet = a_fleet(plane, tmp_path, "held")
    install(fleet)
    (name,) = lease_names(fleet.name, 1)
    moment = "2026-11-22T12:00:00.000000Z"
    with closing(KubeLeases(account_of(fleet), CONTEXT, HOME)) as leases:
        assert leases.lease(name) is None
        first = leases.write(Lease(name, "somebody", 15, moment, moment))
        leases.write(replace(first, holder="another"))
    assert plane.ask("GET", f"{LEASES}/{name}")["spec"]["holderIdentity"] == "another"


def test_its_account_may_do_what_the_table_says_and_nothing_else(plane: ControlPlane, tmp_path: Path) -> None:
    fleet = a_fleet(plane, tmp_path, "narrow")
    install(fleet)

    told = json.loads(as_installed(fleet, "check", str(fleet.person.work), "--pre", "-o", "json"))
    checks = {each["subject"]: each for each in told["checks"]}

    spec = fleet_in(fleet.person.work)
    deeds = deeds_of(rights(spec), spec)
    assert checks["access"]["said"] == f"all {len(deeds)} things that a pass does are allowed"
    assert checks["kubernetes"]["said"].startswith("v1.")
    assert not may(fleet, "get", "secrets", namespace="narrow")
    assert not may(fleet, "create", "pods", namespace="narrow")
    assert not may(fleet, "patch", "statefulsets", "apps", "default")
    assert not may(fleet, "patch", "nodes")
    assert not may(fleet, "delete", "namespaces")
    assert not may(fleet, "delete", "customresourcedefinitions", "apiextensions.k8s.io")
    assert not may(fleet, "create", "clusterrolebindings", "rbac.authorization.k8s.io")
    assert not may(fleet, "list", "secrets")


def test_whoever_may_not_look_is_told_by_whom_and_what_to_do(plane: ControlPlane, tmp_path: Path) -> None:
    fleet = a_fleet(plane, tmp_path, "lacking")
    install(fleet)
    role = f"{RBAC}/clusterroles/towline-lacking"
    rules = plane.ask("GET", role)["rules"]
    plane.patch(role, {"rules": [rule for rule in rules if "jobs" not in rule["resources"]]})
    words = ("check", str(fleet.person.work), "--pre", "-o", "json", "--context", CONTEXT)

    run = type_towline(
        (*words, "--kubeconfig", str(plane.kubeconfig)), environment(fleet.folder), fleet.folder
    )

    account = {each["subject"]: each for each in json.loads(run.stdout)["checks"]}["account"]
    assert run.returncode == 1
    assert "not allowed: list jobs.batch, watch jobs.batch" in account["said"]
    assert "towline install" in account["mend"]
    assert install(fleet, "--force-conflicts")["ClusterRole towline-lacking"] == "configured"


def test_what_an_older_version_made_goes_and_what_others_made_stays(
    plane: ControlPlane, tmp_path: Path
) -> None:
    fleet = a_fleet(plane, tmp_path, "older")
    install(fleet)
    labels = plane.ask("GET", f"{RBAC}/clusterroles/towline-older")["metadata"]["labels"]
    for name, marked in (("towline-older-former", labels), ("towline-older-theirs", {}), ("theirs", labels)):
        role = {"metadata": {"name": name, "labels": marked}, "rules": []}
        plane.ask("POST", f"{RBAC}/clusterroles", role)

    told = install(fleet)

    assert told["ClusterRole towline-older-former"] == "pruned"
    assert list(told.values()).count("pruned") == 1
    names = plane.names(f"{RBAC}/clusterroles")
    assert {"towline-older-theirs", "theirs", "towline-older"} <= {*names}
    assert "towline-older-former" not in names


def test_a_field_that_somebody_else_set_is_named_and_taken_only_when_asked(
    plane: ControlPlane, tmp_path: Path
) -> None:
    fleet = a_fleet(plane, tmp_path, "taken")
    install(fleet)
    path = f"/apis/apps/v1/namespaces/{HOME}/deployments/towline-taken"
    plane.patch(path, {"spec": {"replicas": 5}}, manager="somebody")
    place = ("--context", CONTEXT, "--kubeconfig", str(plane.kubeconfig), "--fleet", str(fleet.person.work))
    words = (
        "install",
        "--repo",
        "https://git.example/m.git",
        "--image",
        "registry.example/towline:1",
        *place,
    )

    refused = type_towline(words, environment(tmp_path), tmp_path)

    assert refused.returncode == 1
    assert "somebody set .spec.replicas; --force-conflicts takes it over" in refused.stderr
    assert plane.ask("GET", path)["spec"]["replicas"] == 5
    install(fleet, "--force-conflicts")
    assert plane.ask("GET", path)["spec"]["replicas"] == 2


def test_a_pass_finds_nothing_to_do_to_what_was_installed(plane: ControlPlane, tmp_path: Path) -> None:
    fleet = a_fleet(plane, tmp_path, "ground")
    install(fleet)

    written = fleet.writes_of_a_pass()

    assert written.keys().isdisjoint({"patch customresourcedefinitions"})
    before = plane.ask("GET", CRD)["metadata"]["resourceVersion"]
    assert set(install(fleet).values()) == {"unchanged", "left alone"}
    assert plane.ask("GET", CRD)["metadata"]["resourceVersion"] == before
