"""Following a cluster over the wire: watches, and everything that breaks one."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.watch import Pace
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.state import DesiredObject, packed
from reconciler.faults import Broken, Missing
from tests.adapters.kube_script import (
    FLEET,
    QUICK,
    WORKSPACES,
    Followed,
    cluster_of,
    config_map,
    eventually,
    expired,
    listing,
    not_served,
    ref,
)
from tests.adapters.scripted import (
    Answer,
    Asked,
    Feed,
    document,
)


def test_after_the_first_look_an_unchanged_world_is_not_asked_again(tmp_path: Path) -> None:
    with cluster_of(tmp_path, Followed()) as (cluster, server):
        first, pods, nodes = cluster.objects(), cluster.pods(), cluster.nodes()
        asked = len(server.asked)
        assert all(cluster.objects() is first for _ in range(5))
        assert (cluster.pods() is pods, cluster.nodes() is nodes) == (True, True)
        assert cluster.shared() is cluster.shared()
        assert asked == 6
        assert len(server.asked) == asked + 4


def test_what_a_watch_brings_is_seen_and_told(tmp_path: Path) -> None:
    told, script = threading.Event(), Followed()
    looking = Looking(on_change=told.set, patience=QUICK.patience, pace=QUICK.pace)
    with cluster_of(tmp_path, script, looking) as (cluster, _):
        before, version = cluster.objects(), cluster.version
        script.feeds[0].event("ADDED", config_map("b", 11))
        assert told.wait(10)
        assert set(cluster.objects()) == {ref("a"), ref("b")}
        assert cluster.version == version + 1
        assert set(before) == {ref("a")}
        script.feeds[0].event("DELETED", config_map("a", 12))
        eventually(lambda: set(cluster.objects()) == {ref("b")})
        script.feeds[0].event("MODIFIED", config_map("b", 13, key="new"))
        eventually(lambda: cluster.objects()[ref("b")].document["data"] == {"key": "new"})


def test_a_watch_goes_on_from_the_last_bookmark_without_a_new_list(tmp_path: Path) -> None:
    script = Followed()
    with cluster_of(tmp_path, script) as (cluster, server):
        first = cluster.objects()
        script.feeds[0].event("BOOKMARK", {"metadata": {"resourceVersion": "99"}})
        script.feeds[0].end()
        eventually(lambda: len(script.feeds) == 2)
        assert cluster.objects() is first
        watches = [asked.query for asked in server.asked if asked.is_watch]
    assert [query["resourceVersion"] for query in watches] == ["10", "99"]
    assert watches[0]["allowWatchBookmarks"] == "true"
    assert sum(not asked.is_watch for asked in server.asked) == 1


def test_a_watch_that_expired_is_listed_anew_and_the_change_is_told(tmp_path: Path) -> None:
    told, script = threading.Event(), Followed()
    looking = Looking(on_change=told.set, patience=QUICK.patience, pace=QUICK.pace)
    with cluster_of(tmp_path, script, looking) as (cluster, _):
        cluster.objects()
        script.lists = lambda: listing(50, config_map("c", 44))
        script.feeds[0].event("ERROR", expired())
        assert told.wait(10)
        assert set(cluster.objects()) == {ref("c")}
        script.feeds[1].event("ADDED", config_map("d", 51))
        eventually(lambda: set(cluster.objects()) == {ref("c"), ref("d")})


def test_the_memory_of_a_lost_watch_is_not_believed(tmp_path: Path) -> None:
    script = Followed()
    looking = Looking(patience=QUICK.patience, pace=Pace(watch=30, first=60, longest=60))
    with cluster_of(tmp_path, script, looking) as (cluster, _):
        cluster.objects()
        script.lists = lambda: listing(50, config_map("c", 44))
        script.feeds[0].event("ERROR", expired())
        eventually(lambda: set(cluster.objects()) == {ref("c")})
        script.lists = lambda: document({"kind": "Status", "message": "down"}, 503)
        script.feeds[1].pieces.put(b"this is not JSON\n")
        with pytest.raises(Broken, match="down"):
            eventually(lambda: not cluster.objects())


def test_a_server_that_closes_every_watch_at_once_is_not_stormed(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(body=iter(())) if asked.is_watch else listing(10, config_map("a", 4))

    looking = Looking(patience=QUICK.patience, pace=Pace(watch=30, first=0.1, longest=60))
    with cluster_of(tmp_path, script, looking) as (cluster, server):
        assert set(cluster.objects()) == {ref("a")}
        threading.Event().wait(1.5)
        assert len(server.asked) <= 12


def test_a_server_that_forbids_watching_is_listed_at_every_look(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return document({"kind": "Status"}, 403) if asked.is_watch else listing(10, config_map("a", 4))

    looking = Looking(patience=QUICK.patience, pace=Pace(watch=30, first=60, longest=60))
    with cluster_of(tmp_path, script, looking) as (cluster, server):
        assert cluster.objects() is cluster.objects()
        assert sum(not asked.is_watch for asked in server.asked) == 2


def test_a_kind_that_is_not_served_is_empty_and_watched_once_its_definition_comes(tmp_path: Path) -> None:
    served, told = threading.Event(), threading.Event()

    def script(asked: Asked) -> Answer:
        if not served.is_set():
            return not_served()
        return Answer(body=Feed()) if asked.is_watch else listing(3, config_map("w", 2))

    looking = Looking(on_change=told.set, patience=QUICK.patience, pace=QUICK.pace)
    with cluster_of(tmp_path, script, looking, WORKSPACES) as (cluster, _):
        assert dict(cluster.objects()) == {}
        served.set()
        assert told.wait(10)
        assert set(cluster.objects()) == {Ref("kaito.sh/v1beta1", "Workspace", "default", "w")}


def test_a_definition_we_apply_ends_the_waiting_for_its_kind(tmp_path: Path) -> None:
    served = threading.Event()

    def script(asked: Asked) -> Answer:
        if asked.method == "PATCH":
            served.set()
            return document(
                {**json.loads(asked.body), "metadata": {"name": "x", "uid": "1", "resourceVersion": "1"}}
            )
        if not served.is_set():
            return not_served()
        return Answer(body=Feed()) if asked.is_watch else listing(3, config_map("w", 2))

    looking = Looking(patience=QUICK.patience, pace=Pace(watch=30, first=60, longest=60))
    with cluster_of(tmp_path, script, looking, WORKSPACES) as (cluster, _):
        assert dict(cluster.objects()) == {}
        crd = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "workspaces.kaito.sh")
        body = json.dumps({"apiVersion": crd.api_version, "kind": crd.kind, "metadata": {"name": crd.name}})
        cluster.apply(DesiredObject(crd, None, packed(body.encode()), "sha"))
        assert len(cluster.objects()) == 1


def test_a_kind_that_is_taken_away_is_empty_again(tmp_path: Path) -> None:
    gone, feed = threading.Event(), Feed()

    def script(asked: Asked) -> Answer:
        if gone.is_set():
            return not_served()
        return Answer(body=feed) if asked.is_watch else listing(3, config_map("w", 2))

    with cluster_of(tmp_path, script, QUICK, WORKSPACES) as (cluster, _):
        assert len(cluster.objects()) == 1
        gone.set()
        feed.event("ERROR", expired())
        eventually(lambda: len(cluster.objects()) == 0)


def test_a_server_that_knows_no_built_in_kind_is_not_taken_for_an_empty_cluster(tmp_path: Path) -> None:
    with cluster_of(tmp_path, lambda _: not_served()) as (cluster, _), pytest.raises(Missing):
        cluster.objects()


def test_news_that_is_older_than_our_own_write_is_ignored(tmp_path: Path) -> None:
    followed = Followed()

    def script(asked: Asked) -> Answer:
        if asked.method == "PATCH":
            return document({"apiVersion": "v1", "kind": "ConfigMap", **config_map("a", 20, key="ours")})
        return followed(asked)

    with cluster_of(tmp_path, script) as (cluster, _):
        cluster.objects()
        body = json.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}
        )
        applied = cluster.apply(DesiredObject(ref("a"), None, packed(body.encode()), "sha"))
        assert (applied.uid, applied.changed) == ("u-a", True)
        followed.feeds[0].event("MODIFIED", config_map("a", 15, key="older"))
        followed.feeds[0].event("ADDED", config_map("z", 21))
        eventually(lambda: ref("z") in cluster.objects())
        assert cluster.objects()[ref("a")].document["data"] == {"key": "ours"}


def test_late_news_does_not_bring_back_what_we_deleted(tmp_path: Path) -> None:
    followed = Followed()

    def script(asked: Asked) -> Answer:
        return (
            document({"kind": "Status", "status": "Success"}) if asked.method == "DELETE" else followed(asked)
        )

    with cluster_of(tmp_path, script) as (cluster, server):
        cluster.objects()
        cluster.delete(ref("a"), "u-a")
        assert dict(cluster.objects()) == {}
        followed.feeds[0].event("MODIFIED", config_map("a", 11))
        followed.feeds[0].event("ADDED", config_map("z", 12))
        eventually(lambda: set(cluster.objects()) == {ref("z")})
        followed.feeds[0].event("DELETED", config_map("a", 13))
        followed.feeds[0].event("ADDED", config_map("a", 14, uid="another"))
        eventually(lambda: set(cluster.objects()) == {ref("a"), ref("z")})
    sent = next(asked for asked in server.asked if asked.method == "DELETE")
    assert json.loads(sent.body) == {"propagationPolicy": "Background", "preconditions": {"uid": "u-a"}}


def test_a_heartbeat_of_a_node_changes_nothing_and_a_condition_does(tmp_path: Path) -> None:
    def node(version: int, beat: str, ready: str) -> dict[str, Any]:
        condition = {"type": "Ready", "status": ready, "lastHeartbeatTime": beat}
        status = {
            "conditions": [condition],
            "images": [{"names": ["x"] * 50}],
            "allocatable": {"nvidia.com/gpu": "1"},
        }
        return {"metadata": {"name": "n", "uid": "n", "resourceVersion": str(version)}, "status": status}

    feed = Feed()

    def script(asked: Asked) -> Answer:
        return Answer(body=feed) if asked.is_watch else listing(5, node(5, "10:00", "True"))

    with cluster_of(tmp_path, script) as (cluster, _):
        before = cluster.nodes()
        feed.event("MODIFIED", node(6, "10:05", "True"))
        feed.event("MODIFIED", node(7, "10:10", "False"))
        eventually(lambda: cluster.nodes() is not before)
        (seen,) = cluster.nodes()
        assert seen.document["status"]["conditions"] == [{"type": "Ready", "status": "False"}]
        assert "images" not in seen.document["status"]
        assert cluster.version == 2


def test_pods_are_grouped_by_workspace_and_an_untouched_group_stays_the_same_value(tmp_path: Path) -> None:
    def pod(name: str, workspace: str, version: int) -> dict[str, Any]:
        labels = {**FLEET, "kaito.sh/workspace": workspace, "kaito.sh/workspacenamespace": "ml"}
        spec = {"nodeName": "n1", "containers": [{"name": "c", "env": [{"name": "SECRET", "value": "x"}]}]}
        metadata = {
            "name": name,
            "namespace": "ml",
            "uid": name,
            "labels": labels,
            "resourceVersion": str(version),
        }
        return {"metadata": metadata, "spec": spec, "status": {"phase": "Running"}}

    feed = Feed()

    def script(asked: Asked) -> Answer:
        return (
            Answer(body=feed)
            if asked.is_watch
            else listing(5, pod("a-1", "a", 1), pod("a-0", "a", 2), pod("b-0", "b", 3))
        )

    a, b = WorkspaceName("ml", "a"), WorkspaceName("ml", "b")
    with cluster_of(tmp_path, script) as (cluster, _):
        before = cluster.pods()
        assert [pod.ref.name for pod in before[a]] == ["a-0", "a-1"]
        assert before[a][0].document["spec"] == {"nodeName": "n1", "containers": [{"name": "c"}]}
        feed.event("DELETED", pod("b-0", "b", 9))
        eventually(lambda: b not in cluster.pods())
        assert cluster.pods()[a] is before[a]
