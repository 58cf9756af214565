"""One pass over a world in memory, through the real reader, rules, templates and status branch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.catalog.huggingface import HubFacts
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase
from reconciler.faults import Missing, Unreachable
from reconciler.look import Doors
from reconciler.planner.desire.lore import Lore
from reconciler.prospect import Reading
from reconciler.reconcile import Engine
from reconciler.wiring import example_repo_dir, load_catalog, load_templates
from tests.fakes import FakeBook, FakeCloud, FakeCluster, FakeSource

CHAT = WorkspaceName("default", "phi-4-chat")
FILE = "workspaces/phi-4-chat.yaml"


class NoHub:
    def describe(self, repo_id: str, revision: str | None = None) -> HubFacts:
        raise Missing(f"{repo_id} is not there")


def files() -> dict[str, str]:
    root = example_repo_dir()
    return {path: (root / path).read_text() for path in ("towline.yaml", FILE)}


class World:
    def __init__(self, cell: Cell) -> None:
        self.source, self.cluster, self.cloud = FakeSource(files()), FakeCluster(), FakeCloud()
        self.book = FakeBook()
        self.cell = cell
        self.engine = self.new_engine()

    def new_engine(self, now: Callable[[], str] = lambda: "2026-11-22T12:00:00Z") -> Engine:
        lore = Lore(load_catalog(), load_templates())
        doors = Doors(self.cluster, self.cloud, self.book)
        reading = Reading(self.source, self.cell, NoHub(), lore)
        return Engine(reading, lambda _fleet: doors, now)

    def settle(self) -> None:
        for _ in range(4):
            self.engine.run_pass()

    def writes(self) -> tuple[int, int, int]:
        return len(self.cluster.writes), len(self.cloud.writes), len(self.book.messages)


@pytest.fixture
def world() -> Iterator[World]:
    with Cell() as cell:
        yield World(cell)


def test_a_push_becomes_a_pool_a_workload_a_status_file_and_a_badge(world: World) -> None:
    report = world.engine.run_pass()

    assert [verb for verb, _ in world.cloud.writes] == ["ensure"]
    assert ("apply", "StatefulSet/default/phi-4-chat") in world.cluster.writes
    assert report.workspaces[CHAT].phase is Phase.PENDING
    assert {"README.md", "status/default/phi-4-chat.yaml", "badges/default/phi-4-chat.svg"} <= set(
        world.book.files
    )


def test_a_settled_world_is_written_no_more_not_even_by_a_new_engine(world: World) -> None:
    world.settle()
    before = world.writes()

    world.engine.run_pass()
    world.new_engine().run_pass()

    assert world.writes() == before
    assert not world.engine.plan().plan.has_changes


def test_a_plan_touches_nothing(world: World) -> None:
    assert world.engine.plan().plan.has_changes
    assert world.writes() == (0, 0, 0)


def test_a_removed_workspace_goes_and_its_files_with_it(world: World) -> None:
    other = files()[FILE].replace("phi-4-chat", "other")
    world.source.push({**files(), "workspaces/other.yaml": other})
    world.settle()
    world.source.push({"towline.yaml": files()["towline.yaml"], "workspaces/other.yaml": other})
    world.settle()

    assert "remove" in [verb for verb, _ in world.cloud.writes]
    assert not [ref for ref in world.cluster.seen if ref.name.startswith("phi-4-chat")]
    assert "status/default/phi-4-chat.yaml" not in world.book.files


def test_a_rewritten_branch_removes_nothing_and_says_so(world: World) -> None:
    other = files()[FILE].replace("phi-4-chat", "other")
    world.settle()
    world.source.rewritten = True
    world.source.push({"towline.yaml": files()["towline.yaml"], "workspaces/other.yaml": other})
    world.settle()

    assert [ref for ref in world.cluster.seen if ref.name == "phi-4-chat"]
    assert b"rewritten" in world.book.files["README.md"]


def test_a_fleet_that_cannot_be_read_changes_nothing(world: World) -> None:
    world.settle()
    before = world.writes()[:2]
    world.source.push({"towline.yaml": "spec: [", FILE: ""})
    report = world.engine.run_pass()

    assert world.writes()[:2] == before
    assert "towline.yaml" in " ".join(report.problems)


def test_git_that_cannot_be_reached_does_not_stop_the_looking_after(world: World) -> None:
    world.settle()
    ref = next(ref for ref in world.cluster.seen if ref.kind == "StatefulSet")
    del world.cluster.seen[ref]
    world.source.fault = Unreachable("no answer")

    report = world.engine.run_pass()

    assert ref in world.cluster.seen
    assert "no answer" in " ".join(report.problems)


def test_a_world_that_cannot_be_seen_twice_running_is_said_in_git(world: World) -> None:
    world.settle()
    world.cluster.blind = Unreachable("the API server does not answer")
    for _ in range(2):
        with pytest.raises(Unreachable):
            world.engine.run_pass()

    assert b"the API server does not answer" in world.book.files["README.md"]
    world.cluster.blind = None
    world.engine.run_pass()
    assert b"does not answer" not in world.book.files["README.md"]


def test_a_problem_is_told_once(world: World) -> None:
    world.settle()
    world.source.fault = Unreachable("no answer")

    report = world.engine.run_pass()

    assert len(report.problems) == len(set(report.problems)) == 1
