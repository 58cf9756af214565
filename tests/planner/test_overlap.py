"""What a replacement costs while both agent pools run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.plan import Overlap
from reconciler.domain.state import Cost, DesiredWorkspace, ObservedPool
from reconciler.planner.decide.diff import Policy, diff
from tests.builders import (
    NAME,
    config,
    desired_pool,
    desired_state,
    desired_workspace,
    ground,
    observed_pool,
    observed_state,
    provisions,
)

PRICE = 3.673
PHI = replace(desired_workspace(pool=desired_pool("wnew")), cost=Cost(7.0, "2026-06-18", "eastus"))


def overlap(*pools: ObservedPool, workspace: DesiredWorkspace = PHI, **fleet: Any) -> Overlap | None:
    """What the plan says of this workspace's move from these pools."""
    desired, cfg = desired_state(workspace), config(NAME, **fleet)
    policy = Policy(cfg, {}, provisions(desired), ground(cfg))
    (change,) = diff(desired, observed_state(pools=pools), {}, policy).changes
    return change.overlap


def test_the_old_pool_costs_on_until_the_new_one_stands() -> None:
    found = overlap(observed_pool("wold"))

    assert found is not None
    assert found.dollars_per_hour == pytest.approx(PRICE + 7.0)
    assert (found.hours, found.most_hours) == (26 / 60, (40 + 15 + 10) / 60)


def test_the_bound_is_what_the_fleet_allows() -> None:
    limits = {"createMinutes": 100, "joinMinutes": 10, "gpuMinutes": 10}

    found = overlap(observed_pool("wold"), provisioning={"limits": limits})

    assert found is not None
    assert found.most_hours == 2


def test_it_is_told_while_the_new_pool_is_on_its_way() -> None:
    found = overlap(observed_pool("wold"), observed_pool("wnew", state="Creating"))

    assert found is not None
    assert found.dollars_per_hour == pytest.approx(PRICE + 7.0)


def test_an_unknown_price_of_either_is_unknown() -> None:
    dear = replace(PHI, cost=Cost(None, "2026-06-18", ""))

    for found in (
        overlap(observed_pool("wold"), workspace=dear),
        overlap(observed_pool("wold", "Standard_X")),
    ):
        assert found is not None
        assert found.dollars_per_hour is None


def test_spot_machines_on_either_side_make_it_a_bound() -> None:
    old = observed_pool("wold")
    spot = replace(old, properties={**old.properties, "scaleSetPriority": "Spot"})
    cheap = replace(PHI, cost=replace(PHI.cost, at_most=True))

    found = (overlap(old), overlap(spot), overlap(old, workspace=cheap))

    assert [each.at_most for each in found if each] == [False, True, True]


def test_there_is_none_where_nothing_is_replaced_or_the_old_goes_first() -> None:
    assert overlap() is None
    assert overlap(observed_pool("wold"), provisioning={"replaceNodes": "delete-first"}) is None
    assert overlap(observed_pool("wold", state="Failed")) is None
