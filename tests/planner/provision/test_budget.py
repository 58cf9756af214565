"""What a fleet may spend: who is beyond it is held and told by how much."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.cloud import Option
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import Move
from reconciler.domain.state import Cost, DesiredWorkspace
from reconciler.planner.provision.choosing import Provisions
from tests.builders import A100, NAME, NOW, desired_workspace, observed_pool
from tests.planner.provision.asking_nodes import (
    H100,
    book,
    provisions,
    refusal,
    seen,
    way,
    ways,
)

NEW, OLD = WorkspaceName("default", "a-new"), WorkspaceName("default", "z-old")


def within(
    *workspaces: DesiredWorkspace, standing: tuple[WorkspaceName, ...] = (), **budget: float
) -> Provisions:
    return provisions(workspaces, seen(), budget=budget, standing=standing)


def test_a_workspace_beyond_its_own_budget_is_held_and_told_by_how_much() -> None:
    made = within(way(price=3.673), dollars_per_hour_per_workspace=3.0)

    ((finding,),) = made.desired.held.values()
    assert "$3.67/h" in finding.message
    assert "$0.67/h too much" in finding.message
    assert "dollarsPerHourPerWorkspace" in finding.mend
    assert made.desired.workspaces == {}
    assert made.choices == {}


def test_what_stands_is_paid_for_before_what_is_new() -> None:
    asking = (way("wa", name=NEW, price=3.67), way("wb", name=OLD, price=3.67))

    both_new = within(*asking, dollars_per_hour=6.34)
    one_old = within(*asking, standing=(OLD,), dollars_per_hour=6.34)

    assert set(both_new.desired.held) == {OLD}
    assert set(one_old.desired.held) == {NEW}
    assert "$1.00/h too much" in one_old.desired.held[NEW][0].message


def test_a_price_nobody_knows_counts_for_nothing() -> None:
    assert not within(way(price=None), dollars_per_hour=0.01).desired.held


def test_what_stands_beyond_a_lowered_budget_is_kept_to_and_its_nodes_are_not_made_again() -> None:
    budget = {"dollars_per_hour": 1.0}
    standing = provisions([way()], seen(observed_pool("wa")), budget=budget, standing=(NAME,))
    gone = provisions([way()], seen(), budget=budget, standing=(NAME,))

    assert standing.desired.held == {}
    assert standing.choices[NAME].move is Move.GO
    assert set(gone.desired.held) == {NAME}


def test_nodes_that_karpenter_makes_are_paid_for_too() -> None:
    asked = replace(desired_workspace(), cost=Cost(9.0, "2026-06-18", "eastus"))

    assert within(asked, dollars_per_hour=8.0).desired.held
    assert not within(asked, dollars_per_hour=9.0).desired.held


def test_a_way_that_is_too_dear_is_passed_over_for_one_that_is_not() -> None:
    asked = ways(way("wa", H100, price=6.98), way("wb", price=3.67))

    made = within(asked, dollars_per_hour_per_workspace=4.0)

    choice = made.choices[NAME]
    assert (choice.option, choice.move) == (Option(A100), Move.GO)
    assert "$2.98/h too much" in choice.passed_over[0]


def test_ways_that_are_all_too_dear_hold_it_by_the_cheapest() -> None:
    asked = ways(way("wa", H100, price=6.98), way("wb", price=3.67))

    made = within(asked, dollars_per_hour_per_workspace=3.0)

    (finding,) = made.desired.held[NAME]
    assert finding.message.startswith(f"{A100} is the cheapest way that is accepted: it costs $3.67/h")
    assert "$0.67/h too much" in finding.message


def test_a_way_that_is_too_dear_is_not_waited_for() -> None:
    asked = ways(way("wa", H100, price=6.98), way("wb", price=3.67))

    made = provisions([asked], seen(), book(refusal()), budget={"dollars_per_hour_per_workspace": 4.0})

    choice = made.choices[NAME]
    assert (choice.option, choice.move) == (Option(A100), Move.WAIT)
    assert choice.until > NOW


@pytest.mark.parametrize(("limit", "held"), [(3.66, True), (3.67, False)])
def test_spot_counts_as_the_most_it_may_cost(limit: float, held: bool) -> None:
    made = within(way(spot=True, price=3.67), dollars_per_hour_per_workspace=limit)

    assert bool(made.desired.held) is held


def test_what_was_found_before_is_told_beside_it() -> None:
    found = Finding("w.yaml", 1, 1, "f", "m", "d", Severity.WARNING)
    made = within(replace(way(), findings=(found,)), dollars_per_hour=1.0)

    assert made.desired.held[NAME][0] == found
    assert len(made.desired.held[NAME]) == 2
