"""Passes of one whose lease has lapsed: nothing is done, and that is said where it is known to be true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.share import WHOLE, Share
from reconciler.faults import Deposed, Unreachable
from reconciler.look import Doors
from reconciler.planner.desire.lore import Lore
from reconciler.prospect import Reading
from reconciler.reconcile import Engine
from reconciler.wiring.lore import load_catalog, load_templates
from tests.engine.test_reconcile import NoHub, World

LAPSED = Share(frozenset(), because="the lease towline-demo cannot be had: no answer", lapsed=True)
ANOTHERS = Share(frozenset(), because="somebody leads")


@pytest.fixture
def world() -> Iterator[World]:
    with Cell() as cell:
        yield World(cell)


def led_by(world: World, *shares: Share) -> Engine:
    """An engine that holds these shares, one each time it asks; the last for ever."""
    left = list(shares)
    reading = Reading(world.source, world.cell, NoHub(), Lore(load_catalog(), load_templates()))
    doors = Doors(world.cluster, world.cloud, world.book)
    share = lambda: left.pop(0) if len(left) > 1 else left[0]  # noqa: E731
    return Engine(reading, lambda _fleet: doors, lambda: "2026-11-22T12:00:00Z", share=share)


def page(world: World) -> str:
    return world.book.files["README.md"].decode()


def test_a_lease_that_lapsed_is_told_though_the_cluster_can_be_seen(world: World) -> None:
    engine = led_by(world, WHOLE, LAPSED)
    engine.run_pass()
    before = len(world.cluster.writes)
    with pytest.raises(Deposed):
        engine.run_pass()
    assert "this may be old, nothing is done: the lease towline-demo cannot be had" in page(world)
    assert len(world.cluster.writes) == before


def test_a_lease_that_lapsed_while_nothing_can_be_seen_is_told_at_once(world: World) -> None:
    engine = led_by(world, WHOLE, LAPSED)
    engine.run_pass()
    world.cluster.blind = Unreachable("the API server does not answer")
    with pytest.raises(Unreachable):
        engine.run_pass()
    assert "the world cannot be looked at: the API server does not answer" in page(world)


def test_where_another_leads_nothing_is_told(world: World) -> None:
    engine = led_by(world, WHOLE, ANOTHERS)
    engine.run_pass()
    told = len(world.book.messages)
    world.cluster.blind = Unreachable("the API server does not answer")
    for _ in range(3):
        with pytest.raises(Unreachable):
            engine.run_pass()
    assert len(world.book.messages) == told
