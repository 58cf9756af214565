"""What Azure would refuse is known before it is asked; what nobody knows holds nothing back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import AksStanding, Market, Offering, Option, Usage
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.state import DesiredWorkspace, ObservedPool
from tests.builders import A100, NAME, canonical, observed_node, observed_pool
from tests.planner.provision.asking_nodes import (
    DRIVER,
    FAMILY,
    H100,
    INTERNAL,
    QUOTA,
    ago,
    book,
    chosen,
    failed,
    market,
    provisions,
    seen,
    tried,
    way,
    ways,
)


def named(number: int) -> WorkspaceName:
    return WorkspaceName("default", f"w{number:02d}")


def asked(market_: Market, workspace: DesiredWorkspace | None = None, *pools: ObservedPool) -> NodeChoice:
    return chosen(workspace or way(), seen(*pools, market=market_))


def with_usage(name: str, left: int) -> Market:
    known = market()
    usage = Usage(name, 0, left)
    return replace(known, usages={**(known.usages or {}), name: usage})


def offered(**fields: Any) -> Market:
    return market(offerings={A100.lower(): replace(Offering(A100, FAMILY, 24, ("1", "2")), **fields)})


@pytest.mark.parametrize(
    ("known", "workspace", "said"),
    [
        (market(offerings={"x": Offering("x", "f", 1)}), way(), f"eastus does not have {A100}"),
        (offered(closed="NotAvailableForSubscription"), way(), "NotAvailableForSubscription"),
        (offered(), way(zone="3"), f"{A100} is not to be had in zone 3 of eastus"),
        (offered(closed_zones=("1",)), way(zone="1"), f"{A100} is not to be had in zone 1 of eastus"),
        (
            market(left=23),
            way(),
            f"of {FAMILY} are needed in eastus and the quota has 23 of 123 left",
        ),
        (market(left=24), way(nodes=2), "48 more vCPUs of"),
        (
            with_usage("cores", 23),
            way(),
            "24 more vCPUs are needed in eastus and the quota of the whole",
        ),
        (
            with_usage("lowprioritycores", 23),
            way(spot=True),
            "24 more spot vCPUs are needed in eastus",
        ),
    ],
)
def test_what_is_not_to_be_had_is_not_asked_for(
    known: Market, workspace: DesiredWorkspace, said: str
) -> None:
    choice = asked(known, workspace)

    assert choice.move is Move.WAIT
    assert said in choice.because
    assert choice.needs_a_person
    assert choice.setback is not None
    assert choice.setback.next_step


@pytest.mark.parametrize(
    ("known", "workspace"),
    [
        (Market(), way()),
        (market(offerings=None), way()),
        (market(offerings={}), way()),
        (market(left=0, usages=None), way()),
        (market(left=0, usages={}), way()),
        (market(), way(size="Standard_D4s_v5")),
        (offered(zones=()), way(zone="3")),
        (offered(zones=("1", "2")), way(zone="2")),
        (market(left=24), way()),
        (with_usage("cores", 24), way()),
        (with_usage("lowprioritycores", 0), way()),
        (replace(market(left=0), usages=with_usage("lowprioritycores", 24).usages), way(spot=True)),
        (market(left=0, offerings=None), way(size="Standard_Unknown")),
    ],
)
def test_what_is_to_be_had_or_not_known_is_asked_for(known: Market, workspace: DesiredWorkspace) -> None:
    assert asked(known, workspace).move is Move.GO


def test_vcpus_that_azure_does_not_tell_are_those_we_know() -> None:
    silent = offered(vcpus=None, family="")

    assert asked(replace(silent, usages=market(left=23).usages)).move is Move.WAIT
    assert asked(replace(silent, usages=market(left=24).usages)).move is Move.GO


def test_machines_that_an_upgrade_adds_are_counted_where_the_pool_asks_for_them() -> None:
    def surging(surge: str) -> DesiredWorkspace:
        workspace = way(nodes=2)
        assert workspace.pool is not None
        body = json.loads(workspace.pool.body)
        body["properties"]["upgradeSettings"] = {"maxSurge": surge}
        return replace(workspace, pool=replace(workspace.pool, body=canonical(body)))

    moves = [asked(market(left=48), surging(each)).move for each in ("0", "1", "33%", "0%")]

    assert moves == [Move.GO, Move.WAIT, Move.WAIT, Move.GO]
    assert asked(market(left=72), surging("33%")).move is Move.GO


def test_machines_that_stand_are_not_needed_again() -> None:
    standing = observed_pool("wa")

    grown = asked(market(left=24), way(nodes=2), standing)
    stuck = asked(market(left=23), way(nodes=2), standing)
    same = asked(market(left=0), way(), standing)
    shut = asked(offered(closed="NotAvailableForSubscription"), way(), standing)

    assert [each.move for each in (grown, stuck, same, shut)] == [Move.GO, Move.WAIT, Move.GO, Move.GO]


def test_a_quota_that_is_still_too_small_costs_no_try() -> None:
    known = book(wa=failed(QUOTA))
    pool = observed_pool("wa", state="Failed")

    short = chosen(way(), seen(pool, market=market(left=0)), known)
    raised = chosen(way(), seen(pool, market=market(left=24)), known)

    assert (short.move, raised.move) == (Move.WAIT, Move.AGAIN)


def test_machines_of_a_failed_pool_are_not_held_against_it() -> None:
    pool = observed_pool("wa", state="Failed")

    observed = seen(pool, nodes=[observed_node("wa", ready=False)], market=market(left=0))

    choice = chosen(way(), observed, book(wa=failed(DRIVER)))

    assert choice.move is Move.ANEW


def test_the_quota_is_not_judged_while_azure_still_counts_what_was_just_taken_away() -> None:
    taken_away = tried(recreations=1, begun=ago(5), failed=ago(10))

    assert chosen(way(), seen(market=market(left=0)), book(wa=taken_away)).move is Move.GO


def test_ten_workspaces_do_not_all_count_on_the_same_quota() -> None:
    asking = [way(f"w{each}", name=named(each)) for each in range(10)]

    made = provisions(asking, seen(market=market(left=24 * 3 + 5)))

    going = [name for name, choice in made.choices.items() if choice.move is Move.GO]
    assert going == [named(0), named(1), named(2)]
    assert "has 5 of 177 left when others have theirs" in made.choices[named(3)].because


def test_who_the_fleet_has_already_comes_first() -> None:
    asking = [way(f"w{each}", name=named(each)) for each in range(2)]

    made = provisions(asking, seen(market=market(left=24)), standing=(named(1),))

    moves = {name: choice.move for name, choice in made.choices.items()}
    assert moves == {named(0): Move.WAIT, named(1): Move.GO}


def test_a_way_without_quota_gives_way_to_the_next() -> None:
    choice = asked(market(left=0), ways(way(), way("wb", spot=True)))
    zones = asked(offered(zones=("2",)), ways(way(zone="1"), way("wb", zone="2")))

    assert choice.move is Move.WAIT
    assert len(choice.passed_over) == 1
    assert (zones.option, zones.move) == (Option(A100, zone="2"), Move.GO)


def test_a_cluster_takes_no_more_agent_pools_than_it_may() -> None:
    full = AksStanding("Running", "Succeeded", most_pools=3)
    others = [observed_pool(f"other{each}", owner=None) for each in range(2)]
    asking = [way(f"w{each}", name=named(each)) for each in range(2)]

    made = provisions(asking, seen(*others, aks=full))

    assert made.choices[named(0)].move is Move.GO
    assert "3 agent pools and may have no more than 3" in made.choices[named(1)].because
    assert made.choices[named(1)].needs_a_person


def test_a_pool_on_its_way_out_makes_room_for_another() -> None:
    full = AksStanding("Running", "Succeeded", most_pools=1)
    for leaving in (
        observed_pool("wold", state="Deleting", owner=named(1)),
        observed_pool("wold", owner=named(1)),
    ):
        observed = seen(leaving, aks=full)
        choice = provisions([way()], observed, standing=(named(1),)).choices[NAME]
        assert (choice.move, choice.needs_a_person) == (Move.WAIT, False)


def test_quota_that_is_given_back_is_waited_for_without_a_person() -> None:
    leaving = observed_pool("wold", state="Deleting", owner=named(1))

    choice = chosen(way(), seen(leaving, market=market(left=0)))

    assert (choice.move, choice.needs_a_person) == (Move.WAIT, False)
    assert "give back vCPUs" in choice.because


def test_a_move_that_needs_room_for_both_names_the_way_out() -> None:
    former = observed_pool("wold")

    choice = asked(market(left=23), way(), former)

    assert choice.setback is not None
    assert "ask for 1 more vCPUs" in choice.setback.next_step
    assert "replaceNodes: delete-first" in choice.setback.next_step
    assert "delete-first" not in (asked(market(left=23)).setback or choice.setback).next_step


def test_nodes_that_are_given_back_first_are_waited_for() -> None:
    fleet = {"provisioning": {"replaceNodes": "delete-first"}}

    going = chosen(way(), seen(observed_pool("wold"), market=market(left=0)), **fleet)
    gone = chosen(way(), seen(market=market(left=24)), **fleet)
    failed_one = chosen(way(), seen(observed_pool("wold", state="Failed")), **fleet)

    assert (going.move, going.needs_a_person) == (Move.WAIT, False)
    assert "wold is given back first" in going.because
    assert (gone.move, failed_one.move) == (Move.GO, Move.GO)


def test_a_size_that_is_closed_leaves_a_failed_pool_as_it_is() -> None:
    pool = observed_pool("wa", state="Failed")
    shut = offered(closed="NotAvailableForSubscription")

    choice = chosen(way(), seen(pool, market=shut), book(wa=failed(INTERNAL)))

    assert choice.move is Move.WAIT


def test_nodes_that_serve_are_kept_though_there_is_no_quota_for_more() -> None:
    asked_for = ways(way(nodes=2), way("wb", spot=True, nodes=2))
    known = replace(market(left=0), usages=with_usage("lowprioritycores", 48).usages)
    short = replace(known, usages={**(known.usages or {}), "cores": Usage("cores", 0, 0)})

    choice = asked(short, asked_for, observed_pool("wa"))

    assert (choice.option, choice.move, choice.needs_a_person) == (Option(A100), Move.WAIT, True)


def test_quota_that_is_given_back_is_waited_for_though_another_way_needs_a_person() -> None:
    leaving = observed_pool("wold", state="Deleting", owner=named(1))
    worn = failed(INTERNAL, tries=12, option=Option(H100))

    choice = chosen(
        ways(way("wb", H100), way()), seen(leaving, market=market(left=0, offerings=None)), book(wb=worn)
    )

    assert (choice.option, choice.move, choice.needs_a_person) == (Option(A100), Move.WAIT, False)
    assert choice.passed_over[0].startswith(H100)
