"""Beside others: whose fields are taken back, whose are left, and who is looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.apply import Hands, apply_plan
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.plan import Action, Claim, Step
from reconciler.domain.state import ObservedObject
from reconciler.faults import Conflict, Forbidden, Refused
from reconciler.planner.decide.inventory import NAMESPACE
from tests.builders import NAME, desired_object, observed_object, stateful_set
from tests.fakes import FakeCloud, FakeCluster

OTHER = WorkspaceName("default", "other")


def create(name: str = "phi", workspace: WorkspaceName = NAME) -> Step:
    desired = desired_object(stateful_set(name), workspace)
    return Step(Action.CREATE, desired.ref, workspace, "it is not there", desired)


def correct(name: str = "phi", **spec: Any) -> Step:
    desired = desired_object(stateful_set(name, **spec))
    return Step(Action.UPDATE, desired.ref, NAME, "it differs", desired, ("spec.replicas",), "uid-1")


def taken(**managers: str) -> Conflict:
    """A conflict about these fields of the spec, each with its manager."""
    return Conflict(
        "taken", claims=tuple(Claim(f".spec.{field}", manager) for field, manager in managers.items())
    )


def test_fields_a_persons_tool_took_are_taken_back() -> None:
    cluster = FakeCluster()
    cluster.faults["StatefulSet/default/phi"] = [taken(replicas="kubectl-edit")]

    (outcome,) = apply_plan([correct()], Hands(cluster, FakeCloud(), "towline"))

    assert outcome.done
    assert outcome.claims == ()
    assert cluster.writes == [("force", "StatefulSet/default/phi")]
    assert cluster.applied[0]["spec"]["replicas"] == 1


def test_another_controllers_fields_are_left_to_it_and_all_the_rest_is_applied() -> None:
    cluster = FakeCluster()
    cluster.faults["StatefulSet/default/phi"] = [taken(replicas="keda-operator")]

    (outcome,) = apply_plan([correct()], Hands(cluster, FakeCloud(), "towline"))

    assert outcome.done
    assert outcome.claims == (Claim("spec.replicas", "keda-operator"),)
    assert outcome.step.fields == ()
    assert cluster.writes == [("apply", "StatefulSet/default/phi")]
    (applied,) = cluster.applied
    assert "replicas" not in applied["spec"]
    assert applied["spec"]["template"] == stateful_set()["spec"]["template"]


def test_what_a_person_took_is_taken_back_beside_what_a_controller_keeps() -> None:
    cluster = FakeCluster()
    cluster.faults["StatefulSet/default/phi"] = [taken(serviceName="kubectl-edit", replicas="keda-operator")]

    (outcome,) = apply_plan([correct()], Hands(cluster, FakeCloud(), "towline"))

    assert outcome.claims == (Claim("spec.replicas", "keda-operator"),)
    assert cluster.writes == [("force", "StatefulSet/default/phi")]
    assert cluster.applied[0]["spec"].keys() == {"serviceName", "template"}


def test_a_conflict_about_what_cannot_be_left_out_is_told() -> None:
    cluster = FakeCluster()
    cluster.faults["StatefulSet/default/phi"] = [taken(elsewhere="keda-operator")]

    (outcome,) = apply_plan([correct()], Hands(cluster, FakeCloud(), "towline"))

    assert not outcome.done
    assert outcome.transient
    assert cluster.writes == []


def test_a_conflict_of_versions_is_for_the_next_pass() -> None:
    cluster = FakeCluster()
    cluster.faults["StatefulSet/default/phi"] = [Conflict("the object has been modified", code="Conflict")]

    (outcome,) = apply_plan([correct()], Hands(cluster, FakeCloud(), "towline"))

    assert (outcome.done, outcome.transient) == (False, True)
    assert cluster.writes == []


def test_our_own_records_are_left_to_nobody() -> None:
    record = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}
    desired = desired_object({**record, "metadata": {"name": "inventory", "namespace": NAMESPACE}}, None)
    cluster = FakeCluster()
    cluster.faults[str(desired.ref)] = [Conflict("taken", claims=(Claim(".data.a", "argocd-controller"),))]

    step = Step(Action.UPDATE, desired.ref, None, "it differs", desired)
    (outcome,) = apply_plan([step], Hands(cluster, FakeCloud(), "towline"))

    assert (outcome.done, outcome.claims) == (True, ())
    assert cluster.writes == [("force", str(desired.ref))]


def test_the_answer_says_which_fields_were_not_made_as_asked_for() -> None:
    cluster = FakeCluster()
    cluster.hooks["StatefulSet/default/phi"] = {"spec": {"replicas": 5, "serviceName": "hooked"}}

    (outcome,) = apply_plan([correct()], Hands(cluster, FakeCloud(), "towline"))

    assert outcome.done
    assert outcome.claims == (Claim("spec.replicas"),)


def test_what_is_made_otherwise_than_asked_for_is_known_at_once() -> None:
    cluster = FakeCluster()
    cluster.hooks["StatefulSet/default/phi"] = {"spec": {"replicas": 5}, "metadata": {"labels": {"a": "b"}}}

    (outcome,) = apply_plan([create()], Hands(cluster, FakeCloud(), "towline"))

    assert outcome.done
    assert outcome.claims == (Claim("spec.replicas"),)


def test_whoever_comes_in_between_is_looked_at_again() -> None:
    cluster = LateCluster(observed_object(stateful_set(image="theirs")))
    cluster.faults["StatefulSet/default/phi"] = [taken(replicas="kubectl-create")]

    (outcome,) = apply_plan([create()], Hands(cluster, FakeCloud(), "towline"))

    assert not outcome.done
    assert "is not this fleet's" in outcome.message
    assert cluster.writes == []


class LateCluster(FakeCluster):
    """Shows what is there a moment late."""

    def present(self, refs: Iterable[Ref]) -> Mapping[Ref, ObservedObject]:
        return {}


def test_what_is_there_is_asked_once_for_all() -> None:
    cluster = CountingCluster()
    names = [WorkspaceName("default", f"w{number}") for number in range(30)]

    outcomes = apply_plan([create(name.name, name) for name in names], Hands(cluster, FakeCloud(), "towline"))

    assert all(outcome.done for outcome in outcomes)
    assert cluster.asked == [30]


class CountingCluster(FakeCluster):
    """Knows how often it was asked what is there, and refuses to be asked one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def present(self, refs: Iterable[Ref]) -> Mapping[Ref, ObservedObject]:
        self.asked.append(len(list(refs)))
        return {}

    def find(self, ref: Ref) -> ObservedObject | None:
        raise AssertionError(ref)


def test_where_it_cannot_be_told_at_once_each_is_asked_for() -> None:
    cluster = HalfBlindCluster(observed_object(stateful_set(image="theirs")))

    outcomes = apply_plan([create(), create("other", OTHER)], Hands(cluster, FakeCloud(), "towline"))

    assert {(str(out.step.workspace), out.done) for out in outcomes} == {
        ("default/phi", False),
        ("default/other", True),
    }


class HalfBlindCluster(FakeCluster):
    """May read one object at a time only."""

    def present(self, refs: Iterable[Ref]) -> Mapping[Ref, ObservedObject]:
        raise Forbidden("may not list")


def test_one_namespace_that_is_refused_costs_no_other() -> None:
    cluster = FakeCluster()
    cluster.faults["Namespace/a"] = [Refused("no")]
    wide = [desired_object(namespace(name), None) for name in ("a", "b")]

    outcomes = apply_plan(
        [Step(Action.CREATE, each.ref, None, "it is not there", each) for each in wide],
        Hands(cluster, FakeCloud(), "towline"),
    )

    assert [(out.step.target.name, out.done) for out in outcomes] == [("a", False), ("b", True)]


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
