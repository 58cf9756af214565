"""What is ours is written down in the cluster and read back the same."""

from __future__ import annotations

import pytest

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Owned
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.planner.decide.inventory import inventory_objects, is_inventory, read_inventory
from reconciler.planner.decide.ledger import all_owned, inventory_after, inventory_begun
from tests.builders import (
    NAME,
    config,
    desired_object,
    desired_state,
    desired_workspace,
    observed_object,
    observed_pool,
    observed_state,
    stateful_set,
)

STATEFUL_SET = Ref("apps/v1", "StatefulSet", "default", "phi")


def holding(uid: str = "uid-1", digest: str = "d1", commit: str = "c1") -> Holding:
    return Holding(commit, "workspaces/phi.yaml", digest, (Owned(STATEFUL_SET, uid),))


def made(uid: str = "uid-1") -> tuple[Outcome, ...]:
    desired = desired_object(stateful_set())
    return (Outcome(Step(Action.CREATE, desired.ref, NAME, "", desired), done=True, uid=uid),)


@pytest.mark.parametrize("count", [1, 200, 201, 2000])
def test_an_inventory_of_any_size_comes_back_as_it_went(count: int) -> None:
    inventory = {WorkspaceName("default", f"w{number}"): holding() for number in range(count)}

    objects = inventory_objects(inventory, "towline")

    assert read_inventory(observed_object(each.document) for each in objects) == inventory
    assert all(is_inventory(each.ref, "towline") and len(each.body) < 1_000_000 for each in objects)


def test_an_entry_nobody_can_read_is_as_good_as_lost() -> None:
    document = inventory_objects({NAME: holding()}, "towline")[0].document
    document["data"] |= {
        "default.b": "{",
        "default.c": "[1, 2, 3, 4]",
        "default.d": '["c", "f", "d", [["x"]]]',
    }

    found = read_inventory([observed_object(document)])

    assert found == {NAME: holding(), WorkspaceName("default", "d"): Holding("c", "f", "d", ())}


def test_what_was_made_is_ours_with_its_uid_and_commit() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set())))

    assert inventory_after({}, desired, observed_state(), made(), "c1") == {NAME: holding()}


def test_what_is_to_be_made_is_named_before_it_is() -> None:
    (create,) = [outcome.step for outcome in made()]

    begun = inventory_begun({}, [create], config(NAME))
    again = inventory_begun({NAME: holding(uid="uid-0")}, [create], config(NAME))

    assert begun == {NAME: Holding("c0ffee1", "workspaces/phi.yaml", "", (Owned(STATEFUL_SET, ""),))}
    assert again[NAME].owned == (Owned(STATEFUL_SET, "uid-0"), Owned(STATEFUL_SET, ""))
    assert again[NAME].commit == "c1"


def test_who_was_killed_in_the_making_is_found_by_its_name() -> None:
    begun = Holding("c1", "workspaces/phi.yaml", "", (Owned(STATEFUL_SET, ""),))
    ours = observed_object(stateful_set(), digest="d", uid="uid-7")
    theirs = observed_object(stateful_set(), digest="", uid="uid-7")

    assert all_owned(begun, observed_state(ours)) == (Owned(STATEFUL_SET, "uid-7"),)
    assert all_owned(begun, observed_state(theirs)) == ()
    assert all_owned(begun, observed_state()) == ()


def test_whoever_was_begun_is_finished_by_looking() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set())))
    begun = {NAME: Holding("c1", "workspaces/phi.yaml", "", (Owned(STATEFUL_SET, ""),))}

    after = inventory_after(begun, desired, observed_state(observed_object(stateful_set())), (), "c2")

    assert after == {NAME: holding(commit="c2")}


def test_of_what_was_begun_and_removed_from_git_all_that_was_made_is_held_until_it_is_gone() -> None:
    begun = {NAME: Holding("c1", "workspaces/phi.yaml", "", (Owned(STATEFUL_SET, ""),))}
    live = observed_object(stateful_set())

    assert inventory_after(begun, desired_state(), observed_state(live), (), "c2") == {
        NAME: holding(digest="")
    }
    assert inventory_after(begun, desired_state(), observed_state(), (), "c2") == {}


def test_an_unchanged_holding_stays_the_very_same_value() -> None:
    before = {NAME: holding()}
    desired = desired_state(desired_workspace(desired_object(stateful_set())))

    after = inventory_after(before, desired, observed_state(observed_object(stateful_set())), (), "c2")

    assert after[NAME] is before[NAME]


def test_the_commit_is_the_one_that_last_changed_the_wish() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set()), digest="d2"))

    after = inventory_after(
        {NAME: holding()}, desired, observed_state(observed_object(stateful_set())), made(), "c2"
    )

    assert after[NAME] == holding(digest="d2", commit="c2")


def test_a_lost_inventory_is_found_again_by_looking() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set())))

    after = inventory_after({}, desired, observed_state(observed_object(stateful_set())), (), "c1")

    assert after == {NAME: holding()}


def test_a_survivor_of_a_prune_stays_until_it_is_seen_to_be_gone() -> None:
    live = observed_object(stateful_set())
    failed = (Outcome(Step(Action.PRUNE, live.ref, NAME, "", uid="uid-1"), done=False),)

    assert NAME in inventory_after({NAME: holding()}, desired_state(), observed_state(live), failed, "c2")
    assert NAME not in inventory_after({NAME: holding()}, desired_state(), observed_state(), (), "c2")


def test_a_workspace_whose_pool_is_still_there_is_not_forgotten() -> None:
    observed = observed_state(pools=(observed_pool(state="Deleting"),))

    assert NAME in inventory_after({NAME: holding()}, desired_state(), observed, (), "c2")


def test_nothing_is_forgotten_while_the_cloud_cannot_be_seen() -> None:
    assert NAME in inventory_after({NAME: holding()}, desired_state(), observed_state(cloud=False), (), "c2")


def test_objects_beside_the_workspaces_are_held_by_their_namespace() -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}}
    desired = desired_state(objects=(desired_object(config_map, None),))

    after = inventory_after({}, desired, observed_state(observed_object(config_map, uid="u9")), (), "c1")

    assert after[WorkspaceName("default", "")].owned == (Owned(Ref("v1", "ConfigMap", "default", "c"), "u9"),)
