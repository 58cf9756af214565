"""From what is seen to what is asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import Option
from reconciler.domain.config import Config
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Owned
from reconciler.domain.plan import Action, Plan, Step
from reconciler.domain.provisioning import Move, NodeChoice, Orphan, Spending
from reconciler.domain.state import DesiredPool, ObservedObject
from reconciler.planner.decide.diff import Policy, diff
from reconciler.planner.decide.guard import absences, approval_needed
from reconciler.planner.provision.choosing import Provisions
from tests.builders import (
    A100,
    NAME,
    config,
    desired_object,
    desired_pool,
    desired_state,
    desired_workspace,
    ground,
    observed_node,
    observed_object,
    observed_pool,
    observed_state,
    stateful_set,
)

H100 = "Standard_NC40ads_H100_v5"
OTHER = WorkspaceName("default", "other")


def policy(cfg: Any = None, gone: Any = None) -> Policy:
    asked = cfg or config(NAME)
    return Policy(asked, gone or {}, Provisions(desired_state(), {}), ground(asked))


def chosen(move: Move, because: str = "", **more: Any) -> Policy:
    """The policy where that move was chosen for the workspace."""
    choice = NodeChoice(Option(A100), move, because, **more)
    return replace(policy(), provisions=Provisions(desired_state(), {NAME: choice}))


def tags_of(step: Step) -> dict[str, str]:
    assert isinstance(step.desired, DesiredPool)
    tags: dict[str, str] = json.loads(step.desired.body)["properties"]["tags"]
    return tags


def actions(plan: Plan) -> list[tuple[str, str]]:
    return [(step.action.value, step.target.kind) for step in plan.steps]


def test_what_is_not_there_is_created_pool_before_workload() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set()), pool=desired_pool()))

    plan = diff(desired, observed_state(), {}, policy())

    assert actions(plan) == [("create", "AgentPool"), ("create", "StatefulSet")]
    change = plan.changes[0]
    assert (change.action, change.nodes_before, change.nodes_after) == (Action.CREATE, 0, 1)
    assert (change.dollars_per_hour_before, change.dollars_per_hour_after) == (0, 3.67)


def test_an_unchanged_world_has_an_empty_plan() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set()), pool=desired_pool()))
    observed = observed_state(observed_object(stateful_set()), pools=(observed_pool(),))

    plan = diff(desired, observed, {}, policy())

    assert plan.steps == ()
    assert not plan.has_changes
    assert plan.kept == 1


def test_the_memo_never_hides_a_change() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set()), pool=desired_pool()))
    rules = policy()
    diff(desired, observed_state(observed_object(stateful_set()), pools=(observed_pool(),)), {}, rules)

    edited = observed_object(stateful_set(replicas=5), resource_version="2", digest=None)
    plan = diff(desired, observed_state(edited, pools=(observed_pool(count=3),)), {}, rules)

    assert actions(plan) == [("update", "AgentPool"), ("update", "StatefulSet")]
    assert plan.steps[1].fields == ("spec.replicas",)


def test_a_field_given_up_is_an_update_even_though_nothing_differs() -> None:
    live = observed_object({**stateful_set(), "extra": 1}, digest="of another body")

    plan = diff(
        desired_state(desired_workspace(desired_object(stateful_set()))), observed_state(live), {}, policy()
    )

    assert plan.steps[0].action is Action.UPDATE
    assert plan.steps[0].because == "fields of ours were given up"


def test_an_immutable_field_is_a_replace_of_that_very_object() -> None:
    live = observed_object(stateful_set(serviceName="other"))

    plan = diff(
        desired_state(desired_workspace(desired_object(stateful_set()))), observed_state(live), {}, policy()
    )

    assert plan.steps[0].action is Action.REPLACE
    assert plan.steps[0].uid == "uid-1"
    assert "spec.serviceName" in plan.steps[0].because


def test_what_came_out_of_its_making_otherwise_is_not_made_anew() -> None:
    wanted = desired_object(stateful_set())
    live = observed_object(stateful_set(serviceName="hooked"), digest=wanted.digest)
    ours = {NAME: Holding("c0ffee1", "workspaces/phi.yaml", "d1", (Owned(live.ref, live.uid),))}
    others = {NAME: Holding("c0ffee1", "workspaces/phi.yaml", "d1", (Owned(live.ref, "uid-0"),))}

    kept, anew = (
        diff(desired_state(desired_workspace(wanted)), observed_state(live), held, policy())
        for held in (ours, others)
    )

    assert [step.action for step in kept.steps] == [Action.KEEP]
    assert kept.steps[0].fields == ("spec.serviceName",)
    assert not kept.has_changes
    assert [step.action for step in anew.steps] == [Action.REPLACE]


def test_another_vm_size_is_a_new_pool_and_the_workload_waits_on_the_old_one() -> None:
    wanted = desired_workspace(desired_object(stateful_set(image="i2")), pool=desired_pool("wnew", H100))
    observed = observed_state(observed_object(stateful_set()), pools=(observed_pool("wold"),))

    plan = diff(desired_state(wanted), observed, {}, policy())

    assert [(step.action.value, step.target.name) for step in plan.steps] == [
        ("create", "wnew"),
        ("hold", "wold"),
        ("hold", "phi"),
    ]
    assert plan.changes[0].action is Action.REPLACE


def test_the_old_pool_goes_when_the_new_ones_nodes_are_ready() -> None:
    wanted = desired_workspace(desired_object(stateful_set(image="i2")), pool=desired_pool("wnew", H100))
    pools = (observed_pool("wold"), observed_pool("wnew", H100))
    seen = observed_state(observed_object(stateful_set()), pools=pools)

    waiting = diff(desired_state(wanted), seen, {}, policy())
    plan = diff(desired_state(wanted), replace(seen, nodes=(observed_node("wnew"),)), {}, policy())

    assert {step.action for step in waiting.steps} == {Action.HOLD}

    assert [(step.action.value, step.target.name) for step in plan.steps] == [
        ("update", "phi"),
        ("prune", "wold"),
    ]


def test_azure_may_echo_another_casing_and_fill_in_what_we_left_out() -> None:
    observed = observed_state(pools=(observed_pool(size=A100.lower()),))

    assert diff(desired_state(desired_workspace(pool=desired_pool())), observed, {}, policy()).steps == ()


def test_a_pool_of_that_name_that_is_not_ours_is_left_alone() -> None:
    observed = observed_state(pools=(observed_pool(owner=None),))

    plan = diff(desired_state(desired_workspace(pool=desired_pool())), observed, {}, policy())

    assert [step.action for step in plan.steps] == [Action.HOLD]


@pytest.mark.parametrize(
    ("move", "action"),
    [(Move.WAIT, "hold"), (Move.AGAIN, "update"), (Move.ANEW, "replace"), (Move.ABORT, "abort")],
)
def test_what_was_chosen_for_a_failed_pool_is_the_step(move: Move, action: str) -> None:
    observed = observed_state(pools=(observed_pool(state="Failed", etag="e1"),))

    plan = diff(
        desired_state(desired_workspace(pool=desired_pool())), observed, {}, chosen(move, "Azure says no")
    )

    assert [(step.action, step.because) for step in plan.steps] == [(action, "Azure says no")]
    assert plan.has_changes is (move is not Move.WAIT)


def test_a_pool_that_azure_works_on_is_left_to_it() -> None:
    observed = observed_state(pools=(observed_pool(state="Creating"),))

    plan = diff(desired_state(desired_workspace(pool=desired_pool())), observed, {}, chosen(Move.GO))

    assert plan.steps == ()


def test_a_new_pool_carries_the_moment_it_was_asked_for_and_its_plan_does_not() -> None:
    desired = desired_state(desired_workspace(pool=desired_pool()))
    first, second = (
        diff(desired, observed_state(), {}, replace(policy(), ground=ground(now=now)))
        for now in ("2026-11-22T12:00:00Z", "2026-11-22T13:00:00Z")
    )

    tags = [tags_of(plan.steps[0]) for plan in (first, second)]
    assert tags == [
        {"towline-created": "2026-11-22T12:00:00Z"},
        {"towline-created": "2026-11-22T13:00:00Z"},
    ]
    assert first.hash == second.hash


def test_an_update_keeps_what_others_set_on_the_pool() -> None:
    theirs = {
        "tags": {"owner": "ann", "towline-created": "2026-11-01T00:00:00Z"},
        "maxPods": 50,
        "status": {},
    }
    seen = observed_pool(count=3)
    observed = observed_state(pools=(replace(seen, properties={**seen.properties, **theirs}),))

    (step,) = diff(desired_state(desired_workspace(pool=desired_pool())), observed, {}, policy()).steps

    assert (step.action, step.fields) == (Action.UPDATE, ("count",))
    assert isinstance(step.desired, DesiredPool)
    assert json.loads(step.desired.body)["properties"] == {
        "vmSize": A100, "count": 1, "osType": "Linux", "maxPods": 50, "tags": theirs["tags"]
    }  # fmt: skip


def test_what_azure_cannot_change_and_nobody_chose_is_left_as_it_was_made() -> None:
    pool = desired_pool()
    body = {"properties": {**json.loads(pool.body)["properties"], "osDiskSizeGB": 300}}
    wanted = replace(pool, body=json.dumps(body).encode())
    seen = observed_pool()
    observed = observed_state(pools=(replace(seen, properties={**seen.properties, "osDiskSizeGB": 128}),))

    assert diff(desired_state(desired_workspace(pool=wanted)), observed, {}, policy()).steps == ()


def test_a_former_pool_that_azure_could_not_make_goes_at_once() -> None:
    wanted = desired_workspace(pool=desired_pool("wnew", H100))
    observed = observed_state(pools=(observed_pool("wold", state="Failed"),))

    plan = diff(desired_state(wanted), observed, {}, policy())

    assert [(step.action, step.target.name) for step in plan.steps] == [("create", "wnew"), ("prune", "wold")]


def test_a_former_pool_with_a_ready_node_serves_on_though_azure_calls_it_failed() -> None:
    wanted = desired_workspace(pool=desired_pool("wnew", H100))
    seen = observed_state(pools=(observed_pool("wold", state="Failed"),))

    plan = diff(desired_state(wanted), replace(seen, nodes=(observed_node("wold"),)), {}, policy())

    assert [(step.action, step.target.name) for step in plan.steps] == [("create", "wnew"), ("hold", "wold")]


def test_nodes_are_given_back_first_where_the_fleet_says_so() -> None:
    wanted = desired_workspace(pool=desired_pool("wnew", H100))
    asked = config(NAME, provisioning={"replaceNodes": "delete-first"})

    plan = diff(desired_state(wanted), observed_state(pools=(observed_pool("wold"),)), {}, policy(asked))

    assert [(step.action, step.target.name) for step in plan.steps] == [("create", "wnew"), ("prune", "wold")]


def test_another_fleets_pool_for_a_workspace_of_the_same_name_is_not_ours() -> None:
    wanted = desired_workspace(pool=desired_pool("wnew"))
    observed = observed_state(pools=(observed_pool("wold", fleet="another"),))

    plan = diff(desired_state(wanted), observed, {}, policy())

    assert [(step.action, step.target.name) for step in plan.steps] == [("create", "wnew")]


@pytest.mark.parametrize(("hold", "actions_"), [("not before 12:30 UTC", []), ("", ["prune"])])
def test_a_pool_nobody_asks_for_goes_when_nothing_speaks_for_waiting(hold: str, actions_: list[str]) -> None:
    orphan = Orphan("wlost", "default/lost", A100, 1, "t", "t", Spending(None, "t", "t"), None, hold)
    rules = replace(policy(), provisions=Provisions(desired_state(), {}, (orphan,)))
    observed = observed_state(pools=(observed_pool("wlost", owner=WorkspaceName("default", "lost")),))

    assert [step.action for step in diff(desired_state(), observed, {}, rules).steps] == actions_


def test_a_cloud_that_cannot_be_seen_holds_pools_and_nothing_else() -> None:
    wanted = desired_workspace(desired_object(stateful_set()), pool=desired_pool())

    plan = diff(desired_state(wanted), observed_state(cloud=False), {}, policy())

    assert actions(plan) == [("hold", "AgentPool"), ("create", "StatefulSet")]


def holding(*uids: str, commit: str = "c0ffee0") -> Holding:
    ref = Ref("apps/v1", "StatefulSet", "default", "phi")
    return Holding(commit, "workspaces/phi.yaml", "d1", tuple(Owned(ref, uid) for uid in uids))


def removal(cfg: Any, *, descends: bool = True, uid: str = "uid-1") -> Plan:
    inventory = {NAME: holding(uid)}
    gone = absences(cfg, inventory, lambda _new, _old: descends)
    observed = observed_state(observed_object(stateful_set()), pools=(observed_pool(),))
    return diff(desired_state(), observed, inventory, policy(cfg, gone))


def test_a_workspace_removed_from_git_is_pruned_with_its_pool() -> None:
    plan = removal(config(OTHER))

    assert actions(plan) == [("prune", "StatefulSet"), ("prune", "AgentPool")]
    assert plan.changes[0].action is Action.PRUNE


def test_what_azure_is_busy_with_for_too_long_is_stopped_to_be_removed() -> None:
    held = {NAME: Holding("c0ffee1", "workspaces/phi.yaml", "d1", ())}
    gone = config(OTHER)
    late = Provisions(desired_state(), {}, overdue=frozenset({"wabc"}))
    rules = replace(policy(gone, absences(gone, held, lambda *_: True)), provisions=late)
    observed = observed_state(
        pools=(observed_pool(state="Creating"), observed_pool("wuntagged", is_tagged=False))
    )

    plan = diff(desired_state(), observed, held, rules)

    assert [(step.action, step.target.name) for step in plan.steps] == [(Action.ABORT, "wabc")]


def test_an_unreadable_file_prunes_nothing() -> None:
    plan = removal(config(OTHER, unread=("workspaces/a.yaml",)))

    assert {step.action for step in plan.steps} == {Action.HOLD}
    assert "workspaces/a.yaml could not be read" in plan.steps[0].because


def test_a_commit_that_declares_no_workspace_at_all_prunes_nothing() -> None:
    plan = removal(config())

    assert {step.action for step in plan.steps} == {Action.HOLD}
    assert "no workspace at all" in plan.steps[0].because


@pytest.mark.parametrize(("cfg", "descends"), [(config(), True), (config(OTHER), False)])
def test_what_lay_beside_the_workspaces_is_as_safe_as_they_are(cfg: Config, descends: bool) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}
    live = observed_object(document)
    inventory = {WorkspaceName("default", ""): Holding("c0ffee0", "", "", (Owned(live.ref, live.uid),))}

    gone = absences(cfg, inventory, lambda _new, _old: descends)
    held = diff(desired_state(), observed_state(live), inventory, policy(cfg, gone))
    well_formed = absences(config(OTHER), inventory, lambda _new, _old: True)
    let_go = diff(desired_state(), observed_state(live), inventory, policy(config(OTHER), well_formed))

    assert [step.action for step in held.steps] == [Action.HOLD]
    assert [step.action for step in let_go.steps] == [Action.PRUNE]


def test_a_rewritten_branch_prunes_nothing() -> None:
    plan = removal(config(OTHER), descends=False)

    assert {step.action for step in plan.steps} == {Action.HOLD}
    assert "rewritten" in plan.steps[0].because


def test_an_object_with_another_uid_is_somebody_elses() -> None:
    plan = removal(config(OTHER), uid="uid-of-before")

    assert actions(plan) == [("prune", "AgentPool")]


def many_removed(count: int, beside: ObservedObject | None = None, **fleet: Any) -> Plan:
    names = [WorkspaceName("default", f"w{number}") for number in range(count)]
    inventory, objects = {}, []
    for name in names:
        document = stateful_set(name.name)
        live = observed_object(document, uid=f"uid-{name.name}")
        objects.append(live)
        inventory[name] = Holding("c0ffee0", "f", "d1", (Owned(live.ref, live.uid),))
    if beside:
        objects.append(beside)
        owned = (Owned(beside.ref, beside.uid),)
        inventory[WorkspaceName(beside.ref.namespace, "")] = Holding("c0ffee0", "", "", owned)
    cfg = config(NAME, **fleet)
    gone = absences(cfg, inventory, lambda _new, _old: True)
    return diff(desired_state(), observed_state(*objects), inventory, policy(cfg, gone))


def test_more_removals_than_the_fleet_allows_wait_for_approval_by_hash() -> None:
    held = many_removed(4)

    assert {step.action for step in held.steps} == {Action.HOLD}
    approval = held.steps[0].because.split("add ")[1].split(" ")[0]
    approved = many_removed(4, approved=(approval,))
    assert {step.action for step in approved.steps} == {Action.PRUNE}


def test_an_approval_of_other_removals_is_worth_nothing() -> None:
    approval = many_removed(4).steps[0].because.split("add ")[1].split(" ")[0]

    assert {step.action for step in many_removed(5, approved=(approval,)).steps} == {Action.HOLD}


def test_as_many_as_allowed_go_without_asking() -> None:
    assert {step.action for step in many_removed(3).steps} == {Action.PRUNE}


def test_what_the_leaving_may_have_mounted_waits_with_them_and_the_approval_lasts() -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}
    beside = observed_object(document)
    held = many_removed(4, beside=beside)

    assert {step.action for step in held.steps} == {Action.HOLD}
    assert "default/w0 may still use it" in next(s.because for s in held.steps if s.target == beside.ref)
    approval = held.steps[0].because.split("add ")[1].split(" ")[0]
    assert approval == approval_needed(held.steps)
    approved = many_removed(4, beside=beside, approved=(approval,))
    assert {step.action for step in approved.steps} == {Action.PRUNE}


def test_an_approval_names_what_is_held_and_not_what_goes_anyway() -> None:
    elsewhere = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "team-a"}}
    held = many_removed(4, beside=observed_object(elsewhere))

    assert (Action.PRUNE, "ConfigMap") in [(step.action, step.target.kind) for step in held.steps]
    assert approval_needed(held.steps) == approval_needed(many_removed(4).steps)
    waiting = [step for step in held.steps if step.action is Action.HOLD]
    assert all(approval_needed(held.steps) in step.because for step in waiting)
