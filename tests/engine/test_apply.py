"""Doing the plan: consent, conflicts, and one workspace's trouble never costing another."""

from __future__ import annotations

from reconciler.apply import ADOPT, Hands, apply_plan
from reconciler.domain.identity import PoolRef, WorkspaceName
from reconciler.domain.plan import Action, Step
from reconciler.domain.state import FLEET
from reconciler.faults import Refused
from tests.builders import NAME, desired_object, desired_pool, observed_object, stateful_set
from tests.fakes import FakeCloud, FakeCluster

OTHER = WorkspaceName("default", "other")


def create(name: str = "phi", workspace: WorkspaceName = NAME) -> Step:
    desired = desired_object(stateful_set(name), workspace)
    return Step(Action.CREATE, desired.ref, workspace, "it is not there", desired)


def test_what_is_created_answers_with_its_uid() -> None:
    cluster = FakeCluster()

    outcomes = apply_plan([create()], Hands(cluster, FakeCloud(), "towline"))

    assert [(out.done, out.uid) for out in outcomes] == [(True, "uid-1")]


def test_somebody_elses_object_is_not_taken_over() -> None:
    theirs = observed_object(stateful_set(image="theirs"))
    cluster = FakeCluster(theirs)

    outcomes = apply_plan([create()], Hands(cluster, FakeCloud(), "towline"))

    assert not outcomes[0].done
    assert f"kubectl annotate -n default statefulset phi {ADOPT}=towline" in outcomes[0].message
    assert cluster.writes == []


def test_it_is_taken_over_by_consent() -> None:
    theirs = stateful_set(image="theirs")
    theirs["metadata"]["annotations"] = {ADOPT: "towline"}
    cluster = FakeCluster(observed_object(theirs))

    outcomes = apply_plan([create()], Hands(cluster, FakeCloud(), "towline"))

    assert outcomes[0].done
    assert outcomes[0].uid == "uid-1"


def test_consent_given_to_another_fleet_is_no_consent() -> None:
    theirs = stateful_set()
    theirs["metadata"]["labels"] = {FLEET: "staging"}
    cluster = FakeCluster(observed_object(theirs))

    assert not apply_plan([create()], Hands(cluster, FakeCloud(), "towline"))[0].done


def update(*fields: str) -> Step:
    ports = [{"port": 80, "name": "http"}]
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "phi", "namespace": "default"}}
    desired = desired_object({**document, "spec": {"type": "ClusterIP", "ports": ports}})
    return Step(Action.UPDATE, desired.ref, NAME, "it differs", desired, fields)


def test_a_list_a_server_will_not_merge_into_is_written_whole() -> None:
    cluster = FakeCluster()
    cluster.faults["Service/default/phi"] = [Refused("Duplicate value: http")]

    outcomes = apply_plan([update("spec.ports[80]", "spec.type")], Hands(cluster, FakeCloud(), "towline"))

    assert outcomes[0].done
    assert cluster.writes == [
        ("overwrite", 'Service/default/phi {"spec": {"ports": [{"name": "http", "port": 80}]}}'),
        ("apply", "Service/default/phi"),
    ]


def test_what_a_server_refuses_of_anything_else_is_told() -> None:
    cluster = FakeCluster()
    cluster.faults["Service/default/phi"] = [Refused("spec.type: Unsupported value")]

    outcomes = apply_plan([update("spec.type")], Hands(cluster, FakeCloud(), "towline"))

    assert not outcomes[0].done
    assert outcomes[0].message == "spec.type: Unsupported value"
    assert cluster.writes == []


def test_one_workspaces_trouble_costs_no_other() -> None:
    cluster = FakeCluster()
    cluster.faults["StatefulSet/default/phi"] = [Refused("no")]

    outcomes = apply_plan([create(), create("other", OTHER)], Hands(cluster, FakeCloud(), "towline"))

    assert {(str(out.step.workspace), out.done) for out in outcomes} == {
        ("default/phi", False),
        ("default/other", True),
    }


def beside(action: Action, name: str) -> Step:
    metadata = {"name": name, "namespace": "default"}
    desired = desired_object({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, None)
    return Step(action, desired.ref, None, "", desired, uid="uid-1")


def test_what_belongs_to_no_workspace_is_each_for_itself() -> None:
    cluster = FakeCluster()
    cluster.faults["ConfigMap/default/a"] = [Refused("no")]

    outcomes = apply_plan(
        [beside(Action.CREATE, "a"), beside(Action.CREATE, "b")], Hands(cluster, FakeCloud(), "towline")
    )

    assert [(out.step.target.name, out.done) for out in outcomes] == [("a", False), ("b", True)]


def test_a_record_goes_when_what_takes_its_place_is_there() -> None:
    well, badly = FakeCluster(), FakeCluster()
    badly.faults["ConfigMap/default/new"] = [Refused("no")]
    steps = [beside(Action.PRUNE, "old"), beside(Action.UPDATE, "new"), beside(Action.UPDATE, "newer")]

    for each in (well, badly):
        apply_plan(steps, Hands(each, FakeCloud(), "towline"))

    assert well.writes[-1] == ("delete", "ConfigMap/default/old")
    assert badly.writes == [("apply", "ConfigMap/default/newer")]


def test_after_a_failed_step_the_workspaces_later_ones_wait() -> None:
    cloud = FakeCloud()
    cloud.fault = Refused("quota", code="ErrCode_InsufficientVCPUQuota")
    cluster = FakeCluster()
    pool = Step(Action.CREATE, PoolRef("wabc"), NAME, "it is not there", desired_pool())

    outcomes = apply_plan([pool, create()], Hands(cluster, cloud, "towline"))

    assert [out.done for out in outcomes] == [False]
    assert cluster.writes == []


def test_a_hold_is_never_acted_on() -> None:
    held = Step(Action.HOLD, PoolRef("wabc"), NAME, "the cloud cannot be seen", desired_pool())

    assert apply_plan([held], Hands(FakeCluster(), FakeCloud(), "towline")) == ()
