"""What is decided where a kind is not seen, a definition not established, or a namespace on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Inventory, Owned
from reconciler.domain.plan import Action, Outcome, Plan, Step
from reconciler.domain.state import DesiredState, DesiredWorkspace, ObservedObject, ObservedState
from reconciler.planner.decide.diff import Policy, diff
from reconciler.planner.decide.footing import FIRM, footing_of
from reconciler.planner.decide.guard import absences, approval_needed
from reconciler.planner.decide.ledger import found_again, inventory_after
from reconciler.planner.provision.choosing import Provisions
from tests.builders import (
    NAME,
    config,
    desired_object,
    desired_pool,
    desired_state,
    desired_workspace,
    ground,
    observed_object,
    observed_pool,
    observed_state,
    ref_of,
    stateful_set,
)

OTHER = WorkspaceName("default", "other")
WHY = "Services cannot be listed: forbidden"
SERVICES = ("v1", "Service")
WORKSPACES = ("kaito.sh/v1beta1", "Workspace")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "phi", "namespace": "default"}}
CUSTOM = {
    "apiVersion": "kaito.sh/v1beta1",
    "kind": "Workspace",
    "metadata": {"name": "phi", "namespace": "default"},
}
MANAGED = {"app.kubernetes.io/managed-by": "towline"}


def policy(cfg: Any = None, gone: Any = None) -> Policy:
    asked = cfg or config(NAME)
    return Policy(asked, gone or {}, Provisions(desired_state(), {}), ground(asked))


def definition(*conditions: dict[str, str], going: bool = False) -> ObservedObject:
    metadata: dict[str, Any] = {"name": "workspaces.kaito.sh", "labels": MANAGED}
    if going:
        metadata |= {
            "deletionTimestamp": "2026-11-22T11:00:00Z",
            "finalizers": ["customresourcecleanup.apiextensions.k8s.io"],
        }
    document = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": {"group": "kaito.sh", "names": {"kind": "Workspace"}},
        "status": {"conditions": list(conditions)},
    }
    return observed_object(document, deleting=going)


def namespace(name: str = "default", **status: str) -> ObservedObject:
    conditions = [{"type": kind, "status": "True", "message": message} for kind, message in status.items()]
    document = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "deletionTimestamp": "2026-11-22T11:00:00Z"},
        "status": {"phase": "Terminating", "conditions": conditions},
    }
    return observed_object(document, deleting=True)


def standing_on(
    observed: ObservedState, *shared: ObservedObject, **unseen: Mapping[Any, str]
) -> ObservedState:
    return replace(observed, shared={each.ref: each for each in shared}, unseen=unseen.get("unseen", {}))


def blind(observed: ObservedState, *kinds: tuple[str, str]) -> ObservedState:
    return replace(observed, unseen=dict.fromkeys(kinds, WHY))


def wanted(**more: Any) -> DesiredWorkspace:
    documents = (CUSTOM, SERVICE, stateful_set())
    return desired_workspace(*map(desired_object, documents), **more)


def steps(plan: Plan) -> list[tuple[str, str]]:
    return [(step.action.value, step.target.kind) for step in plan.steps]


def held(*documents: dict[str, Any], digest: str = "d1", uid: str = "uid-1") -> Holding:
    owned = tuple(Owned(ref_of(each), uid) for each in documents)
    return Holding("c0ffee0", "workspaces/phi.yaml", digest, owned)


def test_of_a_kind_that_is_not_seen_nothing_is_made_and_all_else_is() -> None:
    plan = diff(desired_state(wanted(pool=desired_pool())), blind(observed_state(), SERVICES), {}, policy())

    assert steps(plan) == [
        ("create", "Workspace"),
        ("create", "AgentPool"),
        ("hold", "Service"),
        ("create", "StatefulSet"),
    ]
    assert plan.steps[2].because == WHY


def test_what_was_seen_before_is_judged_anew_when_its_kind_is_hidden_and_when_it_is_shown() -> None:
    desired, rules = desired_state(wanted()), policy()
    seen = observed_state(*map(observed_object, (CUSTOM, SERVICE, stateful_set())))
    hidden = blind(observed_state(*map(observed_object, (CUSTOM, stateful_set()))), SERVICES)

    plans = [diff(desired, each, {}, rules) for each in (seen, hidden, seen)]

    assert [steps(plan) for plan in plans] == [[], [("hold", "Service")], []]


def test_what_is_not_seen_is_not_deleted_and_no_approval_is_asked_for_it() -> None:
    inventory = {NAME: held(SERVICE, stateful_set())}
    cfg = config(OTHER)
    gone = absences(cfg, inventory, lambda _new, _old: True)
    observed = blind(observed_state(observed_object(stateful_set()), pools=(observed_pool(),)), SERVICES)

    plan = diff(desired_state(), observed, inventory, policy(cfg, gone))

    assert steps(plan) == [("hold", "Service"), ("prune", "StatefulSet"), ("prune", "AgentPool")]
    assert approval_needed(plan.steps) == ""
    assert plan.changes[0].action is Action.PRUNE


def test_what_a_workspace_no_longer_needs_waits_while_it_is_not_seen() -> None:
    desired = desired_state(desired_workspace(desired_object(stateful_set())))
    observed = blind(observed_state(observed_object(stateful_set())), SERVICES)

    plan = diff(desired, observed, {NAME: held(SERVICE, stateful_set())}, policy())

    assert steps(plan) == [("hold", "Service")]


def after(
    inventory: Inventory, desired: DesiredState, observed: ObservedState, *outcomes: Outcome
) -> Inventory:
    return inventory_after(inventory, desired, observed, outcomes, "c1")


def test_the_inventory_forgets_nothing_of_a_kind_that_is_not_seen() -> None:
    inventory = {NAME: held(SERVICE, stateful_set())}
    observed = blind(observed_state(observed_object(stateful_set())), SERVICES)
    update = Outcome(Step(Action.UPDATE, ref_of(stateful_set()), NAME, ""), done=True, uid="uid-1")

    still_asked = after(inventory, desired_state(wanted(digest="d2")), observed, update)
    no_longer = after(inventory, desired_state(), blind(observed_state(), SERVICES))

    assert Owned(ref_of(SERVICE), "uid-1") in still_asked[NAME].owned
    assert Owned(ref_of(SERVICE), "uid-1") in no_longer[NAME].owned


def test_a_name_written_down_before_it_was_made_stays_while_its_kind_is_not_seen() -> None:
    inventory = {NAME: held(SERVICE, digest="", uid="")}

    kept = after(inventory, desired_state(), blind(observed_state(), SERVICES))

    assert kept[NAME].owned == (Owned(ref_of(SERVICE), ""),)


def test_a_change_waits_while_nobody_can_see_what_it_changes() -> None:
    inventory = {NAME: held(SERVICE, stateful_set(), digest="d0")}
    observed = blind(observed_state(observed_object(SERVICE), observed_object(stateful_set())), WORKSPACES)
    changed = desired_workspace(
        *map(desired_object, (CUSTOM, SERVICE, stateful_set(image="i2"))), pool=desired_pool()
    )

    plan = diff(desired_state(changed), observed, inventory, policy())

    assert {step.action for step in plan.steps} == {Action.HOLD}
    assert after(inventory, desired_state(changed), observed)[NAME] is inventory[NAME]


def test_a_custom_resource_waits_for_its_definition_and_nothing_else_does() -> None:
    established = definition({"type": "Established", "status": "True"})
    asked = (desired_object(established.document, None),)
    unready = definition({"type": "Established", "status": "False"})

    fresh, made, ready = (
        diff(desired_state(wanted(), objects=asked), standing_on(observed_state(), *each), {}, policy())
        for each in ((), (unready,), (established,))
    )

    assert steps(fresh)[:2] == [("create", "CustomResourceDefinition"), ("hold", "Workspace")]
    assert ("hold", "Workspace") in steps(made)
    assert [action for action, kind in steps(made) if kind == "StatefulSet"] == ["create"]
    assert ("create", "Workspace") in steps(ready)


def test_a_definition_that_was_taken_away_takes_nothing_else_with_it() -> None:
    asked = (desired_object(definition().document, None),)
    inventory = {NAME: held(CUSTOM, SERVICE, stateful_set())}
    left = observed_state(observed_object(SERVICE), observed_object(stateful_set()))

    going, gone = (
        diff(desired_state(wanted(), objects=asked), standing_on(left, *each), inventory, policy())
        for each in ((definition(going=True),), ())
    )

    assert steps(going) == [("hold", "CustomResourceDefinition"), ("hold", "Workspace")]
    assert "all of its objects go first" in going.steps[1].because
    assert steps(gone) == [("create", "CustomResourceDefinition"), ("hold", "Workspace")]
    uids = [owned.uid for owned in after(inventory, desired_state(wanted()), left)[NAME].owned]
    assert uids == ["uid-1", "uid-1", "uid-1"]


def test_where_definitions_cannot_be_seen_they_may_be_anothers_and_no_custom_resource_is_made() -> None:
    crds = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")

    plan = diff(desired_state(wanted()), blind(observed_state(), crds), {}, policy())

    assert steps(plan)[0] == ("hold", "Workspace")


def test_a_namespace_that_is_going_holds_all_that_is_in_it_machines_as_well() -> None:
    hanging = namespace(
        NamespaceFinalizersRemaining="Some content has finalizers remaining: example.com/hold in 1 resource",
        NamespaceContentRemaining="Some resources are remaining: configmaps. has 1 resource instances",
    )
    elsewhere = desired_workspace(
        desired_object(
            {**stateful_set("other"), "metadata": {"name": "other", "namespace": "team-a"}},
            WorkspaceName("team-a", "other"),
        ),
        name=WorkspaceName("team-a", "other"),
    )
    observed = standing_on(observed_state(observed_object(SERVICE)), hanging)

    plan = diff(
        desired_state(wanted(pool=desired_pool()), elsewhere), observed, {NAME: held(SERVICE)}, policy()
    )

    here = [step for step in plan.steps if step.workspace == NAME]
    assert {step.action for step in here} == {Action.HOLD}
    assert {step.target.kind for step in here} == {"Workspace", "AgentPool", "Service", "StatefulSet"}
    assert "example.com/hold in 1 resource" in here[0].because
    assert "since 11:00 UTC on 22 November" in here[0].because
    assert [step.action for step in plan.steps if step.workspace == elsewhere.name] == [Action.CREATE]


def test_when_the_namespace_is_gone_all_is_made_again() -> None:
    inventory = {NAME: held(CUSTOM, SERVICE, stateful_set())}

    plan = diff(desired_state(wanted()), observed_state(), inventory, policy())

    assert {step.action for step in plan.steps} == {Action.CREATE}
    made = tuple(Outcome(step, done=True, uid="uid-2") for step in plan.steps)
    owned = after(inventory, desired_state(wanted()), observed_state(), *made)[NAME].owned
    assert [each.uid for each in owned] == ["uid-2", "uid-2", "uid-2"]


def test_firm_ground_is_one_value_and_hinders_nothing() -> None:
    assert footing_of(observed_state(observed_object(SERVICE)), desired_state()) is FIRM
    assert FIRM.under(ref_of(SERVICE)) is None


def test_what_is_told_of_the_footing_is_told_once_and_not_what_passes_by_itself() -> None:
    ref = Ref("apps/v1", "StatefulSet", "", "")
    observed = blind(observed_state(), SERVICES, (ref.api_version, ref.kind))

    assert footing_of(observed, desired_state()).problems == (WHY,)
    assert footing_of(standing_on(observed_state(), definition()), desired_state()).problems == ()
    taken = definition({"type": "NamesAccepted", "status": "False", "message": "workspaces is taken"})
    (told,) = footing_of(standing_on(observed_state(), taken), desired_state()).problems
    assert told.endswith("is not accepted: workspaces is taken")


def marked(document: dict[str, Any], **fields: Any) -> ObservedObject:
    return observed_object(document, **{"workspace": NAME, **fields})


def test_of_what_git_declares_a_lost_inventory_is_found_again_in_its_very_places() -> None:
    copy = {**SERVICE, "metadata": {"name": "phi-copy", "namespace": "default"}}
    seen = observed_state(marked(stateful_set()), marked(copy), marked(SERVICE, digest=""))

    found = found_again({}, config(NAME), seen)

    assert found[NAME].owned == (Owned(ref_of(stateful_set()), "uid-1"),)
    assert found_again(found, config(NAME), seen) is found
    assert found_again({}, config(OTHER), seen) == {}


def test_what_has_lost_our_labels_is_known_again_by_its_uid() -> None:
    inventory = {NAME: held(stateful_set(), uid="uid-7")}
    desired = desired_state(desired_workspace(desired_object(stateful_set())))

    (create,) = diff(desired, observed_state(), inventory, policy()).steps
    failed = Outcome(create, done=False, message="it is there")

    assert (create.action, create.uid) == (Action.CREATE, "uid-7")
    assert after(inventory, desired, observed_state(), failed)[NAME].owned[0].uid == "uid-7"


def going(document: dict[str, Any], *finalizers: str) -> ObservedObject:
    metadata = {**document["metadata"], "deletionTimestamp": "2026-11-22T11:00:00Z"}
    return observed_object(
        {**document, "metadata": {**metadata, "finalizers": list(finalizers)}}, deleting=True
    )


def test_what_is_going_is_waited_for_and_says_who_holds_it() -> None:
    observed = observed_state(going(stateful_set(), "foregroundDeletion", "example.com/hold"))
    desired = desired_state(desired_workspace(desired_object(stateful_set())))

    (step,) = diff(desired, observed, {}, policy()).steps

    assert step.action is Action.HOLD
    assert step.because == (
        "StatefulSet/default/phi has been going since 11:00 UTC on 22 November: finalizers "
        "foregroundDeletion (what it owns goes first) and example.com/hold wait"
    )


def test_what_is_going_is_not_deleted_again_and_stays_written_down_until_it_is_gone() -> None:
    inventory = {NAME: held(SERVICE)}
    cfg = config(OTHER)
    gone = absences(cfg, inventory, lambda _new, _old: True)
    lingering = observed_state(going(SERVICE, "example.com/hold"))
    pruned = Outcome(Step(Action.PRUNE, ref_of(SERVICE), NAME, "", uid="uid-1"), done=True)

    plan = diff(desired_state(), lingering, inventory, policy(cfg, gone))

    assert plan.steps == ()
    assert after(inventory, desired_state(), observed_state(observed_object(SERVICE)), pruned) == inventory
    assert after(inventory, desired_state(), lingering) == inventory
    assert after(inventory, desired_state(), observed_state()) == {}


def test_a_namespace_in_which_nothing_is_asked_for_is_others_to_tell() -> None:
    observed = standing_on(observed_state(), namespace("team-b"), namespace("default"))

    footing = footing_of(observed, desired_state(wanted()))

    assert set(footing.namespaces) == {"default"}
    assert len(footing.problems) == 1
