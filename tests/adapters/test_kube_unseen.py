"""A kind that cannot be seen keeps nobody from looking at the others, but where all rests on it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.kube.kinds import KindInfo
from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.watch import Pace
from reconciler.domain.identity import Ref
from reconciler.domain.state import DesiredObject, packed
from reconciler.faults import Broken, Fault, Forbidden, Missing, Refused, Throttled
from tests.adapters.kube_script import (
    CONFIG_MAPS,
    QUICK,
    WORKSPACES,
    cluster_of,
    config_map,
    eventually,
    listing,
    not_served,
    ref,
)
from tests.adapters.scripted import Answer, Asked, Feed, Scripted, document

JOBS = KindInfo("batch/v1", "Job", "jobs")
CLASSES = KindInfo(
    "karpenter.azure.com/v1beta1", "AKSNodeClass", "aksnodeclasses", namespaced=False, shared=True
)
CRD = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "workspaces.kaito.sh")
KINDS = (CONFIG_MAPS, JOBS, WORKSPACES)
ONCE = Looking(watch=False)
PATIENT = replace(QUICK, pace=Pace(watch=30, first=60, longest=60))


def asked_for(kind: KindInfo, server: Scripted) -> int:
    return sum(asked.path == kind.collection for asked in server.asked)


def refused(status: int, reason: str = "") -> Answer:
    body = {"kind": "Status", "code": status, "reason": reason, "message": f"{reason or status} it is"}
    return document(body, status)


def failing(path: str, answer: Callable[[], Answer]) -> Callable[[Asked], Answer]:
    def script(asked: Asked) -> Answer:
        if asked.path == path:
            return answer()
        if asked.is_watch:
            return Answer(body=Feed())
        return listing(7, config_map("a", 4)) if asked.path == CONFIG_MAPS.collection else listing(7)

    return script


@pytest.mark.parametrize("looking", [ONCE, QUICK])
@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (JOBS, refused(403, "Forbidden")),
        (JOBS, not_served()),
        (JOBS, refused(405, "MethodNotAllowed")),
        (WORKSPACES, refused(403, "Forbidden")),
        (WORKSPACES, refused(500, "InternalError")),
    ],
)
def test_a_kind_that_cannot_be_listed_is_told_and_the_others_are_seen(
    tmp_path: Path, looking: Looking, kind: KindInfo, answer: Answer
) -> None:
    with cluster_of(tmp_path, failing(kind.collection, lambda: answer), looking, *KINDS) as (cluster, _):
        assert set(cluster.objects()) == {ref("a")}
        unseen = cluster.unseen()
        assert set(unseen) == {(kind.api_version, kind.kind)}
        assert "it is" in unseen[(kind.api_version, kind.kind)] or answer.status == 404


@pytest.mark.parametrize("looking", [ONCE, QUICK])
@pytest.mark.parametrize(
    ("path", "answer", "fault"),
    [
        (CONFIG_MAPS.collection, refused(403, "Forbidden"), Forbidden),
        (CONFIG_MAPS.collection, refused(405), Refused),
        (JOBS.collection, refused(401, "Unauthorized"), Forbidden),
        (JOBS.collection, Answer(403, b"<html>a proxy says no</html>"), Forbidden),
        (JOBS.collection, refused(429), Throttled),
        (JOBS.collection, refused(500), Broken),
        (JOBS.collection, Answer(200, b"not JSON"), Broken),
    ],
)
def test_what_is_about_the_server_or_about_what_all_rests_on_stops_the_look(
    tmp_path: Path, looking: Looking, path: str, answer: Answer, fault: type[Fault]
) -> None:
    looking = replace(looking, patience=QUICK.patience)
    script = failing(path, lambda: answer)
    with cluster_of(tmp_path, script, looking, *KINDS) as (cluster, _), pytest.raises(fault):
        cluster.objects()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/pods",
        "/api/v1/nodes",
        "/api/v1/namespaces",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    ],
)
def test_pods_nodes_namespaces_and_the_definition_must_be_seen(tmp_path: Path, path: str) -> None:
    script = failing(path, lambda: refused(403, "Forbidden"))
    with cluster_of(tmp_path, script, ONCE, *KINDS) as (cluster, _), pytest.raises(Forbidden):
        (cluster.objects(), cluster.pods(), cluster.nodes(), cluster.shared())


def test_a_shared_kind_that_cannot_be_listed_is_told_too(tmp_path: Path) -> None:
    script = failing(CLASSES.collection, lambda: refused(403, "Forbidden"))
    with cluster_of(tmp_path, script, ONCE, *KINDS, CLASSES) as (cluster, _):
        cluster.objects()
        assert dict(cluster.unseen()) == {}
        assert dict(cluster.shared()) == {}
        assert set(cluster.unseen()) == {(CLASSES.api_version, CLASSES.kind)}


def test_a_kind_that_cannot_be_seen_is_not_asked_for_at_every_look(tmp_path: Path) -> None:
    looks = failing(JOBS.collection, lambda: refused(403, "Forbidden"))

    def script(asked: Asked) -> Answer:
        metadata = {"name": CRD.name, "uid": "1", "resourceVersion": "1"}
        return document({"metadata": metadata}) if asked.method == "PATCH" else looks(asked)

    with cluster_of(tmp_path, script, PATIENT, *KINDS) as (cluster, server):
        first = cluster.objects()
        assert all(cluster.objects() is first for _ in range(5))
        assert asked_for(JOBS, server) == 1
        cluster.apply(DesiredObject(CRD, None, packed(b'{"metadata":{}}'), "sha"))
        cluster.objects()
        eventually(lambda: asked_for(JOBS, server) >= 2)


def test_a_kind_that_may_be_seen_after_all_is_told_though_there_is_nothing_of_it(tmp_path: Path) -> None:
    barred, told = threading.Event(), threading.Event()
    barred.set()

    def jobs() -> Answer:
        return refused(403, "Forbidden") if barred.is_set() else listing(7)

    looking = replace(QUICK, on_change=told.set)
    with cluster_of(tmp_path, failing(JOBS.collection, jobs), looking, *KINDS) as (cluster, _):
        cluster.objects()
        assert cluster.unseen()
        barred.clear()
        assert told.wait(10)
        eventually(lambda: bool(cluster.objects()) and not cluster.unseen())


def test_what_was_known_of_a_kind_that_cannot_be_seen_any_more_is_not_believed(tmp_path: Path) -> None:
    barred, told, feed = threading.Event(), threading.Event(), Feed()

    def script(asked: Asked) -> Answer:
        if asked.path != JOBS.collection:
            return Answer(body=Feed()) if asked.is_watch else listing(7)
        if barred.is_set():
            return refused(403, "Forbidden")
        return Answer(body=feed) if asked.is_watch else listing(7, config_map("j", 3))

    looking = replace(QUICK, on_change=told.set)
    with cluster_of(tmp_path, script, looking, *KINDS) as (cluster, _):
        assert set(cluster.objects()) == {Ref("batch/v1", "Job", "default", "j")}
        barred.set()
        feed.end()
        assert told.wait(10)
        eventually(lambda: not cluster.objects())
        assert set(cluster.unseen()) == {("batch/v1", "Job")}


def test_a_server_that_serves_none_of_the_kinds_is_no_kubernetes(tmp_path: Path) -> None:
    with cluster_of(tmp_path, lambda _: not_served(), ONCE, *KINDS) as (cluster, _), pytest.raises(Missing):
        cluster.objects()
