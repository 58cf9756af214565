"""Whoever may not write any more sends nothing, whichever its door; leases are written all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.azure.arm import Terms
from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.leases import KubeLeases
from reconciler.domain.lease import Lease
from reconciler.domain.report import StatusCommit
from reconciler.faults import Conflict, Deposed
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.git.repos import Upstream, book_of
from tests.adapters.git.test_proposals import BRANCH, door, proposal
from tests.adapters.kube_world import CONTEXT, KINDS, QUICK, ask, config_map
from tests.adapters.test_azure_cloud import cloud_of, pool

NOW = "2026-11-22T12:00:00.000000Z"
MINE = Lease("towline-demo", "me_1", 15, NOW, NOW)
LEASES = "/apis/coordination.k8s.io/v1/namespaces/towline-system/leases"


def never() -> None:
    raise Deposed("other leads")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("world") / "sandbox"
    with Sandbox(SandboxSettings(folder, speed=600, quota_vcpus=10_000)) as sandbox:
        yield sandbox


@pytest.fixture
def leases(world: Sandbox) -> Iterator[KubeLeases]:
    leases = KubeLeases(world.kubeconfig, CONTEXT, "towline-system")
    yield leases
    leases.close()


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    (tmp_path / "srv").mkdir()
    return Upstream.create(tmp_path / "srv" / "fleet.git")


def test_a_lease_is_made_with_its_namespace_and_comes_back_as_it_went(leases: KubeLeases) -> None:
    assert leases.lease("towline-demo") is None

    made = leases.write(MINE)

    assert replace(made, resource_version="") == MINE
    assert leases.lease("towline-demo") == made


def test_a_lease_that_another_wrote_in_between_is_not_written(world: Sandbox, leases: KubeLeases) -> None:
    mine = leases.write(replace(MINE, name="towline-contested"))
    theirs = leases.write(replace(mine, holder="other_1"))

    with pytest.raises(Conflict):
        leases.write(replace(mine, renewed=NOW))
    with pytest.raises(Conflict):
        leases.write(replace(MINE, name="towline-contested"))
    assert leases.lease("towline-contested") == theirs
    released = leases.write(replace(theirs, holder="", seconds=1))
    assert released.holder == ""


def test_a_lease_that_was_deleted_is_not_brought_back(world: Sandbox, leases: KubeLeases) -> None:
    mine = leases.write(replace(MINE, name="towline-deleted"))
    assert ask(world, "DELETE", f"{LEASES}/towline-deleted", {}) == 200

    with pytest.raises(Conflict):
        leases.write(mine)
    assert leases.lease("towline-deleted") is None


def test_a_lease_that_says_nothing_is_held_by_nobody(world: Sandbox, leases: KubeLeases) -> None:
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "towline-bare"}}
    leases.write(replace(MINE, name="towline-before"))
    assert ask(world, "POST", LEASES, body) == 201

    found = leases.lease("towline-bare")

    assert found is not None
    assert (found.holder, found.seconds, found.transitions) == ("", 1, 0)


def test_who_is_deposed_writes_nothing_into_the_cluster_and_goes_on_looking(world: Sandbox) -> None:
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, QUICK)
    cluster.apply(config_map("before"))
    cluster.ask_before_writing(never)
    world.requests.clear()
    seen = cluster.find(config_map("before").ref)
    assert seen is not None

    writes: list[Callable[[], object]] = [
        lambda: cluster.apply(config_map("a")),
        lambda: cluster.apply(config_map("before", more="1"), force=True),
        lambda: cluster.overwrite(seen.ref, {"data": {"x": "1"}}),
        lambda: cluster.apply_status(seen.ref, {}),
        lambda: cluster.delete(seen.ref, seen.uid),
    ]
    for write in writes:
        with pytest.raises(Deposed, match="other leads"):
            write()
    assert {each.method for each in world.requests} == {"GET"}
    cluster.close()


def test_who_is_deposed_asks_nothing_of_azure_but_how_it_stands(world: Sandbox) -> None:
    cloud = cloud_of(world, Terms(pace=600))
    cloud.ask_before_writing(never)
    world.requests.clear()
    cloud.pools()

    writes: list[Callable[[], object]] = [
        lambda: cloud.ensure(pool("gpu")),
        lambda: cloud.remove("gpu"),
        lambda: cloud.abort("gpu"),
    ]
    for write in writes:
        with pytest.raises(Deposed):
            write()
    assert {each.method for each in world.requests} == {"GET"}
    cloud.close()


def test_who_is_deposed_pushes_no_status(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(StatusCommit({"a": b"1"}, "one"))
    tip = upstream.tip("towline/status")
    book.ask_before_writing(never)

    with pytest.raises(Deposed):
        book.commit(StatusCommit({"a": b"2"}, "two"))
    assert upstream.tip("towline/status") == tip
    assert book.read("a") == b"1"


def test_who_is_deposed_pushes_no_proposal(upstream: Upstream, tmp_path: Path) -> None:
    base = upstream.commit({"workspaces/chat.yaml": "old\n"})
    proposals = door(upstream.path, tmp_path / "c")
    proposals.ask_before_writing(never)

    with pytest.raises(Deposed):
        proposals.propose(proposal(base))
    assert upstream.tip(BRANCH) == ""


def test_several_files_of_the_status_branch_are_read_at_once(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(StatusCommit({"a": b"1", "b/c": b"2"}, "one"))
    assert book.contents(["a", "b/c", "nothing"]) == {"a": b"1", "b/c": b"2"}
    assert book.contents([]) == {}
