"""Which way is taken: the one that stands, else the first that is open, else what there is to wait for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import AksStanding, CapacityType, CloudError, Option
from reconciler.domain.config import Config
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Logbook
from reconciler.domain.moment import later
from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.state import (
    DesiredWorkspace,
    ObservedObject,
    ObservedPool,
    ObservedState,
)
from reconciler.domain.workspace import Workspace
from reconciler.planner.provision.choosing import provision, wants_market
from tests.builders import (
    A100,
    NAME,
    NOW,
    config,
    declared,
    desired_state,
    desired_workspace,
    ground,
    manifest,
    observed_node,
    observed_object,
    observed_pool,
)
from tests.planner.provision.asking_nodes import (
    DRIVER,
    H100,
    INTERNAL,
    NO_CAPACITY,
    QUOTA,
    ago,
    book,
    chosen,
    failed,
    provisions,
    refusal,
    seen,
    tried,
    way,
    ways,
)

BOTH = ways(way(), way("wb", H100))
THREE = ways(way(zone="1"), way("wb", zone="2"), way("wc", H100))
OWN = Option("", CapacityType.OWN)


def first_of(*pools: ObservedPool, logbook: Logbook | None = None, **more: Any) -> NodeChoice:
    return chosen(BOTH, seen(*pools, **more), logbook)


def test_the_way_liked_best_is_taken_when_nothing_speaks_against_it() -> None:
    choice = first_of()

    assert (choice.option, choice.move, choice.because, choice.passed_over) == (Option(A100), Move.GO, "", ())
    assert (choice.tries, choice.most_tries) == (0, 12)


def test_the_workspace_becomes_what_the_way_makes_of_it() -> None:
    found = Finding("w.yaml", 1, 1, "f", "m", "d", Severity.WARNING)
    asked = replace(BOTH, findings=(found,))

    made = provisions([asked], seen(), book(refusal()))

    workspace = made.desired.workspaces[NAME]
    assert (workspace.instance_type, workspace.pool and workspace.pool.name) == (H100, "wb")
    assert workspace.findings == (found,)


def test_what_azure_has_none_of_is_passed_over_and_told_until_when() -> None:
    choice = chosen(THREE, seen(), book(refusal(zone="1", minutes=60), refusal(zone="2", minutes=600)))

    assert choice.option == Option(H100)
    assert choice.passed_over == (
        f"no capacity for {A100} in zone 1 until 13:00 UTC",
        f"no capacity for {A100} in zone 2 until 22:00 UTC",
    )
    assert choice.because == choice.passed_over[0]


@pytest.mark.parametrize("state", ["Succeeded", "Creating", "Updating", "Scaling"])
def test_what_stands_is_kept_though_a_better_way_is_open(state: str) -> None:
    choice = first_of(observed_pool("wb", H100, state))

    assert (choice.option, choice.move) == (Option(H100), Move.GO)


def test_what_stands_is_kept_though_its_size_has_run_out_for_others() -> None:
    choice = first_of(observed_pool("wa"), logbook=book(refusal()))

    assert choice.option == Option(A100)


def test_what_stands_still_tells_why_the_better_way_was_not_taken() -> None:
    pool = observed_pool("wb", H100)

    shut = first_of(pool, logbook=book(refusal()))
    tried_in_vain = first_of(pool, logbook=book(wa=failed(QUOTA)))

    assert shut.passed_over == (f"no capacity for {A100} until 13:00 UTC",)
    assert "quota" in tried_in_vain.passed_over[0]


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (NO_CAPACITY, {"again": later(NOW, 60)}),
        (QUOTA, {"again": later(NOW, 60)}),
        (DRIVER, {"recreations": 2}),
        (INTERNAL, {"failures": 12, "recreations": 2}),
        (INTERNAL, {"tries": 12}),
    ],
)
def test_a_pool_that_failed_for_good_gives_way_to_the_next(error: CloudError, fields: dict[str, Any]) -> None:
    choice = first_of(observed_pool("wa", state="Failed"), logbook=book(wa=failed(error, **fields)))

    assert (choice.option, choice.move) == (Option(H100), Move.GO)
    assert choice.passed_over


@pytest.mark.parametrize(
    ("error", "fields", "move"),
    [
        (INTERNAL, {"again": later(NOW, 60)}, Move.WAIT),
        (INTERNAL, {"failures": 2}, Move.AGAIN),
        (INTERNAL, {"failures": 3}, Move.ANEW),
        (DRIVER, {"again": later(NOW, 60)}, Move.WAIT),
        (DRIVER, {}, Move.ANEW),
    ],
)
def test_a_pool_that_may_be_mended_is_kept_to(error: CloudError, fields: dict[str, Any], move: Move) -> None:
    choice = first_of(observed_pool("wa", state="Failed"), logbook=book(wa=failed(error, **fields)))

    assert (choice.option, choice.move) == (Option(A100), move)


def test_a_moment_in_which_azure_is_busy_takes_no_other_machine() -> None:
    busy = first_of(logbook=book(wa=tried(again=later(NOW, 60))))
    blip = first_of(logbook=book(wa=failed(INTERNAL, later(NOW, 60))))
    often = first_of(logbook=book(wa=failed(INTERNAL, later(NOW, 60), failures=3)))

    assert [(each.option, each.move) for each in (busy, blip, often)] == [
        (Option(A100), Move.WAIT),
        (Option(A100), Move.WAIT),
        (Option(H100), Move.GO),
    ]
    assert not busy.needs_a_person
    assert busy.until == later(NOW, 60)


def test_a_pool_on_its_way_out_does_not_hold_the_one_that_takes_its_place() -> None:
    choice = first_of(observed_pool("wa", state="Deleting"), observed_pool("wb", H100, "Creating"))

    assert (choice.option, choice.move) == (Option(H100), Move.GO)


def test_of_two_that_stand_the_one_that_serves_is_kept() -> None:
    pools = observed_pool("wa"), observed_pool("wb", H100)

    assert first_of(*pools, nodes=[observed_node("wb")]).option == Option(H100)
    assert first_of(*pools).option == Option(A100)


def test_nothing_open_waits_for_the_way_liked_best_until_the_first_opens() -> None:
    logbook = book(refusal(minutes=90), refusal(H100, minutes=30))

    choice = chosen(BOTH, seen(), logbook)

    assert (choice.option, choice.move, choice.until) == (Option(A100), Move.WAIT, later(NOW, 1800))
    assert choice.passed_over == (f"no capacity for {H100} until 12:30 UTC",)
    assert not choice.needs_a_person


def test_a_wait_without_an_end_needs_a_person_and_tells_what_azure_said() -> None:
    worn = {"tries": 12, "failures": 12}

    choice = chosen(BOTH, seen(), book(wa=failed(INTERNAL, **worn), wb=failed(QUOTA, **worn)))

    assert (choice.move, choice.until, choice.needs_a_person) == (Move.WAIT, "", True)
    assert choice.setback is not None
    assert choice.setback.code == "ErrCode_InsufficientVCPUQuota"


def test_the_tries_are_counted_for_each_way_by_itself() -> None:
    choice = chosen(BOTH, seen(), book(wa=failed(INTERNAL, tries=12)))

    assert (choice.option, choice.tries) == (Option(H100), 0)


def test_a_fleet_may_try_less_often() -> None:
    logbook = book(wa=failed(INTERNAL, tries=3))

    assert chosen(way(), seen(), logbook, provisioning={"maxTries": 3}).needs_a_person
    assert chosen(way(), seen(), logbook, provisioning={"maxTries": 4}).move is Move.GO


@pytest.mark.parametrize("blind", [True, False], ids=["no cloud", "cluster starting"])
def test_what_cannot_be_seen_or_changed_stays_where_it_is(blind: bool) -> None:
    node = observed_node("wb")
    observed = ObservedState({}, {}, (node,), None) if blind else seen(
        observed_pool("wb", H100), aks=AksStanding("Running", "Starting")
    )  # fmt: skip

    made = provisions([BOTH], observed)

    choice = made.choices[NAME]
    assert (choice.option, choice.move, choice.needs_a_person) == (Option(H100), Move.WAIT, False)
    assert made.desired.workspaces[NAME].instance_type == H100


def test_where_no_node_tells_the_logbook_does() -> None:
    attempts = {"wa": tried(begun=ago(90)), "wb": tried(option=Option(H100), begun=ago(30))}

    choice = chosen(BOTH, ObservedState({}, {}, (), None), book(**attempts))

    assert choice.option == Option(H100)


def test_a_workspace_without_an_agent_pool_has_nothing_to_choose() -> None:
    asked = desired_workspace()

    made = provisions([asked], seen())

    assert made.choices == {}
    assert made.desired.workspaces[NAME] is asked


def test_a_way_that_stands_leaves_the_workspace_the_very_value_it_was() -> None:
    asked = way()

    assert provisions([asked], seen(observed_pool("wa"))).desired.workspaces[NAME] is asked


# nodes that a person names


def own_ground(*names: str) -> Config:
    document = manifest()
    document["resource"]["preferredNodes"] = names
    return replace(
        config(NAME), workspaces={NAME: replace(declared(), manifest=Workspace.model_validate(document))}
    )


def own_node(name: str, *, ready: bool = True, gpus: int = 1, label: str = "phi") -> ObservedObject:
    document = observed_node("x", gpus, ready=ready).document
    document["metadata"] = {"name": name, "labels": {"apps": label}}
    return observed_object(document)


def pod_on(node: str, phase: str = "Running") -> ObservedObject:
    metadata = {"name": "phi-0", "namespace": "default"}
    return observed_object(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {"nodeName": node},
            "status": {"phase": phase},
        }
    )


def own_choice(
    *nodes: ObservedObject, pods: tuple[ObservedObject, ...] = (), pools: tuple[ObservedPool, ...] = ()
) -> NodeChoice:
    own = replace(way(), pool=None, option=OWN)
    asked = desired_state(ways(own, way()))
    observed = replace(seen(*pools, nodes=nodes), pods={NAME: pods})
    return provision(asked, observed, Logbook(), ground(own_ground("n1", "n2"))).choices[NAME]


@pytest.mark.parametrize(
    "nodes",
    [
        (),
        (own_node("n1", ready=False),),
        (own_node("n1", gpus=0),),
        (own_node("n1", label="other"),),
        (own_node("n9"),),
    ],
)
def test_named_nodes_that_cannot_carry_it_are_passed_over(nodes: tuple[ObservedObject, ...]) -> None:
    choice = own_choice(*nodes)

    assert (choice.option, choice.move) == (Option(A100), Move.GO)
    assert "0 of the nodes named are Ready" in choice.passed_over[0]


def test_named_nodes_that_are_ready_are_taken_and_nothing_is_bought() -> None:
    assert (own_choice(own_node("n1")).option, own_choice(own_node("n1")).move) == (OWN, Move.GO)


@pytest.mark.parametrize(("phase", "option"), [("Running", OWN), ("Failed", Option(A100))])
def test_named_nodes_are_kept_while_the_pods_run_there(phase: str, option: Option) -> None:
    assert own_choice(own_node("n1", ready=False), pods=(pod_on("n1", phase),)).option == option


def test_a_pool_that_stands_is_not_left_for_named_nodes() -> None:
    assert own_choice(own_node("n1"), pools=(observed_pool("wa"),)).option == Option(A100)


# whether the market matters


@pytest.mark.parametrize(
    ("workspace", "observed", "wants"),
    [
        (way(), seen(), True),
        (way(), seen(observed_pool("wa")), False),
        (way(), seen(observed_pool("wa", state="Creating")), False),
        (way(), seen(observed_pool("wa", state="Failed")), True),
        (way(), seen(observed_pool("wa", state="Deleting")), True),
        (way(nodes=2), seen(observed_pool("wa")), True),
        (way(), seen(observed_pool("wa", owner=None)), True),
        (BOTH, seen(observed_pool("wb")), False),
        (BOTH, seen(observed_pool("wa", state="Failed"), observed_pool("wb")), False),
        (way(), seen(aks=AksStanding("Stopped", "Succeeded")), False),
        (way(), ObservedState({}, {}, (), None), False),
        (desired_workspace(), seen(), False),
    ],
)
def test_the_market_is_looked_at_only_where_something_is_to_be_made(
    workspace: DesiredWorkspace, observed: ObservedState, wants: bool
) -> None:
    assert wants_market(desired_state(workspace), observed) is wants


def test_the_market_does_not_matter_to_who_runs_on_named_nodes() -> None:
    own = ways(replace(way(), pool=None, option=OWN), way())

    running = replace(seen(), pods={NAME: (pod_on("n1"),)})

    assert not wants_market(desired_state(own), running)
    assert wants_market(desired_state(own), seen())


def test_ten_thousand_workspaces_without_agent_pools_are_not_looked_at_one_by_one() -> None:
    names = [WorkspaceName("default", f"w{each}") for each in range(10_000)]
    asked = desired_state(*(desired_workspace(name=name) for name in names))
    observed, revision = seen(), config()

    made = provision(asked, observed, Logbook(), ground(revision))

    assert made.choices == {}
    assert all(made.desired.workspaces[name] is asked.workspaces[name] for name in names)
