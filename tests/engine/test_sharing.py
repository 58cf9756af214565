"""Passes of several engines over one world, and of one that is deposed or cannot tell in Git."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.share import Share
from reconciler.faults import Deposed, Forbidden, Throttled
from reconciler.look import Doors
from reconciler.planner.desire.lore import Lore
from reconciler.prospect import Reading
from reconciler.reconcile import Engine
from reconciler.wiring import load_catalog, load_templates
from tests.engine.test_reconcile import FILE, NoHub, World, files


@pytest.fixture
def world() -> Iterator[World]:
    with Cell() as cell:
        yield World(cell)


def sharing(world: World, share: Share) -> Engine:
    """Another engine, which acts on this share."""
    doors = Doors(world.cluster, world.cloud, world.book)
    reading = Reading(world.source, world.cell, NoHub(), Lore(load_catalog(), load_templates()))
    return Engine(reading, lambda _fleet: doors, lambda: "2026-11-22T12:00:00Z", share=lambda: share)


def test_a_status_branch_that_refuses_us_is_a_problem_and_the_work_goes_on(world: World) -> None:
    world.book.fault = Forbidden("the branch is protected")
    report = world.engine.run_pass()

    assert report.untold == "the status branch could not be written: the branch is protected"
    assert report.untold in report.problems
    assert ("apply", "StatefulSet/default/phi-4-chat") in world.cluster.writes
    asked = world.book.asked
    assert world.engine.run_pass().untold == report.untold
    assert world.book.asked == asked


def test_a_git_server_that_asks_for_time_gets_it(world: World) -> None:
    world.book.fault = Throttled("slow down", retry_after=60)
    with pytest.raises(Throttled):
        world.engine.run_pass()


def test_who_is_deposed_in_the_middle_of_a_pass_tells_nothing(world: World) -> None:
    world.cluster.deposed_after = 3
    with pytest.raises(Deposed):
        world.engine.run_pass()

    assert len(world.cluster.writes) == 3
    assert world.book.messages == []


def test_who_stands_by_looks_and_asks_neither_azure_nor_git_to_do_anything(world: World) -> None:
    standby = sharing(world, Share(frozenset(), because="other leads"))

    with pytest.raises(Deposed, match="other leads"):
        standby.run_pass()
    assert world.writes() == (0, 0, 0)


def test_two_halves_make_the_whole_and_neither_does_the_others_work(world: World) -> None:
    texts = {f"workspaces/w{n}.yaml": files()[FILE].replace("phi-4-chat", f"w{n}") for n in range(6)}
    world.source.push({"towline.yaml": files()["towline.yaml"], **texts})
    halves = [sharing(world, Share(frozenset({n}), 2)) for n in range(2)]
    reports = [each.run_pass() for _ in range(6) for each in halves]

    applied = Counter(what for verb, what in world.cluster.writes if verb == "apply" and "Config" not in what)
    assert {count for what, count in applied.items() if what.startswith("StatefulSet")} == {1}
    assert len([what for what in applied if what.startswith("StatefulSet")]) == 6
    assert len(world.cloud.writes) == 6
    assert len(reports[-1].workspaces) + len(reports[-2].workspaces) == 6
    assert all(f"status/default/w{n}.yaml" in world.book.files for n in range(6))
    assert len([path for path in world.book.files if path.startswith("status/")]) == 6
    before = world.writes()
    for each in halves:
        each.run_pass()
    assert world.writes() == before
