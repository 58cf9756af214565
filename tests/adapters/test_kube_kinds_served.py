"""The Kubernetes door against the sandbox: kinds that come and go, and an API in trouble."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import config

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.kinds import KNOWN, KindInfo, discovered_kinds, group_path
from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.wire import Patience
from reconciler.domain.identity import Ref
from reconciler.domain.state import DesiredObject, ObservedState
from reconciler.faults import Broken, Forbidden, Missing, Refused, Unreachable
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.kube_world import (
    CONTEXT,
    CRD,
    KINDS,
    QUICK,
    ask,
    asked,
    config_map,
    definition,
    desired,
    eventually,
    ref,
    somebody_else,
    workspace,
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


def test_what_is_applied_is_seen_by_the_next_look(cluster: KubeCluster) -> None:
    assert dict(cluster.objects()) == {}
    wanted = config_map("a", key="value")
    applied = cluster.apply(wanted)
    seen = cluster.objects()[ref("a")]
    assert (seen.uid, seen.digest, applied.changed) == (applied.uid, wanted.digest, True)
    assert seen.document["data"] == {"key": "value"}


def test_a_kind_we_define_is_watched_from_then_on(cluster: KubeCluster) -> None:
    assert dict(cluster.objects()) == {}
    with pytest.raises(Missing):
        cluster.apply(workspace("w"))
    cluster.apply(desired(definition()))
    eventually(lambda: _is_applied(cluster, workspace("w")))
    where = Ref("kaito.sh/v1beta1", "Workspace", "default", "w")
    assert set(cluster.objects()) == {where}
    cluster.apply_status(where, {"state": "Ready", "conditions": [{"type": "NodesReady", "status": "True"}]})
    assert cluster.objects()[where].document["status"]["state"] == "Ready"
    cluster.apply_status(where, {"state": "NotReady"})
    assert cluster.objects()[where].document["status"] == {"state": "NotReady"}


def _is_applied(cluster: KubeCluster, wanted: DesiredObject) -> bool:
    """An API server takes a moment to serve a kind that has just been defined."""
    try:
        cluster.apply(wanted)
    except Missing:
        return False
    return True


def test_a_kind_somebody_else_defines_is_noticed(world: Sandbox) -> None:
    told = threading.Event()
    looking = Looking(on_change=told.set, patience=QUICK.patience, pace=QUICK.pace)
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, looking)
    try:
        assert dict(cluster.objects()) == {}
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        somebody_else(world, "POST", path, definition())
        where = "/apis/kaito.sh/v1beta1/namespaces/default/workspaces"
        eventually(lambda: ask(world, "POST", where, workspace("w").document) == 201)
        assert told.wait(20)
        eventually(lambda: len(cluster.objects()) == 1)
    finally:
        cluster.close()


@pytest.mark.parametrize(
    ("labels", "foreign"), [({}, True), ({"app.kubernetes.io/managed-by": "towline"}, False)]
)
def test_a_definition_is_foreign_unless_it_carries_our_name(
    world: Sandbox, cluster: KubeCluster, labels: dict[str, str], foreign: bool
) -> None:
    def is_foreign() -> bool:
        return ObservedState({}, {}, (), {}, shared=cluster.shared()).foreign_crd

    assert not is_foreign()
    somebody_else(
        world, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition(**labels)
    )
    if foreign:
        eventually(is_foreign)
    eventually(lambda: cluster.find(CRD) is not None)
    assert is_foreign() is foreign


def test_a_namespace_that_is_not_there_is_missing(cluster: KubeCluster) -> None:
    with pytest.raises(Missing, match="nowhere"):
        cluster.apply(config_map("a", "nowhere"))


def test_what_the_api_will_not_have_is_refused_with_its_field(cluster: KubeCluster) -> None:
    with pytest.raises(Refused, match=r"metadata\.name") as caught:
        cluster.apply(config_map("Not A Name"))
    assert caught.value.code == "Invalid"


def test_a_token_that_is_not_known_is_forbidden(world: Sandbox, tmp_path: Path) -> None:
    content = yaml.safe_load(world.kubeconfig.read_text())
    content["users"][0]["user"]["token"] = "another"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(Forbidden):
        KubeCluster(file, CONTEXT, "demo", KINDS, QUICK).objects()


def test_an_api_that_hangs_is_unreachable_in_bounded_time(world: Sandbox) -> None:
    looking = Looking(patience=Patience(1, 0.3, 1), pace=QUICK.pace)
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, looking)
    world.ask("hanging-api@kube")
    with pytest.raises(Unreachable):
        cluster.objects()
    with pytest.raises(Unreachable):
        cluster.apply(config_map("a"))
    world.ask("none")
    cluster.apply(config_map("a"))
    assert set(cluster.objects()) == {ref("a")}
    cluster.close()


def test_an_api_that_fails_is_broken_and_asked_once(world: Sandbox, cluster: KubeCluster) -> None:
    world.ask("api-500@kube")
    with pytest.raises(Broken):
        cluster.apply(config_map("a"))
    assert asked(world, method="PATCH") == 1


def test_a_sandbox_that_comes_back_is_followed_again(tmp_path: Path) -> None:
    settings = SandboxSettings(tmp_path / "sandbox", speed=600)
    with Sandbox(settings) as first:
        port = int(first.kube_url.rpartition(":")[2])
        cluster = KubeCluster(first.kubeconfig, CONTEXT, "demo", KINDS, QUICK)
        cluster.apply(config_map("a"))
        assert set(cluster.objects()) == {ref("a")}
    eventually(lambda: _is_down(cluster))
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=600, kube_port=port)) as second:
        assert set(cluster.objects()) == {ref("a")}
        somebody_else(second, "DELETE", "/api/v1/namespaces/default/configmaps/a", {})
        eventually(lambda: not cluster.objects())
        cluster.close()


def _is_down(cluster: KubeCluster) -> bool:
    try:
        cluster.objects()
    except Unreachable:
        return True
    return False


def test_a_kind_nobody_told_us_of_is_discovered(world: Sandbox) -> None:
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", (), Looking(watch=False))
    metadata = {"name": "l", "namespace": "default"}
    cluster.apply(
        desired({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": {}})
    )
    assert cluster.find(Ref("coordination.k8s.io/v1", "Lease", "default", "l")) is not None
    with pytest.raises(Missing, match="Gadget"):
        cluster.apply(
            desired({"apiVersion": "coordination.k8s.io/v1", "kind": "Gadget", "metadata": metadata})
        )


def test_the_kinds_we_know_are_served_where_we_say(world: Sandbox) -> None:
    vendor: Any = config
    served: dict[tuple[str, str], KindInfo] = {}
    with vendor.new_client_from_config(str(world.kubeconfig), CONTEXT) as client:
        for api_version in sorted({each for each, _ in KNOWN}):
            signed = client.param_serialize("GET", group_path(api_version), auth_settings=["BearerToken"])
            answer = client.call_api(*signed, _request_timeout=10)
            if answer.status == 200:
                served |= discovered_kinds(api_version, json.loads(answer.read()))
    both = served.keys() & KNOWN.keys()
    assert {key: served[key] for key in both} == {key: KNOWN[key] for key in both}
    assert len(both) >= 12
