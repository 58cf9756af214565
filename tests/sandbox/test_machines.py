"""What becomes of machines: lost, evicted, never ready, faulty; and how they are drained."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Build, House, eventually
from .objects import NODES, SETS, are_ready, create, holds, pods_of, read, stateful, template, with_gpus
from .pools import codes, ended, put

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
SPOT_TAINT = {"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"}


def of_pool(house: House, pool: str) -> list[dict[str, Any]]:
    return house.objects(f"{NODES}?labelSelector=agentpool%3D{pool}")


def readiness(node: dict[str, Any]) -> str:
    return next(str(one["status"]) for one in node["status"]["conditions"] if one["type"] == "Ready")


def budget(name: str, app: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": app}}, **spec},
    }


def serve(house: House, name: str, replicas: int = 1) -> None:
    """A pool and a workload that runs on it alone."""
    put(house, name, count=replicas)
    pod = template(name, {"resources": {"limits": {"nvidia.com/gpu": "1"}}}, nodeSelector={"agentpool": name})
    create(house, SETS, stateful(name, replicas, pod, podManagementPolicy="Parallel"))
    eventually(lambda: are_ready(house, name, replicas))


def test_nodes_tell_their_zone_in_turn_and_none_without_zones(shared: House) -> None:
    put(shared, "zoned", count=3, availabilityZones=["1", "3"])
    put(shared, "anywhere")
    nodes = eventually(lambda: len(found := of_pool(shared, "zoned")) == 3 and found)
    zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes]
    assert sorted(zones) == ["eastus-1", "eastus-1", "eastus-3"]
    (node,) = eventually(lambda: of_pool(shared, "anywhere"))
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "0"


def test_a_spot_node_carries_the_label_and_the_taint(shared: House) -> None:
    put(shared, "cheap", scaleSetPriority="Spot")
    (node,) = eventually(lambda: [one for one in of_pool(shared, "cheap") if holds(one, "Ready")])
    assert node["metadata"]["labels"]["kubernetes.azure.com/scalesetpriority"] == "spot"
    assert node["spec"]["taints"] == [SPOT_TAINT]


def test_a_lost_machine_falls_silent_with_its_pods_until_it_is_found_again(troubled: House) -> None:
    serve(troubled, "lost", 2)
    troubled.sandbox.ask("node-lost:1@lost")
    (gone,) = eventually(lambda: [one for one in of_pool(troubled, "lost") if readiness(one) == "Unknown"])
    assert {taint["key"] for taint in gone["spec"]["taints"]} == {"node.kubernetes.io/unreachable"}
    ready = eventually(
        lambda: (
            len(found := [pod for pod in pods_of(troubled, "lost").values() if holds(pod, "Ready")]) == 1
            and found
        )
    )
    assert ready[0]["spec"]["nodeName"] != gone["metadata"]["name"]
    assert ended(troubled, "lost")["provisioningState"] == "Succeeded"
    troubled.sandbox.ask("node-lost:0")
    eventually(lambda: are_ready(troubled, "lost", 2))
    assert all(holds(node, "Ready") for node in of_pool(troubled, "lost"))


def test_the_system_pools_machines_are_not_lost(troubled: House) -> None:
    troubled.sandbox.ask("node-lost")
    put(troubled, "tolose")
    eventually(lambda: [one for one in of_pool(troubled, "tolose") if readiness(one) == "Unknown"])
    assert [readiness(node) for node in of_pool(troubled, "system")] == ["True"]


def test_a_node_that_never_gets_ready_is_registered_and_stays_so(troubled: House) -> None:
    troubled.sandbox.ask("node-never-ready@unready")
    put(troubled, "unready")
    put(troubled, "fine")
    eventually(lambda: [one for one in of_pool(troubled, "fine") if holds(one, "Ready")])
    assert [readiness(node) for node in eventually(lambda: of_pool(troubled, "unready"))] == ["False"]
    troubled.sandbox.ask("none")
    eventually(lambda: [one for one in of_pool(troubled, "unready") if holds(one, "Ready")])


def test_a_node_without_a_device_plugin_keeps_its_want_until_it_is_mended(troubled: House) -> None:
    troubled.sandbox.ask("no-device-plugin:1@bare")
    put(troubled, "bare", count=2)
    path = f"{NODES}?labelSelector=agentpool%3Dbare"
    eventually(lambda: len([one for one in of_pool(troubled, "bare") if holds(one, "Ready")]) == 2)
    eventually(lambda: len(with_gpus(troubled, path)) == 1)
    troubled.sandbox.ask("gpu-faulty@nosuch")
    assert len(with_gpus(troubled, path)) == 1
    troubled.sandbox.ask("none")
    eventually(lambda: len(with_gpus(troubled, path)) == 2)


def test_faulty_gpus_are_told_as_a_condition_of_a_ready_node(troubled: House) -> None:
    put(troubled, "faulty")
    eventually(lambda: [one for one in of_pool(troubled, "faulty") if holds(one, "Ready")])
    troubled.sandbox.ask("gpu-faulty@faulty")
    (node,) = eventually(lambda: [one for one in of_pool(troubled, "faulty") if holds(one, "GPUXIDErrors")])
    assert holds(node, "Ready")
    troubled.sandbox.ask("none")
    eventually(lambda: not holds(of_pool(troubled, "faulty")[0], "GPUXIDErrors"))


def test_evicted_spot_machines_vanish_with_their_nodes_and_the_pools_count(troubled: House) -> None:
    put(troubled, "evicted", scaleSetPriority="Spot", count=2)
    put(troubled, "staying")
    eventually(lambda: len(of_pool(troubled, "evicted")) == 2 and of_pool(troubled, "staying"))
    troubled.sandbox.ask("spot-evicted:1@evicted")
    eventually(lambda: not of_pool(troubled, "evicted"))
    told = ended(troubled, "evicted")
    assert (told["count"], told["provisioningState"]) == (0, "Succeeded")
    assert len(of_pool(troubled, "staying")) == 1
    put(troubled, "evicted", scaleSetPriority="Spot", count=2)
    assert ended(troubled, "evicted")["count"] == 2
    eventually(lambda: len(of_pool(troubled, "evicted")) == 2)


def test_with_the_policy_deallocate_evicted_machines_stay_counted_and_silent(troubled: House) -> None:
    put(troubled, "parked", scaleSetPriority="Spot", scaleSetEvictionPolicy="Deallocate")
    eventually(lambda: [one for one in of_pool(troubled, "parked") if holds(one, "Ready")])
    troubled.sandbox.ask("spot-evicted@parked")
    eventually(lambda: [one for one in of_pool(troubled, "parked") if readiness(one) == "Unknown"])
    assert ended(troubled, "parked")["count"] == 1


@pytest.mark.parametrize("spec", [{"minAvailable": 1}, {"maxUnavailable": 0}, {"minAvailable": "100%"}])
def test_a_disruption_budget_keeps_a_pool_from_being_deleted(build: Build, spec: dict[str, Any]) -> None:
    house = build()
    serve(house, "kept")
    create(house, BUDGETS, budget("keep", "kept", **spec))
    told = eventually(lambda: (s := read(house, f"{BUDGETS}/keep").get("status")) and s)
    assert (told["currentHealthy"], told["desiredHealthy"], told["disruptionsAllowed"]) == (1, 1, 0)
    poll = house.arm.ask("DELETE", house.pool_path("kept")).headers["azure-asyncoperation"]
    properties = ended(house, "kept")
    error = properties["status"]["provisioningError"]
    assert codes(error) == ["DeleteVMSSAgentPoolFailed", "PodDrainFailure"]
    assert "Drain did not complete pods [default/kept-0] within 10m0s" in error["message"]
    assert "default/kept-0 blocked by pdb keep" in error["message"]
    operation = house.arm.ask("GET", poll).body
    assert operation["status"] == "Failed"
    (node,) = of_pool(house, "kept")
    assert node["spec"]["unschedulable"] is True
    assert holds(pods_of(house, "kept")["kept-0"], "Ready")


def test_a_delete_that_ignores_disruption_budgets_is_not_kept(build: Build) -> None:
    house = build()
    serve(house, "forced")
    create(house, BUDGETS, budget("keep", "forced", minAvailable=1))
    house.client.agent_pools.begin_delete(
        *house.at, "forced", ignore_pod_disruption_budget=True, polling_interval=0.05
    ).result()
    eventually(lambda: not of_pool(house, "forced"))
    assert house.arm.ask("GET", house.pool_path("forced")).status == 404


def test_a_budget_that_allows_it_lets_pods_leave_one_after_the_other(build: Build) -> None:
    house = build()
    put(house, "old", count=2)
    pod = template("web")
    pod["spec"] |= {"nodeSelector": {"kubernetes.azure.com/mode": "user"}}
    pod["spec"]["containers"][0]["resources"] = {"limits": {"nvidia.com/gpu": "1"}}
    create(house, SETS, stateful("web", 2, pod, podManagementPolicy="Parallel"))
    eventually(lambda: are_ready(house, "web", 2))
    create(house, BUDGETS, budget("one", "web", maxUnavailable=1))
    put(house, "new", count=2)
    eventually(lambda: len(with_gpus(house, f"{NODES}?labelSelector=agentpool%3Dnew")) == 2)
    house.client.agent_pools.begin_delete(*house.at, "old", polling=False)
    eventually(lambda: house.arm.ask("GET", house.pool_path("old")).status == 404)
    pods = eventually(lambda: are_ready(house, "web", 2))
    assert {pod["spec"]["nodeName"].split("-")[1] for pod in pods.values()} == {"new"}


def test_a_drain_can_be_blocked_on_request_and_the_next_delete_succeeds(troubled: House) -> None:
    put(troubled, "blocked")
    ended(troubled, "blocked")
    troubled.sandbox.ask("drain-blocked")
    troubled.client.agent_pools.begin_delete(*troubled.at, "blocked", polling=False)
    error = ended(troubled, "blocked")["status"]["provisioningError"]
    assert "blocked by pdb konnectivity-agent" in error["details"][0]["message"]
    troubled.sandbox.ask("none")
    troubled.client.agent_pools.begin_delete(*troubled.at, "blocked", polling=False)
    eventually(lambda: troubled.arm.ask("GET", troubled.pool_path("blocked")).status == 404)
