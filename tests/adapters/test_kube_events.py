"""Kubernetes Events: written so that kubectl shows them, and counted where they are written already."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes import config

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.domain.event import Event
from reconciler.domain.identity import Ref
from reconciler.faults import Forbidden, Missing
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.kube_script import cluster_of
from tests.adapters.kube_world import CONTEXT, KINDS, QUICK, config_map, ref
from tests.adapters.scripted import Answer, Asked, document

READY = Event(ref("a"), "uid-a", "Normal", "Ready", "Serving, try 1", "2026-11-22T12:00:00Z")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=600)) as sandbox:
        yield sandbox


@pytest.fixture
def cluster(world: Sandbox) -> Iterator[KubeCluster]:
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, QUICK)
    yield cluster
    cluster.close()


def events(world: Sandbox, namespace: str = "default") -> list[dict[str, Any]]:
    path = f"/api/v1/namespaces/{namespace}/events"
    vendor: Any = config
    with vendor.new_client_from_config(str(world.kubeconfig), CONTEXT) as client:
        signed = client.param_serialize("GET", path, auth_settings=["BearerToken"])
        answer = client.call_api(*signed, _request_timeout=10)
        items = json.loads(answer.read())["items"]
    return [each for each in items if each["source"]["component"] == "towline"]


def test_the_same_said_again_is_one_event_that_counts(cluster: KubeCluster, world: Sandbox) -> None:
    cluster.tell(READY)
    cluster.tell(replace(READY, note="Serving, try 2", moment="2026-11-22T12:05:00Z"))
    cluster.tell(replace(READY, note="Serving, try 3", moment="2026-11-22T12:10:00Z"))

    (event,) = events(world)

    assert (event["count"], event["message"]) == (3, "Serving, try 3")
    assert (event["firstTimestamp"], event["lastTimestamp"]) == (
        "2026-11-22T12:00:00Z",
        "2026-11-22T12:10:00Z",
    )
    assert (event["type"], event["reason"]) == ("Normal", "Ready")
    assert event["involvedObject"] == {
        "apiVersion": "v1", "kind": "ConfigMap", "name": "a", "namespace": "default", "uid": "uid-a",
    }  # fmt: skip


def test_what_is_said_of_another_or_of_its_successor_or_otherwise_is_another_event(
    cluster: KubeCluster, world: Sandbox
) -> None:
    others = (
        READY,
        replace(READY, uid="uid-b"),
        replace(READY, regarding=ref("b")),
        replace(READY, reason="Failed"),
        replace(READY, type="Warning"),
        replace(READY, note="Serving elsewhere"),
    )
    for each in others:
        cluster.tell(each)

    assert [each["count"] for each in events(world)] == [1] * len(others)


def test_what_is_written_is_counted_by_type(cluster: KubeCluster) -> None:
    for each in (READY, READY, replace(READY, type="Warning")):
        cluster.tell(each)

    told = {each.labels: each.value for each in cluster.tallies() if each.name == "towline_events"}
    assert told == {(("type", "Normal"),): 2, (("type", "Warning"),): 1}


def test_what_has_no_namespace_is_told_of_in_default(cluster: KubeCluster, world: Sandbox) -> None:
    cluster.tell(replace(READY, regarding=Ref("v1", "Node", "", "gpu-1")))

    (event,) = events(world)
    assert event["involvedObject"] == {"apiVersion": "v1", "kind": "Node", "name": "gpu-1", "uid": "uid-a"}


def test_of_a_namespace_that_is_not_there_nothing_can_be_told(cluster: KubeCluster) -> None:
    with pytest.raises(Missing):
        cluster.tell(replace(READY, regarding=Ref("v1", "ConfigMap", "nowhere", "a")))


def test_a_name_as_long_as_names_may_be_leaves_room_for_its_events(
    cluster: KubeCluster, world: Sandbox
) -> None:
    cluster.tell(replace(READY, regarding=ref("a" * 253)))

    assert len(events(world)[0]["metadata"]["name"]) <= 253


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_shows_them(cluster: KubeCluster, world: Sandbox) -> None:
    uid = cluster.apply(config_map("a")).uid
    cluster.tell(replace(READY, uid=uid))
    cluster.tell(replace(READY, uid=uid))

    words = ("kubectl", "--kubeconfig", str(world.kubeconfig))
    told = [
        subprocess.run((*words, *more), capture_output=True, text=True, timeout=60, check=True).stdout
        for more in (("describe", "configmap", "a"), ("events", "--for", "configmap/a"), ("get", "events"))
    ]

    for each in told:
        line = next(line for line in each.splitlines() if line.endswith("Serving, try 1"))
        assert {"Normal", "Ready"} <= set(line.split())
    assert "(x2 over" in told[1]


def test_one_that_was_forgotten_meanwhile_is_written_anew(tmp_path: Path) -> None:
    answers = [_taken(), _gone(), document({"kind": "Event"}, 201)]
    with cluster_of(tmp_path, lambda _: answers.pop(0)) as (cluster, server):
        cluster.tell(READY)

    assert [each.method for each in server.asked] == ["POST", "GET", "POST"]


def test_a_right_that_is_lacking_is_a_fault(tmp_path: Path) -> None:
    def script(_: Asked) -> Answer:
        return document({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"}, 403)

    with cluster_of(tmp_path, script) as (cluster, _), pytest.raises(Forbidden):
        cluster.tell(READY)


def _taken() -> Answer:
    return document({"kind": "Status", "code": 409, "reason": "AlreadyExists", "message": "taken"}, 409)


def _gone() -> Answer:
    return document({"kind": "Status", "code": 404, "reason": "NotFound", "message": "gone"}, 404)
