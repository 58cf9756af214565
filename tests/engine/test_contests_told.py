"""A contest through whole passes: it stops, it is told, and the rest of the object goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.plan import Claim
from reconciler.faults import Conflict
from tests.engine.test_reconcile import CHAT, World

WORKLOAD = "StatefulSet/default/phi-4-chat"


@pytest.fixture
def world() -> Iterator[World]:
    with Cell() as cell:
        yield World(cell)


def settled_with_a_webhook(world: World) -> None:
    """A world where a webhook adds a replica to whatever is applied."""
    world.settle()
    world.cluster.hooks[WORKLOAD] = {"spec": {"replicas": 5}}
    ref = next(ref for ref in world.cluster.seen if str(ref) == WORKLOAD)
    world.cluster.overwrite(ref, {"spec": {"replicas": 5}})


def applies(world: World) -> int:
    return sum(1 for verb, what in world.cluster.writes if what == WORKLOAD and verb in ("apply", "force"))


def test_what_a_webhook_changes_is_tried_once_and_told(world: World) -> None:
    settled_with_a_webhook(world)
    before = applies(world)

    reports = [world.engine.run_pass() for _ in range(5)]

    assert applies(world) == before + 1
    told = [report.workspaces[CHAT].message for report in reports]
    assert len(set(told)) == 1
    assert f"spec.replicas of {WORKLOAD} is changed by a mutating webhook" in told[0]
    assert b"mutating webhook" in world.book.files["status/default/phi-4-chat.yaml"]


def test_whoever_has_forgotten_it_tries_again(world: World) -> None:
    settled_with_a_webhook(world)
    world.engine.run_pass()
    del world.cluster.hooks[WORKLOAD]

    report = world.new_engine().run_pass()

    assert "webhook" not in report.workspaces[CHAT].message
    assert not world.engine.plan().plan.has_changes


def test_what_another_controller_holds_costs_one_refused_request_and_no_more(world: World) -> None:
    world.settle()
    ref = next(ref for ref in world.cluster.seen if str(ref) == WORKLOAD)
    world.cluster.overwrite(ref, {"spec": {"replicas": 5}})
    taken = Conflict("taken", claims=(Claim(".spec.replicas", "keda-operator"),))
    world.cluster.faults[WORKLOAD] = [taken]
    world.cluster.hooks[WORKLOAD] = {"spec": {"replicas": 5}}
    before = applies(world)

    reports = [world.engine.run_pass() for _ in range(4)]

    assert applies(world) == before + 1
    assert "replicas" not in world.cluster.applied[-1]["spec"]
    assert all(
        f"spec.replicas of {WORKLOAD} is owned by keda-operator" in report.workspaces[CHAT].message
        for report in reports
    )
