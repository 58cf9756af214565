"""The page tells what is: what the fleet costs, where its prices come from, and each thing once."""

from __future__ import annotations

from typing import Any

from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase
from reconciler.domain.state import Cost
from reconciler.planner.tell.status import compose_status
from tests.planner.scenes import fleet_report, workspace_report


def page(*workspaces: Any, **changes: Any) -> str:
    made = compose_status(fleet_report(*workspaces, **changes), {}, {})
    assert made is not None
    return (made.files["README.md"] or b"").decode()


def test_what_is_held_before_it_has_nodes_costs_nothing_yet() -> None:
    held = workspace_report("held", phase=Phase.HELD, message="Over the budget", nodes_ready=())

    assert "1 of 2 ready · 1 of 1 nodes · \\$3.67 an hour" in page(workspace_report(), held)


def test_what_is_held_with_its_nodes_is_paid_for() -> None:
    held = workspace_report("held", phase=Phase.HELD, message="Removal waits for approval")

    assert "1 of 2 ready · 2 of 2 nodes · \\$7.34 an hour" in page(workspace_report(), held)


def test_every_region_whose_prices_are_used_is_named() -> None:
    west = workspace_report("west", cost=Cost(4.1, "2026-06-18", "westus3"))

    assert "prices of 2026-06-18 in eastus and westus3; a month" in page(workspace_report(), west)


def test_a_list_that_goes_on_ends_in_its_own_ellipsis() -> None:
    size = Finding("a.yaml", 1, 1, "resource", "it was retired", "these fit: A, B, …")

    told = page(workspace_report(findings=(size,)))

    assert "it was retired. *these fit: A, B, …*" in told


def test_the_machines_are_named_in_their_column_alone() -> None:
    row = next(line for line in page(workspace_report()).splitlines() if line.startswith("| [!"))

    assert row.count("Standard_NC24ads_A100_v4") == 1


def test_two_long_names_can_be_told_apart_by_their_badges() -> None:
    names = [
        WorkspaceName("team", f"deepseek-r1-distill-qwen-14b-for-the-{who}") for who in ("press", "court")
    ]
    reports = [
        workspace_report(each.name, each.namespace) for each in (*names, WorkspaceName("default", "a"))
    ]
    made = compose_status(fleet_report(*reports), {}, {})
    assert made is not None

    titles = {(made.files[f"badges/team/{each.name}.svg"] or b"").split(b"</title>")[0] for each in names}
    assert len(titles) == 2
