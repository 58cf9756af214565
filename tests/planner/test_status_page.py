"""The page tells what is: what the fleet costs, where its prices come from, and each thing once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import Orphan, Spending
from reconciler.domain.report import Phase
from reconciler.domain.state import Cost
from reconciler.planner.tell.status import compose_status
from tests.builders import A100
from tests.planner.scenes import LATER, NOW, fleet_report, workspace_report


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
    tuned = workspace_report("tune", message=f"Tuning phi-4 on 1× {A100}: step 120 of 400")

    rows = [line for line in page(workspace_report(), tuned).splitlines() if line.startswith("| [!")]

    assert [row.count(A100) for row in rows] == [1, 1]
    assert rows[1].endswith("| Tuning phi-4: step 120 of 400 |")


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


def orphan(**changes: Any) -> Orphan:
    spent = Spending(45.02, "2026-10-31T22:00:00Z", "2026-11-01T10:00:00Z")
    found = Orphan("w3qk2", "team-a/llama", A100, 2, NOW, LATER, spent, 7.34, "its time is not over yet")
    return replace(found, **changes)


def test_nodes_that_nobody_asks_for_have_a_section_of_their_own() -> None:
    unpriced = orphan(
        pool="w9", owner="", dollars_per_hour=None, spending=Spending(None, NOW, NOW), hold="", count=1
    )

    told = page(workspace_report(), orphans=(orphan(), unpriced))

    assert "## Problems" not in told
    assert told.split("## Nodes nobody asks for\n\n")[1].splitlines()[:2] == [
        f"- `w3qk2`: 2× {A100}, made for team-a/llama; found at 10:00 UTC on 1 November, \\$7.34 an hour, "
        "\\$45.02 since 22:00 UTC on 31 October; its time is not over yet.",
        f"- `w9`: 1× {A100}; found at 10:00 UTC on 1 November, at an unknown price; it is removed now.",
    ]


def test_the_sentence_under_the_title_says_what_was_spent() -> None:
    paid = workspace_report(spending=Spending(88.1, NOW, NOW))
    free = workspace_report("free", spending=Spending(None, NOW, NOW, is_partial=True))

    assert "(\\$5,358.20 a month) · \\$133.12 so far." in page(paid, free, orphans=(orphan(),))
    assert "so far" not in page(workspace_report())


def test_a_spot_price_is_shown_as_the_bound_it_is() -> None:
    spot = workspace_report(cost=Cost(3.67, "2026-06-18", "eastus", at_most=True))

    assert "| ≤ $3.67 |" in page(spot)
    assert "1 of 1 nodes · at most \\$3.67 an hour" in page(spot)


def test_hostile_words_of_an_orphan_stay_words() -> None:
    told = page(orphans=(orphan(pool="`x`|", owner="<b>@me</b>", hold="# https://evil.example\n## x"),))

    line = next(line for line in told.splitlines() if line.startswith("- "))
    assert line.startswith("- `'x'¦`: ")
    assert "<b>" not in line
    assert "https://" not in line
