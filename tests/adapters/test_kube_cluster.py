"""The Kubernetes door against the sandbox's API server: what is written is seen, and nobody is overrun."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.faults import Conflict, Refused
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.kube_world import (
    CONTEXT,
    FLEET,
    KINDS,
    QUICK,
    asked,
    config_map,
    definition,
    desired,
    eventually,
    ref,
    somebody_else,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=600)) as sandbox:
        yield sandbox


@pytest.fixture
def cluster(world: Sandbox) -> Iterator[KubeCluster]:
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, QUICK)
    yield cluster
    cluster.close()


def test_applying_the_same_again_changes_nothing(cluster: KubeCluster) -> None:
    cluster.objects()
    first = cluster.apply(config_map("a", key="value"))
    before = cluster.objects()
    again = cluster.apply(config_map("a", key="value"))
    assert (again.changed, again.uid) == (False, first.uid)
    assert cluster.objects() is before


def test_a_field_that_is_no_longer_wanted_disappears(cluster: KubeCluster) -> None:
    cluster.apply(config_map("a", keep="1", gone="2"))
    cluster.apply(config_map("a", keep="1"))
    found = cluster.find(ref("a"))
    assert found is not None
    assert found.document["data"] == {"keep": "1"}


def test_a_field_that_somebody_else_changed_is_a_conflict_naming_them_until_forced(
    world: Sandbox, cluster: KubeCluster
) -> None:
    cluster.apply(config_map("a", key="ours"))
    path = "/api/v1/namespaces/default/configmaps/a?fieldManager=kubectl-edit"
    somebody_else(world, "PATCH", path, {"data": {"key": "theirs"}})
    with pytest.raises(Conflict) as caught:
        cluster.apply(config_map("a", key="ours again"))
    assert caught.value.managers == ("kubectl-edit",)
    assert caught.value.fields == (".data.key",)
    cluster.apply(config_map("a", key="ours again"), force=True)
    assert cluster.objects()[ref("a")].document["data"] == {"key": "ours again"}


def test_a_list_is_overwritten_whole_and_what_is_ours_can_be_taken_back(
    world: Sandbox, cluster: KubeCluster
) -> None:
    port = {"name": "http", "port": 80, "targetPort": 5000, "protocol": "TCP"}
    metadata = {"name": "a", "namespace": "default", "labels": FLEET}
    wanted = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [port]}}
    cluster.apply(desired(wanted))
    path = "/api/v1/namespaces/default/services/a?fieldManager=kubectl-edit"
    somebody_else(world, "PATCH", path, {"spec": {"ports": [{**port, "port": 81}]}})
    with pytest.raises(Refused):
        cluster.apply(desired(wanted))
    service = desired(wanted).ref
    cluster.overwrite(service, {"spec": {"ports": [port]}})
    cluster.apply(desired(wanted))
    found = cluster.find(service)
    assert found is not None
    assert [each["port"] for each in found.document["spec"]["ports"]] == [80]


def test_a_shared_kind_is_seen_whoever_made_it_and_is_not_the_fleets(
    world: Sandbox, cluster: KubeCluster
) -> None:
    somebody_else(world, "POST", "/api/v1/namespaces", {"metadata": {"name": "theirs"}})
    claims = replace(KINDS[0], shared=True)
    somebody_else(world, "POST", "/api/v1/namespaces/theirs/configmaps", {"metadata": {"name": "a"}})
    looking = KubeCluster(world.kubeconfig, CONTEXT, "demo", (claims, *KINDS[1:]), QUICK)
    seen = Ref("v1", "ConfigMap", "theirs", "a")
    assert seen in looking.shared()
    assert Ref("v1", "Namespace", "", "theirs") in looking.shared()
    assert seen not in looking.objects()
    looking.close()


def test_what_somebody_else_does_is_seen(world: Sandbox, cluster: KubeCluster) -> None:
    cluster.apply(config_map("a", key="ours"))
    cluster.objects()
    somebody_else(world, "PATCH", "/api/v1/namespaces/default/configmaps/a", {"data": {"key": "theirs"}})
    eventually(lambda: cluster.objects()[ref("a")].document["data"] == {"key": "theirs"})
    somebody_else(world, "DELETE", "/api/v1/namespaces/default/configmaps/a", {})
    eventually(lambda: ref("a") not in cluster.objects())


def test_an_unchanged_world_is_asked_nothing_after_the_first_look(
    world: Sandbox, cluster: KubeCluster
) -> None:
    cluster.apply(desired(definition(**{"app.kubernetes.io/managed-by": "towline"})))
    cluster.apply(config_map("a"))

    def look() -> tuple[object, ...]:
        return cluster.objects(), cluster.pods(), cluster.nodes(), cluster.shared()

    first = look()
    before = asked(world)
    assert all(one is other for _ in range(20) for one, other in zip(first, look(), strict=True))
    assert asked(world) == before


def test_only_the_fleets_objects_are_seen_and_any_can_be_found(world: Sandbox, cluster: KubeCluster) -> None:
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}}
    somebody_else(world, "POST", "/api/v1/namespaces/default/configmaps", theirs)
    cluster.apply(config_map("ours"))
    assert set(cluster.objects()) == {ref("ours")}
    found = cluster.find(ref("theirs"))
    assert found is not None
    assert (found.ref, found.digest) == (ref("theirs"), "")
    assert cluster.find(ref("nobodys")) is None


def test_more_objects_than_one_page_are_all_seen(cluster: KubeCluster) -> None:
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(cluster.apply, [config_map(f"a-{number}") for number in range(1100)]))
    assert len(cluster.objects()) == 1100


def test_eight_threads_apply_at_once_each_with_one_request(world: Sandbox, cluster: KubeCluster) -> None:
    cluster.objects()
    before = asked(world, path="configmaps")
    wanted = [config_map(f"a-{number}", key=str(number)) for number in range(200)]
    with ThreadPoolExecutor(8) as workers:
        applied = list(workers.map(cluster.apply, wanted))
    assert {each.ref: each.digest for each in wanted} == {r: o.digest for r, o in cluster.objects().items()}
    assert len({each.uid for each in applied}) == 200
    assert asked(world, path="configmaps") - before == asked(world, method="PATCH") == 200


def test_a_deletion_is_guarded_by_the_uid(cluster: KubeCluster) -> None:
    uid = cluster.apply(config_map("a")).uid
    with pytest.raises(Conflict):
        cluster.delete(ref("a"), "00000000-0000-0000-0000-000000000000")
    assert ref("a") in cluster.objects()
    cluster.delete(ref("a"), uid)
    assert ref("a") not in cluster.objects()
    cluster.delete(ref("a"), uid)


def test_an_object_held_by_a_finalizer_is_seen_as_deleting(world: Sandbox, cluster: KubeCluster) -> None:
    cluster.objects()
    uid = cluster.apply(config_map("a")).uid
    path = "/api/v1/namespaces/default/configmaps/a"
    somebody_else(world, "PATCH", path, {"metadata": {"finalizers": ["example.com/wait"]}})
    cluster.delete(ref("a"), uid)
    assert cluster.objects()[ref("a")].deleting
    somebody_else(world, "PATCH", path, {"metadata": {"finalizers": None}})
    eventually(lambda: ref("a") not in cluster.objects())


def test_pods_are_found_by_their_workspace_and_nodes_by_themselves(cluster: KubeCluster) -> None:
    labels = {**FLEET, "kaito.sh/workspace": "w", "kaito.sh/workspacenamespace": "default"}
    container = {"name": "main", "image": "example.com/any:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 2, "serviceName": "w", "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": "w", "namespace": "default", "labels": labels}
    cluster.apply(
        desired({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec})
    )
    name = WorkspaceName("default", "w")

    def phases() -> list[str]:
        return [pod.document["status"].get("phase") for pod in cluster.pods().get(name, ())]

    eventually(lambda: phases() == ["Running", "Running"])
    assert [pod.ref.name for pod in cluster.pods()[name]] == ["w-0", "w-1"]
    (node,) = cluster.nodes()
    assert node.document["metadata"]["labels"]["agentpool"] == "system"
