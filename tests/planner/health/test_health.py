"""One YAML fixture a state: `<kind>/<state>-<what it shows>.yaml` dropped beside this file is a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.domain.cloud import CloudError
from reconciler.domain.report import Health
from reconciler.domain.state import ObservedPool
from reconciler.planner import health

HERE = Path(__file__).parent
FIXTURES = sorted(HERE.glob("*/*.yaml"))
STATES = {"healthy": health.HEALTHY, "progressing": health.PROGRESSING, "degraded": health.DEGRADED}


def judge(kind: str, fixture: dict[str, Any]) -> Health:
    document = fixture["document"]
    if kind == "agent_pool":
        return health.agent_pool(pool(**document))
    if kind == "node":
        return health.node(document, fixture.get("labels", {}), gpus=fixture.get("gpus", True))
    judge_of: dict[str, Callable[[dict[str, Any]], Health]] = {
        "deployment": health.deployment,
        "persistent_volume_claim": health.persistent_volume_claim,
        "stateful_set": health.stateful_set,
        "job": health.job,
        "pod": health.pod,
        "node_claim": health.node_claim,
        "node_pool": health.node_pool,
    }
    return judge_of[kind](document)


def pool(name: str, state: str, count: int = 1, **more: Any) -> ObservedPool:
    if error := more.get("error"):
        more["error"] = CloudError(error["status"], tuple(error["codes"]), error["message"])
    return ObservedPool(name, "Standard_NC24ads_A100_v4", count, state, **{"properties": {}, **more})


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_thing_is_as_its_fixture_says(path: Path) -> None:
    fixture = yaml.safe_load(path.read_text())

    found = judge(path.parent.name, fixture)

    assert found.state == STATES[path.stem.partition("-")[0]]
    assert found.reason == fixture["expect"]["reason"]
    assert fixture["expect"].get("message", "") in found.message
    assert found.message
    assert "\n" not in found.message
    assert len(found.message) <= fixture.get("longest", 1000)


KINDS = (
    *("stateful_set", "job", "pod", "node", "node_claim", "node_pool"),
    *("deployment", "persistent_volume_claim"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_fixture_for_each_of_its_states_and_bears_an_empty_document(kind: str) -> None:
    assert {"progressing", "healthy"} <= {path.stem.partition("-")[0] for path in (HERE / kind).iterdir()}

    assert judge(kind, {"document": {}}).state == health.PROGRESSING


def test_a_node_under_pressure_still_counts_as_ready_as_in_kaito() -> None:
    fixture = yaml.safe_load((HERE / "node" / "degraded-disk-pressure.yaml").read_text())

    assert health.is_ready(judge("node", fixture))
    assert not health.is_ready(Health(health.DEGRADED, "NodeNotReady", "gone"))


def test_what_a_kubelet_alternates_between_is_one_sentence() -> None:
    """A status commit at every attempt would fill the branch: the sentence holds while the trouble does."""

    def said(name: str) -> str:
        return judge("pod", yaml.safe_load((HERE / "pod" / f"{name}.yaml").read_text())).message

    pulling = {
        "name": "phi",
        "image": "x:1",
        "state": {"waiting": {"reason": "ErrImagePull", "message": "a"}},
    }
    backing = {
        "name": "phi",
        "image": "x:1",
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "b"}},
    }

    assert said("degraded-crash-loop") == said("degraded-crashed-and-trying-again")
    assert health.pod({"status": {"containerStatuses": [pulling]}}) == health.pod(
        {"status": {"containerStatuses": [backing]}}
    )
