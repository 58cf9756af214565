"""Asking an API server over the wire: pages, bad answers, and how to get in."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.wire import Patience
from reconciler.domain.identity import Ref
from reconciler.domain.state import DIGEST, DesiredObject, packed
from reconciler.faults import Broken, Forbidden, Missing, Refused, Throttled, Unreachable
from tests.adapters.kube_script import (
    CONFIG_MAPS,
    QUICK,
    cluster_of,
    config_map,
    expired,
    listing,
    ref,
)
from tests.adapters.scripted import (
    Answer,
    Asked,
    Cut,
    Hang,
    Script,
    closed_port,
    document,
    kubeconfig,
)


def test_a_look_reads_all_pages_of_our_label_and_adds_what_items_lack(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        if asked.query.get("continue") == "page-2":
            return listing(7, config_map("b", 5))
        return listing(7, config_map("a", 4, key="value"), token="page-2")

    with cluster_of(tmp_path, script, Looking(watch=False)) as (cluster, server):
        objects = cluster.objects()
    assert [asked.query for asked in server.asked] == [
        {"labelSelector": "towline.dev/fleet=demo", "limit": "200"},
        {"labelSelector": "towline.dev/fleet=demo", "limit": "200", "continue": "page-2"},
    ]
    assert set(objects) == {ref("a"), ref("b")}
    seen = objects[ref("a")].document
    assert (seen["apiVersion"], seen["kind"], seen["data"]) == ("v1", "ConfigMap", {"key": "value"})
    assert "managedFields" not in seen["metadata"]
    assert server.asked[0].headers["authorization"] == "Bearer a-token"
    assert server.asked[0].headers["user-agent"].startswith("towline/")


def test_a_list_whose_pages_expired_is_begun_once_more(tmp_path: Path) -> None:
    answers = iter(
        [listing(7, config_map("a", 4), token="t"), document(expired(), 410), listing(9, config_map("b", 8))]
    )
    with cluster_of(tmp_path, lambda _: next(answers), Looking(watch=False)) as (cluster, _):
        assert set(cluster.objects()) == {ref("b")}


def test_a_list_whose_pages_never_end_is_broken(tmp_path: Path) -> None:
    script: Script = lambda _: listing(7, config_map("a", 4), token="again")  # noqa: E731
    with cluster_of(tmp_path, script, Looking(watch=False)) as (cluster, _), pytest.raises(Broken):
        cluster.objects()


def test_without_watches_every_look_asks_again_and_an_unchanged_answer_is_the_same_value(
    tmp_path: Path,
) -> None:
    threads = {thread.name for thread in threading.enumerate()}
    script: Script = lambda _: listing(7, config_map("a", 4))  # noqa: E731
    with cluster_of(tmp_path, script, Looking(watch=False)) as (cluster, server):
        first, second = cluster.objects(), cluster.objects()
    assert first is second
    assert len(server.asked) == 2
    assert {thread.name for thread in threading.enumerate()} <= threads


def test_an_apply_sends_the_digest_as_annotation_and_our_name_as_manager(tmp_path: Path) -> None:
    answer = document({"apiVersion": "v1", "kind": "ConfigMap", **config_map("a", 20)})
    body = json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "annotations": {"k": "ü"}}}
    )
    with cluster_of(tmp_path, lambda _: answer, Looking(watch=False)) as (cluster, server):
        cluster.apply(DesiredObject(ref("a"), None, packed(body.encode()), "the-digest"), force=True)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/api/v1/namespaces/default/configmaps/a")
    assert asked.query == {"fieldManager": "towline", "force": "true"}
    assert asked.headers["content-type"] == "application/apply-patch+yaml"
    assert json.loads(asked.body)["metadata"]["annotations"] == {"k": "ü", DIGEST: "the-digest"}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Cut(), Unreachable),
        (Hang(), Unreachable),
        (Answer(body=b"<html>captive portal</html>"), Broken),
        (Answer(body=b"[]"), Broken),
        (Answer(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}), Broken),
        (document({"items": [{"metadata": {}}]}), Broken),
        (document({"kind": "Status"}, 401), Forbidden),
        (document({"kind": "Status"}, 429, **{"Retry-After": "3"}), Throttled),
    ],
)
def test_a_bad_answer_is_its_fault(
    tmp_path: Path, answer: Answer | Cut | Hang, fault: type[Exception]
) -> None:
    with cluster_of(tmp_path, lambda _: answer) as (cluster, server), pytest.raises(fault):
        cluster.objects()
    assert all(asked.path == CONFIG_MAPS.collection for asked in server.asked)


def test_an_answer_that_trickles_for_ever_is_given_up(tmp_path: Path) -> None:
    over = threading.Event()

    def drops() -> Iterator[bytes]:
        while not over.wait(0.05):
            yield b" "

    patience = Looking(watch=False, patience=Patience(connect=1, read=1, whole=0.5))
    with (
        cluster_of(tmp_path, lambda _: Answer(body=drops()), patience) as (cluster, _),
        pytest.raises(Broken),
    ):
        cluster.objects()
    over.set()


def test_a_read_whose_connection_was_cut_is_tried_once_more_and_a_write_is_not(tmp_path: Path) -> None:
    answers: Iterator[Answer | Cut] = iter([Cut(), listing(1), Cut()])
    with cluster_of(tmp_path, lambda _: next(answers), Looking(watch=False)) as (cluster, server):
        assert dict(cluster.objects()) == {}
        body = json.dumps({"metadata": {"name": "a"}}).encode()
        with pytest.raises(Unreachable):
            cluster.apply(DesiredObject(ref("a"), None, packed(body), ""))
        assert [asked.method for asked in server.asked] == ["GET", "GET", "PATCH"]


def test_a_port_where_nobody_listens_is_unreachable(tmp_path: Path) -> None:
    config = kubeconfig(tmp_path, f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(Unreachable, match="refused"):
        KubeCluster(config, "test", "demo", (CONFIG_MAPS,), QUICK).objects()


def test_a_kind_that_we_do_not_know_is_asked_for_once(tmp_path: Path) -> None:
    resources = [
        {"name": "widgets", "kind": "Widget", "namespaced": True},
        {"name": "widgets/status", "kind": "Widget", "namespaced": True},
    ]
    widget = {"metadata": {"name": "x", "uid": "1", "resourceVersion": "1"}}

    def script(asked: Asked) -> Answer:
        return document({"resources": resources} if asked.path == "/apis/a.example/v1" else widget)

    with cluster_of(tmp_path, script, Looking(watch=False)) as (cluster, server):
        for _ in range(2):
            assert cluster.find(Ref("a.example/v1", "Widget", "default", "x")) is not None
        assert cluster.find(Ref("a.example/v1", "Gadget", "default", "x")) is None
        with pytest.raises(Missing):
            cluster.delete(Ref("a.example/v1", "Gadget", "default", "x"), "uid")
    paths = [asked.path for asked in server.asked]
    assert paths[:3] == ["/apis/a.example/v1", *["/apis/a.example/v1/namespaces/default/widgets/x"] * 2]


@pytest.mark.parametrize("context", ["", "another"])
def test_a_context_is_never_guessed(tmp_path: Path, context: str) -> None:
    with pytest.raises(Refused, match="context"):
        KubeCluster(kubeconfig(tmp_path, "http://127.0.0.1:1"), context, "demo", ())


@pytest.mark.parametrize("content", ["", "[]", "{", "kind: Config\ncontexts: 3\n"])
def test_a_kubeconfig_that_cannot_be_read_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(content)
    with pytest.raises(Refused):
        KubeCluster(file, "test", "demo", ())


def test_a_kubeconfig_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        KubeCluster(tmp_path / "none", "test", "demo", ())


def test_a_deletion_without_a_uid_is_a_bug(tmp_path: Path) -> None:
    cluster = KubeCluster(kubeconfig(tmp_path, "http://127.0.0.1:1"), "test", "demo", ())
    with pytest.raises(ValueError, match="UID"):
        cluster.delete(ref("a"), "")
