"""Which of many objects are there: few requests, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.looks import Looking
from reconciler.domain.identity import Ref
from reconciler.faults import Conflict, Forbidden
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.kube_script import cluster_of, expired, not_served, ref
from tests.adapters.kube_world import CONTEXT, KINDS, asked, config_map, somebody_else
from tests.adapters.scripted import Answer, Asked, document

ONCE = Looking(watch=False)
COLLECTION = "/api/v1/namespaces/default/configmaps"


def partial(name: str, namespace: str = "default") -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": f"u-{name}", "labels": {"whose": "theirs"}}
    return {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata}


def page(items: Iterable[dict[str, Any]], token: str = "", left: int = 0) -> Answer:
    metadata = {"resourceVersion": "7", "continue": token, "remainingItemCount": left or None}
    return document({"kind": "PartialObjectMetadataList", "metadata": metadata, "items": list(items)})


def refs(how_many: int, namespaces: int = 1) -> list[Ref]:
    return [Ref("v1", "ConfigMap", f"n{each % namespaces}", f"a-{each}") for each in range(how_many)]


def test_a_handful_is_asked_for_one_by_one_and_only_metadata(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        return document(partial(name)) if name == "a" else not_served()

    with cluster_of(tmp_path, script, ONCE) as (cluster, server):
        found = cluster.present([ref("a"), ref("b")])
    assert set(found) == {ref("a")}
    assert (found[ref("a")].uid, found[ref("a")].document["metadata"]["labels"]) == (
        "u-a",
        {"whose": "theirs"},
    )
    assert found[ref("a")].document["kind"] == "ConfigMap"
    assert sorted(asked.path for asked in server.asked) == [f"{COLLECTION}/a", f"{COLLECTION}/b"]
    assert all("as=PartialObjectMetadata;" in asked.headers["accept"] for asked in server.asked)


def test_of_many_a_list_of_their_namespace_is_taken(tmp_path: Path) -> None:
    with cluster_of(tmp_path, lambda _: page([partial("a-3"), partial("other")]), ONCE) as (cluster, server):
        wanted = [ref(f"a-{each}") for each in range(500)]
        assert set(cluster.present(wanted)) == {ref("a-3")}
    (asked,) = server.asked
    assert (asked.path, asked.query) == (COLLECTION, {"limit": "500"})
    assert "as=PartialObjectMetadataList;" in asked.headers["accept"]


def test_of_many_namespaces_one_list_is_taken_of_all(tmp_path: Path) -> None:
    pages = {"": page([partial("a-3", "n3")], "t", 1), "t": page([partial("a-4", "n4")])}
    script = lambda asked: pages[asked.query.get("continue", "")]  # noqa: E731
    with cluster_of(tmp_path, script, ONCE) as (cluster, server):
        found = cluster.present(refs(4000, namespaces=1000))
    assert {each.name for each in found} == {"a-3", "a-4"}
    assert [asked.path for asked in server.asked] == ["/api/v1/configmaps"] * 2


def test_a_list_is_left_once_all_are_found(tmp_path: Path) -> None:
    wanted = [ref(f"a-{each}") for each in range(5)]
    first = page((partial(each.name) for each in wanted), "t", 100_000)
    with cluster_of(tmp_path, lambda _: first, ONCE) as (cluster, server):
        assert set(cluster.present(wanted)) == set(wanted)
    assert len(server.asked) == 1


def test_a_list_that_is_longer_than_what_is_wanted_is_worth_is_left(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return page([partial("a-0")], "t", 100_000) if asked.query else not_served()

    with cluster_of(tmp_path, script, ONCE) as (cluster, server):
        assert set(cluster.present(ref(f"a-{each}") for each in range(10))) == {ref("a-0")}
    assert [asked.path for asked in server.asked][1:] == [f"{COLLECTION}/a-{each}" for each in range(1, 10)]


def test_a_list_whose_pages_expired_is_begun_once_more(tmp_path: Path) -> None:
    answers = [page([partial("a-0")], "t"), document(expired(), 410), page([partial("a-1")])]
    wanted = [ref(f"a-{each}") for each in range(10)]
    with cluster_of(tmp_path, lambda _: answers.pop(0), ONCE) as (cluster, _):
        assert set(cluster.present(wanted)) == {ref("a-0"), ref("a-1")}
    with (
        cluster_of(tmp_path, lambda _: document(expired(), 410), ONCE) as (cluster, _),
        pytest.raises(Conflict),
    ):
        cluster.present(wanted)


def test_of_a_kind_that_is_not_served_nothing_is_there(tmp_path: Path) -> None:
    with cluster_of(tmp_path, lambda _: not_served(), ONCE) as (cluster, _):
        assert not cluster.present(refs(10))
        assert not cluster.present([Ref("a.example/v1", "Widget", "n", "w")])


def test_whoever_may_not_list_them_is_told(tmp_path: Path) -> None:
    answer = document({"kind": "Status", "reason": "Forbidden"}, 403)
    with cluster_of(tmp_path, lambda _: answer, ONCE) as (cluster, _), pytest.raises(Forbidden):
        cluster.present(refs(10))


def test_in_the_sandbox_those_are_found_that_are_there(tmp_path: Path) -> None:
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=600)) as world:
        cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, ONCE)
        metadata = {"name": "theirs", "annotations": {"towline.dev/adopt": "demo"}}
        somebody_else(world, "POST", "/api/v1/namespaces/default/configmaps", {"metadata": metadata})
        uid = cluster.apply(config_map("ours")).uid
        before = asked(world)
        found = cluster.present([*(ref(f"a-{each}") for each in range(50)), ref("ours"), ref("theirs")])
        assert asked(world) - before == 1
        assert {each.name: seen.uid for each, seen in found.items()}["ours"] == uid
        assert found[ref("theirs")].document["metadata"]["annotations"] == {"towline.dev/adopt": "demo"}
        assert set(cluster.present([ref("ours"), ref("nobodys")])) == {ref("ours")}
        cluster.close()
