"""Which workloads lack pods, and what their controllers say of it, without what changes every time."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.planner.hear.ears import ears
from reconciler.planner.hear.lacking import complaint_told, lacks_pods
from tests.builders import NAME, config, observed_object, observed_state, stateful_set

QUOTA = "exceeded quota: team, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=8"
SAID = [
    (f'Error creating: pods "phi-x7k2p" is forbidden: {QUOTA}', QUOTA),
    (
        'create Pod phi-0 in StatefulSet phi failed error: pods "phi-0" is forbidden: ' + QUOTA,
        QUOTA,
    ),
    (
        'create Pod phi-0 in StatefulSet phi failed error: admission webhook "v.example.com" denied it: no.',
        'admission webhook "v.example.com" denied it: no',
    ),
    ("something\nelse", "something else"),
    ("x" * 400, "x" * 299 + "…"),
]


@pytest.mark.parametrize(("message", "told"), SAID)
def test_of_a_complaint_the_reason_is_told(message: str, told: str) -> None:
    assert complaint_told(message) == told


def a_set(replicas: int = 1, **status: int) -> dict[str, Any]:
    document = stateful_set(replicas=replicas)
    document["metadata"]["generation"] = 2
    return {**document, "status": status}


def a_job(*conditions: str, **status: Any) -> dict[str, Any]:
    said = [{"type": each, "status": "True"} for each in conditions]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "phi", "namespace": "default"},
        "status": {"conditions": said, **status},
    }


def lacks(document: dict[str, Any], pods: int = 0, *, deleting: bool = False) -> bool:
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "phi-0", "namespace": "default"}}
    workload = observed_object(document, deleting=deleting)
    return lacks_pods(workload, document, (observed_object(made),) * pods)


def test_a_workload_lacks_pods_while_its_controller_has_made_too_few() -> None:
    assert lacks(a_set(observedGeneration=2))
    assert lacks(a_set())
    assert lacks(a_set(2, observedGeneration=2), pods=1)
    assert lacks(a_job(startTime="2026-11-22T12:00:00Z"))


def test_a_workload_that_has_them_or_is_over_or_going_or_wants_none_lacks_nothing() -> None:
    assert not lacks(a_set(0, observedGeneration=2))
    assert not lacks(a_set(observedGeneration=2), pods=1)
    assert not lacks(a_set(observedGeneration=2), deleting=True)
    assert not lacks(a_job(startTime="2026-11-22T12:00:00Z"), pods=1)
    for over in ("Complete", "Failed", "Suspended"):
        assert not lacks(a_job(over, startTime="2026-11-22T12:00:00Z"))


def test_whoever_lacks_pods_is_listened_to() -> None:
    observed = observed_state(observed_object(a_set(observedGeneration=2)))

    (ear,) = ears(config(NAME), observed, {})

    assert ear.lacks_pods
