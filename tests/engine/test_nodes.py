"""How nodes come, or do not, pass after pass: through the real reader, rules, templates and logbook, against
a cloud in memory that answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.cloud import AksStanding, CloudError
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.moment import later
from reconciler.domain.state import ObservedPool
from reconciler.faults import Broken, Refused
from reconciler.look import Doors
from reconciler.planner.desire.lore import Lore
from reconciler.prospect import Reading
from reconciler.reconcile import Engine
from reconciler.wiring import load_catalog, load_templates
from tests.builders import observed_pool
from tests.engine.test_reconcile import NoHub
from tests.fakes import FakeBook, FakeCloud, FakeCluster, FakeSource

CHAT = WorkspaceName("default", "chat")
FILE = "status/default/chat.yaml"
A100, H100 = "Standard_NC24ads_A100_v4", "Standard_NC40ads_H100_v5"
QUOTA = CloudError(
    400,
    ("ErrCode_InsufficientVCPUQuota",),
    "Insufficient vcpu quota requested 24, remaining 0 for family StandardNCADSA100v4Family "
    "for region eastus.",
    "c0ffee",
)
NO_HARDWARE = CloudError(200, ("ReconcileVMSSAgentPoolFailed", "AllocationFailed"), "Allocation failed.")


def workspace(name: str = "chat", **annotations: str) -> str:
    told = "".join(
        f'    towline.dev/{key.replace("_", "-")}: "{value}"\n' for key, value in annotations.items()
    )
    return (
        "apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata:\n"
        f"  name: {name}\n"
        + (f"  annotations:\n{told}" if told else "")
        + f"resource:\n  instanceType: {A100}\n"
        f"  labelSelector:\n    matchLabels:\n      app: {name}\n"
        "inference:\n  preset:\n    name: phi-4-mini-instruct\n"
    )


def fleet(**spec: str) -> str:
    more = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return (
        f"apiVersion: towline.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: demo\nspec:\n  interval"
        f"Seconds: 10\n{more}"
    )


class SlowCloud(FakeCloud):
    """A cloud whose pools are Creating until somebody says what becomes of them."""

    def ensure(self, pool, *, etag=""):  # type: ignore[no-untyped-def]
        correlation = super().ensure(pool, etag=etag)
        self.becomes(pool.name, "Creating")
        return correlation

    def becomes(self, name: str, state: str, error: CloudError | None = None) -> None:
        """That pool comes to this state."""
        self.seen[name] = replace(self.seen[name], state=state, error=error)

    @property
    def only(self) -> ObservedPool:
        (pool,) = self.seen.values()
        return pool

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.writes]


class World:
    def __init__(self, cell: Cell) -> None:
        self.source = FakeSource({"towline.yaml": fleet(), "workspaces/chat.yaml": workspace()})
        self.cluster, self.cloud, self.book = FakeCluster(), SlowCloud(), FakeBook()
        self.now = "2026-11-22T12:00:00Z"
        self._cell = cell
        self.restart()

    def restart(self) -> None:
        """As after kill -9: nothing is remembered but what was written down."""
        doors = Doors(self.cluster, self.cloud, self.book)
        reading = Reading(self.source, self._cell, NoHub(), Lore(load_catalog(), load_templates()))
        self.engine = Engine(reading, lambda _fleet: doors, lambda: self.now)

    def passes(self, minutes: float = 0, step: float = 1) -> None:
        """A pass now, and one each `step` minutes for so many minutes, each by a fresh engine."""
        end = later(self.now, minutes * 60)
        while True:
            self.restart()
            self.engine.run_pass()
            self.now = later(self.now, step * 60)
            if self.now > end:
                return

    def status(self) -> str:
        return self.book.files[FILE].decode()


@pytest.fixture
def world() -> Iterator[World]:
    with Cell() as cell:
        yield World(cell)


def test_what_cannot_be_counted_is_not_asked_for(world: World) -> None:
    world.cluster.faults["ConfigMap/towline-system/nodes-demo"] = [Broken("etcd is gone")] * 3

    world.passes()
    assert world.cloud.verbs() == []

    world.cluster.faults.clear()
    world.passes(minutes=12)
    assert world.cloud.verbs() == ["ensure"]


def test_a_quota_that_is_too_small_is_asked_again_slowly_and_not_for_ever(world: World) -> None:
    fault = Refused(str(QUOTA.message), code=QUOTA.code)
    fault.error = QUOTA
    asked = count_asking(world.cloud, fault)

    world.passes(minutes=9)
    first = len(asked)
    world.passes(minutes=24 * 60, step=7)

    assert first == 1
    assert 2 < len(asked) <= 12
    said = world.status()
    assert "ErrCode_InsufficientVCPUQuota" in said
    assert "c0ffee" in said
    assert "StandardNCADSA100v4Family" in said
    assert "needsAPerson: true" in said


def test_another_commit_begins_a_new_count(world: World) -> None:
    fault = Refused("no", code=QUOTA.code)
    fault.error = QUOTA
    asked = count_asking(world.cloud, fault)
    world.passes(minutes=24 * 60, step=11)
    before = len(asked)

    world.source.push({"towline.yaml": fleet(), "workspaces/chat.yaml": workspace(zones="1")})
    world.passes(minutes=5)

    assert len(asked) == before + 1


def test_no_hardware_leads_to_the_next_size_and_the_failed_pool_goes(world: World) -> None:
    world.source.push({"towline.yaml": fleet(), "workspaces/chat.yaml": workspace(instance_types=H100)})
    world.passes()
    world.cloud.becomes(world.cloud.only.name, "Failed", NO_HARDWARE)

    world.passes(minutes=3)

    assert world.cloud.verbs() == ["ensure", "ensure", "remove"]
    assert world.cloud.only.instance_type == H100
    assert "AllocationFailed" in world.status() or "capacity" in world.status()
    assert f"instanceType: {H100}" in world.status()


def test_no_hardware_anywhere_waits_until_it_may_be_asked_again(world: World) -> None:
    world.passes()
    world.cloud.becomes(world.cloud.only.name, "Failed", NO_HARDWARE)
    world.passes(minutes=20)

    assert world.cloud.verbs().count("ensure") == 1
    assert "tryAgainAt" in world.status()

    world.passes(minutes=60)
    assert world.cloud.verbs().count("ensure") == 2


def test_no_daemon_that_dies_again_and_again_asks_for_ever(world: World) -> None:
    for _ in range(40):
        world.passes(minutes=90, step=45)
        for pool in list(world.cloud.seen.values()):
            world.cloud.becomes(pool.name, "Failed", NO_HARDWARE)

    assert world.cloud.verbs().count("ensure") <= 12


@pytest.mark.parametrize(
    "standing", [AksStanding("Stopped", "Succeeded"), AksStanding("Running", "Starting")]
)
def test_a_cluster_that_does_not_run_is_left_alone(world: World, standing: AksStanding) -> None:
    world.cloud.seen["wlost"] = observed_pool(
        "wlost", owner=WorkspaceName("default", "lost"), fleet="demo", created="2026-11-01T00:00:00Z"
    )
    world.cloud.aks = standing

    world.passes(minutes=120, step=10)
    assert world.cloud.verbs() == []

    world.cloud.aks = AksStanding("Running", "Succeeded")
    world.passes(minutes=30, step=10)
    assert sorted(world.cloud.verbs()) == ["ensure", "remove"]


def test_a_pool_nobody_asks_for_is_told_with_its_price_and_goes_after_its_grace(world: World) -> None:
    world.cloud.seen["wlost"] = observed_pool(
        "wlost", owner=WorkspaceName("default", "lost"), fleet="demo", created="2026-11-01T00:00:00Z"
    )
    world.cloud.seen["theirs"] = observed_pool(
        "theirs", owner=WorkspaceName("default", "lost"), fleet="another", created="2026-11-01T00:00:00Z"
    )

    world.passes(minutes=20, step=5)
    page = world.book.files["README.md"].decode()
    assert "wlost" in page
    assert "remove" not in world.cloud.verbs()

    world.passes(minutes=20, step=5)
    assert "wlost" not in world.cloud.seen
    assert "theirs" in world.cloud.seen


def test_an_unreadable_file_keeps_every_pool(world: World) -> None:
    world.cloud.seen["wlost"] = observed_pool(
        "wlost", owner=WorkspaceName("default", "lost"), fleet="demo", created="2026-11-01T00:00:00Z"
    )
    broken = {"towline.yaml": fleet(), "workspaces/chat.yaml": workspace(), "workspaces/bad.yaml": "a: ["}
    world.source.push(broken)

    world.passes(minutes=120, step=10)

    assert "wlost" in world.cloud.seen


def test_a_pool_that_is_never_made_is_stopped_and_made_anew_within_bounds(world: World) -> None:
    world.passes(minutes=60)
    assert world.cloud.verbs() == ["ensure", "abort", "remove", "ensure"]

    world.passes(minutes=600, step=5)
    assert world.cloud.verbs().count("remove") <= 3
    assert "needsAPerson: true" in world.status()


def test_nodes_that_never_join_are_made_anew_within_bounds(world: World) -> None:
    for _ in range(200):
        world.passes(minutes=5, step=5)
        for pool in list(world.cloud.seen.values()):
            world.cloud.becomes(pool.name, "Succeeded")

    assert world.cloud.verbs().count("ensure") <= 4
    assert "needsAPerson: true" in world.status()
    assert world.cloud.seen == {}, "machines that do no work are given back"


def test_a_second_pass_over_an_unchanged_world_writes_nothing(world: World) -> None:
    world.passes(minutes=2)
    before = len(world.cluster.writes), len(world.cloud.writes), len(world.book.messages)
    world.passes(minutes=10)

    assert (len(world.cluster.writes), len(world.cloud.writes), len(world.book.messages)) == before


def count_asking(cloud: SlowCloud, fault: Refused) -> list[str]:
    """Every request for a pool is refused; their names."""
    asked: list[str] = []

    class Refusing(SlowCloud):
        def ensure(self, pool, *, etag=""):  # type: ignore[no-untyped-def]
            asked.append(pool.name)
            raise fault

    cloud.__class__ = Refusing
    return asked
