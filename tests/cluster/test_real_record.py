"""What was heard of a workload stays on it, on a real kube-apiserver: our own applies leave it there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.kinds import known_kind
from reconciler.adapters.kube.looks import Looking
from reconciler.domain.identity import Ref
from reconciler.domain.state import ObservedObject
from reconciler.domain.telemetry import Benchmark, Telemetry
from reconciler.faults import Missing
from reconciler.planner.decide.drift import drift
from reconciler.planner.hear.record import Record, fields_of, read_record
from tests.builders import desired_object
from tests.cluster.control_plane import ControlPlane
from tests.gitserver import until

REF = Ref("apps/v1", "StatefulSet", "default", "phi")


@pytest.fixture
def cluster(plane: ControlPlane) -> Iterator[KubeCluster]:
    kind = known_kind("apps/v1", "StatefulSet")
    assert kind is not None
    cluster = KubeCluster(plane.kubeconfig, plane.context, "demo", (kind,), Looking(watch=False))
    yield cluster
    cluster.close()


def document(replicas: int = 0) -> dict[str, Any]:
    labels = {"app": "phi"}
    containers = [{"name": "model", "image": "registry.example.com/none:1"}]
    return {
        "apiVersion": REF.api_version,
        "kind": REF.kind,
        "metadata": {"name": "phi", "namespace": "default", "labels": {"towline.dev/fleet": "demo"}},
        "spec": {
            "replicas": replicas,
            "serviceName": "phi",
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


def live(cluster: KubeCluster) -> ObservedObject:
    return cluster.objects()[REF]


def revision(live: ObservedObject) -> str:
    """That of its newest pod template, once its controller has told it."""
    return str(live.document["status"].get("updateRevision", ""))


def test_a_record_survives_our_own_apply_and_changes_no_spec(cluster: KubeCluster) -> None:
    cluster.apply(desired_object(document()))
    assert until(lambda: revision(live(cluster)), 30)
    before = live(cluster)
    heard = Telemetry("pod-1", benchmark=Benchmark(197.0))
    record = Record(before.uid, "2026-11-22T12:00:00Z", heard, revision(before))

    cluster.overwrite(REF, fields_of(record))
    noted = live(cluster)
    assert noted.generation == before.generation
    assert read_record(noted, noted.document) == record
    assert (noted.digest, drift(document(), noted.document)) == (before.digest, ())

    cluster.apply(desired_object(document(replicas=1)))
    applied = live(cluster)
    assert applied.generation == before.generation + 1
    assert read_record(applied, applied.document) == record
    newer = replace(record, telemetry=Telemetry("pod-2"))
    cluster.overwrite(REF, fields_of(newer))
    assert read_record(live(cluster), live(cluster).document) == newer


def test_of_a_pod_that_is_not_there_there_is_no_log(cluster: KubeCluster) -> None:
    with pytest.raises(Missing):
        cluster.log("default", "nobody", "model", 5)
