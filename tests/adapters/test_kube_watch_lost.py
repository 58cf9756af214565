"""Watches that break, lists that are not whole, and kinds that come and go."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.watch import Pace
from reconciler.domain.identity import Ref
from reconciler.domain.state import DesiredObject, packed
from reconciler.faults import Broken, Conflict, Refused, Unreachable
from tests.adapters.kube_script import (
    CONFIG_MAPS,
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
from tests.adapters.scripted import Answer, Asked, Feed, document

ONCE = Looking(watch=False)
SLOW = replace(QUICK, pace=Pace(watch=30, first=60, longest=60, shortest=0))
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def test_a_watch_that_had_expired_when_it_was_opened_anew_is_listed_anew(tmp_path: Path) -> None:
    followed, told = Followed(), threading.Event()

    def script(asked: Asked) -> Answer:
        if asked.is_watch and asked.query["resourceVersion"] == "10" and followed.feeds:
            return document(expired(), 410)
        return followed(asked)

    with cluster_of(tmp_path, script, replace(QUICK, on_change=told.set)) as (cluster, _):
        cluster.objects()
        followed.lists = lambda: listing(50, config_map("c", 44))
        followed.feeds[0].end()
        assert told.wait(10)
        assert set(cluster.objects()) == {ref("c")}
        counts = [each.value for each in cluster.tallies() if each.name.endswith("watches_expired")]
        assert sum(counts) == 1


def test_watches_do_not_all_end_at_once(tmp_path: Path) -> None:
    with cluster_of(tmp_path, Followed(), replace(QUICK, pace=Pace(watch=1000))) as (cluster, server):
        (cluster.objects(), cluster.pods(), cluster.nodes(), cluster.shared())
    lengths = [int(asked.query["timeoutSeconds"]) for asked in server.asked if asked.is_watch]
    assert len(set(lengths)) > 1
    assert all(750 <= length <= 1000 for length in lengths)


def test_a_server_that_fell_silent_is_listed_anew(tmp_path: Path) -> None:
    followed, told = Followed(), threading.Event()
    pace = Pace(watch=1, first=0.02, longest=0.1, shortest=0, grace=0.2)
    with cluster_of(tmp_path, followed, replace(QUICK, pace=pace, on_change=told.set)) as (cluster, _):
        cluster.objects()
        followed.lists = lambda: listing(50, config_map("c", 44))
        assert told.wait(10)
        assert set(cluster.objects()) == {ref("c")}


def cut_in_the_middle() -> Iterator[bytes]:
    yield b'{"metadata": {"resourceVersion": "9"}, "items": [{"metadata":'
    raise ConnectionResetError


def test_a_list_that_was_cut_is_taken_once_more_and_then_not_believed(tmp_path: Path) -> None:
    answers = [Answer(body=cut_in_the_middle()), listing(7, config_map("a", 4))]
    with cluster_of(tmp_path, lambda _: answers.pop(0), ONCE) as (cluster, _):
        assert set(cluster.objects()) == {ref("a")}
    script = lambda _: Answer(body=cut_in_the_middle())  # noqa: E731
    with cluster_of(tmp_path, script, replace(ONCE, patience=QUICK.patience)) as (cluster, server):
        with pytest.raises(Unreachable, match="broke off"):
            cluster.objects()
        assert len(server.asked) == 2


def test_a_list_whose_pages_expire_again_is_a_conflict(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return document(expired(), 410) if "continue" in asked.query else listing(7, token="t")

    with cluster_of(tmp_path, script, ONCE) as (cluster, server):
        with pytest.raises(Conflict):
            cluster.objects()
        assert len(server.asked) == 4


def remaining(count: int, *items: dict[str, Any], token: str = "") -> Answer:
    metadata = {"resourceVersion": "7", "remainingItemCount": count, "continue": token}
    return document({"metadata": metadata, "items": list(items)})


@pytest.mark.parametrize(
    "pages",
    [
        {"": remaining(5, config_map("a", 4))},
        {"": remaining(2, config_map("a", 4), token="t"), "t": listing(7, config_map("b", 5))},
        {"": listing(7, config_map("a", 4), token="t"), "t": remaining(1, config_map("b", 5))},
    ],
)
def test_a_list_that_lacks_what_the_server_said_there_was_is_not_believed(
    tmp_path: Path, pages: dict[str, Answer]
) -> None:
    script = lambda asked: pages[asked.query.get("continue", "")]  # noqa: E731
    with cluster_of(tmp_path, script, ONCE) as (cluster, server):
        with pytest.raises(Broken, match="were listed"):
            cluster.objects()
        assert len(server.asked) == 2 * len(pages)


def test_a_list_that_brings_more_than_the_server_expected_is_whole(tmp_path: Path) -> None:
    more = [config_map(name, 5) for name in "bcd"]
    pages = {"": remaining(1, config_map("a", 4), token="t"), "t": listing(7, *more)}
    with cluster_of(tmp_path, lambda asked: pages[asked.query.get("continue", "")], ONCE) as (cluster, _):
        assert set(cluster.objects()) == {ref(name) for name in "abcd"}


def test_a_watch_begins_where_the_first_page_was(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        if asked.is_watch:
            return Answer(body=Feed())
        return listing(9, config_map("b", 8)) if "continue" in asked.query else listing(7, token="t")

    with cluster_of(tmp_path, script) as (cluster, server):
        cluster.objects()
        (watch,) = (asked for asked in server.asked if asked.is_watch)
        assert watch.query["resourceVersion"] == "7"


def test_managed_fields_survive_neither_a_list_nor_a_watch_nor_a_write(tmp_path: Path) -> None:
    followed = Followed()

    def script(asked: Asked) -> Answer:
        return document(config_map("c", 30)) if asked.method == "PATCH" else followed(asked)

    with cluster_of(tmp_path, script) as (cluster, _):
        cluster.objects()
        followed.feeds[0].event("ADDED", config_map("b", 11))
        cluster.apply(DesiredObject(ref("c"), None, packed(b'{"metadata":{"name":"c"}}'), "sha"))
        eventually(lambda: len(cluster.objects()) == 3)
        assert not any(
            b"managedFields" in json.dumps(each.document).encode() for each in cluster.objects().values()
        )


def test_what_a_write_was_answered_is_no_news_when_the_watch_brings_it(tmp_path: Path) -> None:
    followed, told = Followed(), threading.Event()

    def script(asked: Asked) -> Answer:
        return document(config_map("c", 30)) if asked.method == "PATCH" else followed(asked)

    with cluster_of(tmp_path, script, replace(QUICK, on_change=told.set)) as (cluster, _):
        cluster.objects()
        cluster.apply(DesiredObject(ref("c"), None, packed(b'{"metadata":{"name":"c"}}'), "sha"))
        before = cluster.objects()
        followed.feeds[0].event("ADDED", config_map("c", 30))
        assert not told.wait(0.2)
        assert cluster.objects() is before
        followed.feeds[0].event("MODIFIED", config_map("c", 31, key="theirs"))
        assert told.wait(10)


def definition(version: int) -> dict[str, Any]:
    return {"metadata": {"name": "workspaces.kaito.sh", "uid": "d", "resourceVersion": str(version)}}


def test_a_kind_that_is_taken_away_and_comes_back_is_found_at_once_through_its_definition(
    tmp_path: Path,
) -> None:
    served, definitions, told = threading.Event(), Feed(), threading.Event()
    served.set()
    workspaces = [Feed(), Feed()]

    def script(asked: Asked) -> Answer:
        if asked.path == DEFINITIONS:
            return Answer(body=definitions) if asked.is_watch else listing(3, definition(2))
        if asked.path != WORKSPACES.collection:
            return Answer(body=Feed()) if asked.is_watch else listing(3)
        if not served.is_set():
            return not_served()
        return Answer(body=workspaces.pop(0)) if asked.is_watch else listing(3, config_map("w", 2))

    there = {Ref("kaito.sh/v1beta1", "Workspace", "default", "w")}
    first = workspaces[0]
    looking = replace(QUICK, pace=Pace(30, first=60, longest=60, shortest=0), on_change=told.set)
    with cluster_of(tmp_path, script, looking, CONFIG_MAPS, WORKSPACES) as (cluster, _):
        cluster.shared()
        assert set(cluster.objects()) == there
        served.clear()
        first.end()
        eventually(lambda: not cluster.objects())
        assert not cluster.unseen()
        served.set()
        told.clear()
        definitions.event("MODIFIED", definition(4))
        assert told.wait(10)
        eventually(lambda: set(cluster.objects()) == there)


def test_a_kind_that_is_not_served_yet_is_asked_for_again_after_pauses_that_grow(tmp_path: Path) -> None:
    looking = replace(QUICK, pace=Pace(watch=30, first=0.02, longest=60, shortest=0))
    with cluster_of(tmp_path, lambda _: not_served(), looking, WORKSPACES) as (cluster, server):
        assert dict(cluster.objects()) == {}
        eventually(lambda: len(server.asked) >= 4)
        assert dict(cluster.objects()) == {}


def test_the_doors_work_is_counted(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        flow = {"X-Kubernetes-PF-FlowSchema-UID": "f", "X-Kubernetes-PF-PriorityLevel-UID": "p"}
        if asked.method == "PATCH":
            return document({"kind": "Status"}, 422, **flow)
        return Answer(body=Feed()) if asked.is_watch else listing(7, config_map("a", 4), config_map("b", 5))

    with cluster_of(tmp_path, script, SLOW) as (cluster, server):
        cluster.objects()
        with pytest.raises(Refused):
            cluster.apply(DesiredObject(ref("c"), None, packed(b'{"metadata":{"name":"c"}}'), "sha"))
        told = {(each.name, *(value for _, value in each.labels)): each.value for each in cluster.tallies()}
    host = server.url.rpartition("/")[2]
    assert told[("rest_client_requests", "200", "GET", host)] == 2
    assert told[("rest_client_requests", "422", "PATCH", host)] == 1
    assert told[("towline_kubernetes_requests", "list", "configmaps", "200")] == 1
    assert told[("towline_kubernetes_requests", "watch", "configmaps", "200")] == 1
    assert told[("towline_kubernetes_requests", "patch", "configmaps", "422")] == 1
    assert told[("towline_kubernetes_flows", "f", "p")] == 1
    assert told[("towline_kubernetes_objects", "configmaps")] == 2
    assert told[("towline_kubernetes_watch_open", "configmaps")] == 1
    assert told[("towline_kubernetes_lists", "configmaps")] == 1
    assert told[("towline_kubernetes_pace",)] == 0
