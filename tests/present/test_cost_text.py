"""What the nodes cost, as a person reads it and as a program does."""

from __future__ import annotations

import json
from dataclasses import replace

from click import unstyle

from reconciler.catalog.price import PriceList
from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.provisioning import Orphan, Spending
from reconciler.planner.provision.bill import Bill, Row
from reconciler.present.cost import cost_json, cost_text, only

NOON = "2026-11-22T12:00:00Z"
SINCE = "2026-11-20T10:00:00Z"
PRICES = PriceList("2026-06-18", "a price list", "Linux, pay as you go")
PHI = Row("default/phi", (Option("Standard_A"),), 1, 1, 3.67, False, Spending(183.5, SINCE, NOON))
WAITING = Row("team-b/big", (Option("Standard_A"),), 0, 2, 0.0)
SPOT = Row(
    "default/cheap",
    (Option("Standard_A", CapacityType.SPOT, "2"),),
    1,
    1,
    3.67,
    at_most=True,
    spending=Spending(7.34, NOON, NOON, at_most=True),
)
UNKNOWN = Row("default/new", (Option("Standard_Z"),), 1, 1, None, False, Spending(None, SINCE, NOON, True))
OTHERS = Row("default/karp", (Option("Standard_A"),), None, 2, 7.34, is_counted=False)
LOST = Orphan(
    "wold", "default/old", "Standard_A", 1, NOON, NOON, Spending(None, NOON, NOON), 3.67, "it is young"
)
LOST_ROW = Row("wold", (Option("Standard_A"),), 1, 0, 3.67, False, Spending(11.0, SINCE, NOON))


def bill(*rows: Row, **more: object) -> Bill:
    return replace(Bill(rows, (), None, NOON, ("eastus",), "eastus"), **more)  # type: ignore[arg-type]


def shown(found: Bill, *, totals: bool = True) -> list[str]:
    return unstyle(cost_text(found, PRICES, totals=totals)).splitlines()


def test_rows_stand_in_columns_with_the_sums_below_and_the_prices_last() -> None:
    assert shown(bill(PHI, WAITING)) == [
        "NAME          NODES   OPTION       $/HOUR     $/MONTH    SO FAR   SINCE",
        "default/phi     1/1   Standard_A    $3.67   $2,679.10   $183.50   10:00 UTC on 20 November",
        "team-b/big      0/2   Standard_A    $0.00       $0.00     $0.00   -",
        "the fleet         1                 $3.67   $2,679.10   $183.50   10:00 UTC on 20 November",
        "",
        "Prices of 2026-06-18 in eastus: Linux, pay as you go. Source: a price list.",
    ]


def test_spot_is_a_bound_and_so_is_the_sum() -> None:
    lines = shown(bill(SPOT))

    assert lines[1].split("   ")[2:6] == [
        "Standard_A (spot, zone 2)",
        "≤ $3.67",
        "≤ $2,679.10",
        "≤ $7.34",
    ]
    assert lines[2].split()[3:9] == ["≤", "$3.67", "≤", "$2,679.10", "≤", "$7.34"]
    assert "≤: spot machines cost less than on-demand ones, by how much is not known in advance." in lines


def test_an_unknown_price_is_unknown_and_the_sum_is_at_least_the_rest() -> None:
    lines = shown(bill(PHI, UNKNOWN))

    assert lines[2].split()[3:6] == ["unknown", "unknown", "unknown"]
    assert lines[3].split()[3:9] == ["≥", "$3.67", "≥", "$2,679.10", "≥", "$183.50"]
    assert "≥: no public price is known of the nodes of default/new." in lines


def test_bounds_in_both_directions_are_told_as_about() -> None:
    assert "~ $3.67" in shown(bill(SPOT, UNKNOWN))[3]


def test_what_is_not_counted_is_said_not_to_be() -> None:
    lines = shown(bill(OTHERS))

    assert lines[1].split("   ")[1:] == [
        "2 asked for",
        "Standard_A",
        " $7.34",
        "$5,358.20",
        "not counted",
        "-",
    ]
    assert any(line.startswith("Nodes that are not agent pools made by Towline") for line in lines)


def test_a_pool_nobody_asks_for_stands_below_with_what_becomes_of_it() -> None:
    lines = shown(bill(PHI, orphans=((LOST, LOST_ROW),)))
    due = shown(bill(PHI, orphans=((replace(LOST, hold=""), LOST_ROW),)))

    assert lines[2].startswith(
        "pool wold: nobody asks for it       1   Standard_A    $3.67   $2,679.10    $11.00"
    )
    assert lines[3].split()[:3] == ["the", "fleet", "2"]
    assert "Pool wold: it is young. It was made for default/old." in lines
    assert "Pool wold: it is removed with the next pass. It was made for default/old." in due


def test_workspaces_that_are_gone_are_one_row() -> None:
    lines = shown(bill(PHI, former=Spending(1000.0, SINCE, NOON)))

    assert lines[2].split()[:7] == ["former", "workspaces", "-", "-", "-", "-", "$1,000.00"]
    assert "$1,183.50" in lines[3]


def test_prices_of_elsewhere_are_said_to_be() -> None:
    assert (
        "in eastus; the cluster is in westeurope, where they may differ:"
        in shown(bill(PHI, location="westeurope"))[-1]
    )


def test_one_workspace_alone_has_no_sums() -> None:
    for name in ("phi", "default/phi"):
        lines = shown(only(bill(PHI, WAITING, orphans=((LOST, LOST_ROW),)), name), totals=False)

        assert [line.split()[0] for line in lines if line] == ["NAME", "default/phi", "Prices"]
    assert only(bill(PHI), "other").workspaces == ()


def test_nothing_is_a_sentence() -> None:
    assert shown(bill())[0] == "No nodes, and none so far."


def test_the_json_has_exactly_the_documented_keys() -> None:
    found = json.loads(json.dumps(cost_json(bill(PHI, UNKNOWN, OTHERS, orphans=((LOST, LOST_ROW),)), PRICES)))

    assert set(found) == {"as_of", "workspaces", "orphans", "former", "fleet", "prices"}
    assert found["workspaces"][0] == {
        "workspace": "default/phi",
        "nodes": 1,
        "nodes_wanted": 1,
        "options": ["Standard_A"],
        "dollars_per_hour": 3.67,
        "dollars_per_month": 3.67 * 730,
        "at_most": False,
        "is_counted": True,
        "so_far": 183.5,
        "so_far_at_most": False,
        "so_far_is_partial": False,
        "since": SINCE,
    }
    assert found["workspaces"][1]["dollars_per_hour"] is None
    assert found["workspaces"][2]["so_far"] is None
    assert found["orphans"][0]["pool"] == "wold"
    assert found["orphans"][0]["hold"] == "it is young"
    assert found["fleet"]["unknown_prices"] == 1
    assert found["fleet"]["so_far"] == 194.5
    assert found["prices"]["regions"] == ["eastus"]


def test_words_of_others_cannot_steer_the_terminal() -> None:
    evil = replace(PHI, name="\x1b[2Jphi", options=(Option("\x1b]0;owned\x07"),))
    pool = replace(LOST, owner="\x1b[2J", hold="\u202eback")

    text = unstyle(cost_text(bill(evil, orphans=((pool, LOST_ROW),)), PRICES))

    assert not {"\x1b", "\x07", "\u202e"} & set(text)
