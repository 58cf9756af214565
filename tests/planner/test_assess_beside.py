"""What is broken beside the workspaces is a problem of the fleet's; what is on its way is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.domain.report import Phase
from reconciler.domain.state import DesiredState, ObservedState
from reconciler.planner.assess.assess import assess
from tests.builders import NAME, desired_object, observed_object, observed_pool
from tests.planner.scenes import (
    NO_PLAN,
    asked,
    context,
    custom,
    desired,
    gpu_node,
    job,
    running_set,
    up,
    world,
)

CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "namespace": "default"},
}
GATEWAY = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "gateway", "namespace": "default", "generation": 1},
    "spec": {"replicas": 1},
}
REFUSED = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: team"}


def beside(*documents: dict[str, Any]) -> tuple[DesiredState, ObservedState]:
    bare = tuple(desired_object({k: v for k, v in each.items() if k != "status"}, None) for each in documents)
    live = {each.ref: each for each in map(observed_object, documents)}
    return replace(desired(asked()), objects=bare), replace(up(), objects={**up().objects, **live})


def problems(*documents: dict[str, Any]) -> tuple[str, ...]:
    return assess(*beside(*documents), NO_PLAN, (), context(NAME)).problems


def test_what_is_broken_beside_the_workspaces_is_told() -> None:
    lost = {**CLAIM, "status": {"phase": "Lost"}}
    refused = {**GATEWAY, "status": {"observedGeneration": 1, "conditions": [REFUSED]}}

    assert problems(lost, refused) == (
        "PersistentVolumeClaim/default/data: its volume is gone: restore that, or delete the claim and have "
        "another made",
        "Deployment/default/gateway: no pod of it can be made: exceeded quota: team",
    )


def test_what_is_on_its_way_beside_the_workspaces_is_no_problem() -> None:
    pending = {**CLAIM, "status": {"phase": "Pending"}}
    coming = {**GATEWAY, "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}}

    assert problems(pending, coming, {**CLAIM, "kind": "ConfigMap"}) == ()


def complained(observed: ObservedState) -> ObservedState:
    return replace(observed, complaints={NAME: "exceeded quota: team"})


def test_pods_that_a_quota_refuses_are_told_in_the_controllers_words() -> None:
    lacking = complained(world(custom(), running_set(0), pool=observed_pool(), nodes=(gpu_node(),)))

    report = assess(desired(asked()), lacking, NO_PLAN, (), context(NAME)).workspaces[NAME]

    assert report.phase is Phase.PENDING
    assert report.message == "No pod of its StatefulSet can be made: exceeded quota: team"
    told = {each.type: (each.status, each.reason, each.message) for each in report.conditions}
    assert told["InferenceReady"] == (
        "False",
        "PodsRefused",
        "no pod of its StatefulSet can be made: exceeded quota: team",
    )


def test_a_tuning_whose_pods_are_refused_has_not_failed() -> None:
    lacking = complained(
        world(job({"startTime": "2026-11-01T09:00:00Z"}), pool=observed_pool(), nodes=(gpu_node(),))
    )

    report = assess(desired(asked(tuning=True)), lacking, NO_PLAN, (), context(NAME)).workspaces[NAME]

    assert report.phase is Phase.PENDING
    assert report.message == "No pod of its Job can be made: exceeded quota: team"


def test_a_complaint_of_before_is_not_told_of_what_serves() -> None:
    assert (
        assess(desired(asked()), complained(up()), NO_PLAN, (), context(NAME)).workspaces[NAME].phase
        is Phase.READY
    )
