"""What leaves our wish leaves the cluster, however it came there: nothing of ours holds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.owners import disowning
from reconciler.domain.state import DesiredObject
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.kube_world import CONTEXT, FLEET, KINDS, QUICK, desired, somebody_else

SERVICE = "/api/v1/namespaces/default/services/a"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=600)) as sandbox:
        yield sandbox


@pytest.fixture
def cluster(world: Sandbox) -> Iterator[KubeCluster]:
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, QUICK)
    yield cluster
    cluster.close()


def port(number: int, name: str) -> dict[str, Any]:
    return {"name": name, "port": number, "targetPort": 5000, "protocol": "TCP"}


def service(*ports: dict[str, Any]) -> DesiredObject:
    metadata = {"name": "a", "namespace": "default", "labels": FLEET}
    return desired(
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": list(ports)}}
    )


def test_a_port_of_a_list_that_was_overwritten(world: Sandbox, cluster: KubeCluster) -> None:
    both = service(port(80, "http"), port(90, "more"))
    cluster.apply(both)
    moved = {"spec": {"ports": [port(81, "http"), port(90, "more")]}}
    somebody_else(world, "PATCH", f"{SERVICE}?fieldManager=kubectl-edit", moved)
    cluster.overwrite(both.ref, {"spec": {"ports": [port(80, "http"), port(90, "more")]}})
    cluster.apply(both)

    cluster.apply(service(port(90, "more")))

    found = cluster.find(both.ref)
    assert found is not None
    assert found.document["spec"]["ports"] == [port(90, "more")]


def entry(operation: str, manager: str = "towline", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": {}, **more}


def test_all_that_was_not_applied_is_disowned() -> None:
    theirs = (entry("Update", "kubectl-edit"), entry("Update", subresource="status"))
    managed = [entry("Apply"), entry("Update"), *theirs]

    test, replace = disowning({"metadata": {"resourceVersion": "7", "managedFields": managed}})

    assert test == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    assert replace["value"] == [entry("Apply"), *theirs]


@pytest.mark.parametrize(
    "managed", [[entry("Apply"), entry("Update", "kubectl-edit")], [entry("Update")], [], None]
)
def test_where_all_was_applied_and_where_nothing_was_nothing_is_disowned(managed: Any) -> None:
    assert disowning({"metadata": {"resourceVersion": "7", "managedFields": managed}}) == []
