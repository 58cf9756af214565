"""Workloads on real controllers and a real scheduler: what becomes of their pods is what Git is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.conftest import Bring
from tests.cluster.fleet import own_pod, tuned

CORE, BATCH = "/api/v1", "/apis/batch/v1"
FAULT = "kubelet.test/fault"


def test_a_push_becomes_ready(bring: Bring) -> None:
    fleet = bring("served")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "served", gpus=2))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)

    assert fleet.live("pods", "a-0", CORE)["spec"]["nodeName"] == fleet.node("n1")
    (subset,) = fleet.live("endpoints", "a", CORE)["subsets"]
    assert [each["targetRef"]["name"] for each in subset["addresses"]] == ["a-0"]


def test_a_tuning_succeeds_and_stays_so(bring: Bring) -> None:
    fleet = bring("tuned")
    fleet.bring_nodes("n1")
    fleet.push(a=tuned("a", "tuned"))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Succeeded", daemon)

    assert fleet.live("jobs", "a", BATCH)["status"]["succeeded"] == 1
    fleet.once()
    assert fleet.phase("a") == "Succeeded"


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        ("x/model:imagepullbackoff", "Image x/model:imagepullbackoff of container srv cannot be pulled"),
        ("x/model:crashloopbackoff", "Container srv crashed with exit code 1"),
        ("x/model:oomkilled", "Container srv was killed for using more memory"),
        ("x/model:createcontainerconfigerror", 'Container srv cannot start: secret "token" not found'),
    ],
)
def test_what_fails_is_told_and_mends_with_the_next_push(bring: Bring, image: str, sentence: str) -> None:
    name = image.partition(":")[2]
    fleet = bring(name)
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", name, image))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: sentence in fleet.message("a"), daemon)
        fleet.push(a=own_pod("a", name))
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)


def test_more_gpus_than_a_node_has_are_told_and_come_with_the_node(bring: Bring) -> None:
    fleet = bring("crowded")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "crowded", gpus=17))

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: "No node takes pod a-0" in fleet.message("a"), daemon)
        assert "Insufficient nvidia.com/gpu" in fleet.message("a")
        fleet.bring_nodes("n2", **{"nvidia.com/gpu.count": "32"})
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)


def test_a_node_that_goes_takes_the_model_with_it_until_it_is_back(bring: Bring) -> None:
    fleet = bring("flaky")
    fleet.bring_nodes("n1")
    fleet.push(a=own_pod("a", "flaky"))
    node = f"/api/v1/nodes/{fleet.node('n1')}"

    with fleet.daemon() as daemon:
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)
        fleet.plane.patch(node, noted({FAULT: "NotReady"}))
        fleet.becomes(lambda: fleet.phase("a") not in ("", "Ready"), daemon)
        fleet.plane.patch(node, noted({FAULT: None}))
        fleet.becomes(lambda: fleet.phase("a") == "Ready", daemon)


def noted(annotations: dict[str, str | None]) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}}
