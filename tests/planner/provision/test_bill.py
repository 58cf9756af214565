"""The bill has a row for whoever has nodes, and for every pool that nobody asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Account, Attempt, Logbook, Meter
from reconciler.domain.moment import later
from reconciler.domain.provisioning import Orphan, Spending
from reconciler.domain.state import Cost, DesiredState
from reconciler.planner.provision.bill import Bill, Row, bill_of
from tests.builders import (
    A100,
    NAME,
    NOW,
    config,
    desired_pool,
    desired_state,
    desired_workspace,
    ground,
)

SPOT = Option(A100, CapacityType.SPOT, "2")
OLD = WorkspaceName("default", "old")
PHI = replace(desired_workspace(pool=desired_pool()), option=Option(A100))
HOUR_AGO = later(NOW, -3600)
RUNNING = Meter(NAME, A100, 1, 4.0, HOUR_AGO)
NOBODY = Spending(None, NOW, NOW)
ORPHAN = Orphan("wold", str(OLD), A100, 1, NOW, later(NOW, 1800), NOBODY, 4.0, "it is young")


def bill(logbook: Logbook, *orphans: Orphan, desired: DesiredState | None = None) -> Bill:
    return bill_of(desired or desired_state(PHI), orphans, logbook, ground(config(NAME)))


def row(logbook: Logbook, desired: DesiredState | None = None) -> Row:
    (only,) = bill(logbook, desired=desired).workspaces
    return only


def test_what_runs_is_told_with_what_it_has_cost_up_to_now() -> None:
    assert row(Logbook(meters={"wabc": RUNNING})) == Row(
        "default/phi", (Option(A100),), 1, 1, 4.0, False, Spending(4.0, HOUR_AGO, NOW)
    )


def test_what_waits_costs_nothing_yet() -> None:
    assert row(Logbook()) == Row("default/phi", (Option(A100),), 0, 1, 0.0)


def test_a_stopped_pool_has_no_nodes() -> None:
    assert row(Logbook(meters={"wabc": Meter(NAME, A100, 0, 0.0, HOUR_AGO)})).nodes == 0


def test_how_nodes_are_had_is_told_as_it_was_asked_for() -> None:
    meter = replace(RUNNING, at_most=True)
    attempts = {"wspot": Attempt(NAME, SPOT, "d1")}

    assert row(Logbook(attempts, meters={"wspot": meter})).options == (SPOT,)
    assert row(Logbook(meters={"wspot": meter})).options == (Option(A100, CapacityType.SPOT),)


def test_while_a_workspace_moves_both_pools_are_in_its_row() -> None:
    both = row(
        Logbook(meters={"wabc": RUNNING, "wnew": Meter(NAME, "Standard_ND96isr_H100_v5", 1, 98.0, NOW)})
    )

    assert (both.nodes, both.dollars_per_hour) == (2, 102.0)
    assert [each.instance_type for each in both.options] == [A100, "Standard_ND96isr_H100_v5"]


def test_one_unknown_price_makes_the_rate_unknown_and_not_the_rest() -> None:
    both = row(Logbook(meters={"wabc": RUNNING, "wnew": Meter(NAME, "Standard_X", 1, None, NOW)}))

    assert both.dollars_per_hour is None
    assert both.spending == Spending(4.0, HOUR_AGO, NOW, is_partial=True)


def test_a_held_workspace_and_one_that_leaves_are_told_with_the_nodes_they_still_have() -> None:
    leaving = Meter(OLD, A100, 2, 8.0, HOUR_AGO)
    held = DesiredState({}, {NAME: ()})

    found = bill(Logbook(meters={"wabc": RUNNING, "wold": leaving}), desired=held)

    assert [(each.name, each.nodes, each.wanted) for each in found.workspaces] == [
        ("default/old", 2, None),
        ("default/phi", 1, None),
    ]


def test_nodes_that_others_make_are_told_as_asked_for_and_not_counted() -> None:
    karpenter = replace(PHI, pool=None, option=Option(""), cost=Cost(7.0, "2026-06-18", "eastus"))
    own = replace(karpenter, instance_type="", cost=Cost(0.0, "2026-06-18", ""))

    assert row(Logbook(), desired_state(karpenter)) == Row(
        "default/phi", (Option(A100),), None, 1, 7.0, is_counted=False
    )
    assert [str(each) for each in row(Logbook(), desired_state(own)).options] == ["own nodes"]


def test_a_pool_nobody_asks_for_has_a_row_of_its_own() -> None:
    found = bill(Logbook(meters={"wold": Meter(OLD, A100, 1, 4.0, HOUR_AGO)}), ORPHAN)

    assert [each.name for each in found.workspaces] == ["default/phi"]
    assert found.orphans == (
        (ORPHAN, Row("wold", (Option(A100),), 1, 0, 4.0, False, Spending(4.0, HOUR_AGO, NOW))),
    )
    assert [each.name for each in found.rows] == ["default/phi", "wold"]


def test_a_pool_that_was_not_metered_yet_is_told_by_what_is_seen_of_it() -> None:
    ((_, found),) = bill(Logbook(), ORPHAN).orphans

    assert (found.nodes, found.dollars_per_hour, found.spending) == (1, 4.0, NOBODY)


@pytest.mark.parametrize("name", [WorkspaceName("", ""), OLD])
def test_what_workspaces_have_cost_that_are_gone_is_told_together(name: WorkspaceName) -> None:
    account = Account(12.0, HOUR_AGO, until=NOW)

    found = bill(Logbook(accounts={name: account, NAME: account}))

    assert found.former == Spending(12.0, HOUR_AGO, NOW)
    assert [each.spending for each in found.workspaces] == [Spending(12.0, HOUR_AGO, NOW)]


def test_the_regions_of_the_prices_and_the_clusters_own_are_told() -> None:
    found = bill(Logbook(meters={"wabc": RUNNING}))

    assert (found.regions, found.location) == (("eastus",), "eastus")
