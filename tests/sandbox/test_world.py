"""Nodes come and go with their pools, pods are placed and started on them."""

from __future__ import annotations

from .conftest import House, eventually
from .objects import (
    NODES,
    PODS,
    PROBED,
    SETS,
    are_ready,
    conditions,
    create,
    holds,
    pods_of,
    read,
    reasons,
    stateful,
    template,
    with_gpus,
)


def test_a_new_world_has_one_ready_system_node(house: House) -> None:
    (node,) = house.objects(f"{NODES}?labelSelector=agentpool%3Dsystem")
    assert node["metadata"]["name"].startswith("aks-system-")
    assert holds(node, "Ready")


def test_a_pool_becomes_nodes_with_the_labels_taints_and_gpus_of_its_machines(house: House) -> None:
    house.put_pool("gpu", count=2, nodeLabels={"kaito.sh/workspace": "w"}, nodeTaints=["sku=gpu:NoSchedule"])
    path = f"{NODES}?labelSelector=agentpool%3Dgpu"
    first, second = eventually(lambda: len(found := with_gpus(house, path)) == 2 and found)
    labels = first["metadata"]["labels"]
    assert labels["kubernetes.azure.com/agentpool"] == "gpu"
    assert labels["node.kubernetes.io/instance-type"] == "Standard_NC24ads_A100_v4"
    assert labels["kaito.sh/workspace"] == "w"
    assert labels["kubernetes.io/hostname"] == first["metadata"]["name"]
    assert first["spec"]["taints"] == [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]
    assert first["spec"]["providerID"].endswith("-vmss/virtualMachines/0")
    assert second["spec"]["providerID"].endswith("-vmss/virtualMachines/1")
    assert first["status"]["capacity"]["nvidia.com/gpu"] == "1"
    assert holds(first, "Ready")


def test_a_pools_new_labels_come_to_its_standing_nodes(house: House) -> None:
    house.put_pool("relabel", nodeLabels={"who": "one"})
    house.put_pool("relabel", nodeLabels={"who": "two"})
    assert eventually(lambda: house.objects(f"{NODES}?labelSelector=agentpool%3Drelabel,who%3Dtwo"))


def test_a_model_starts_on_its_new_nodes_and_goes_with_them(house: House) -> None:
    """Pool, nodes, pods ready; then the set, the pool, and nothing is left."""
    pod = template(
        "llm",
        {**PROBED, "resources": {"limits": {"nvidia.com/gpu": "1"}}},
        nodeSelector={"agentpool": "llm"},
        tolerations=[{"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}],
    )
    create(house, SETS, stateful("llm", 2, pod, podManagementPolicy="Parallel"))
    waiting = eventually(
        lambda: next(iter(pods_of(house, "llm").values()), {}).get("status", {}).get("conditions")
    )
    assert waiting[0]["reason"] == "Unschedulable"
    assert "node affinity/selector" in waiting[0]["message"]
    house.put_pool("llm", count=2, nodeTaints=["sku=gpu:NoSchedule"])
    pods = eventually(lambda: are_ready(house, "llm", 2))
    assert len({pod["spec"]["nodeName"] for pod in pods.values()}) == 2
    labels = pods["llm-1"]["metadata"]["labels"]
    assert labels["statefulset.kubernetes.io/pod-name"] == "llm-1"
    assert labels["apps.kubernetes.io/pod-index"] == "1"
    status = eventually(lambda: (s := read(house, f"{SETS}/llm")["status"]).get("readyReplicas") == 2 and s)
    assert (status["replicas"], status["updatedReplicas"]) == (2, 2)
    assert status["currentRevision"] == status["updateRevision"] == labels["controller-revision-hash"]
    assert status["observedGeneration"] == 1
    assert {"FailedScheduling", "Scheduled", "Pulling", "Pulled", "Created", "Started"} <= set(
        reasons(house, "llm-0")
    )
    house.kube.ask("DELETE", f"{SETS}/llm")
    eventually(lambda: not pods_of(house, "llm"))
    house.client.agent_pools.begin_delete(*house.at, "llm", polling_interval=0.05).result()
    eventually(lambda: not house.objects(f"{NODES}?labelSelector=agentpool%3Dllm"))


def test_scaling_a_pool_in_drains_the_nodes_that_go(house: House) -> None:
    house.put_pool("shrink", count=2)
    pod = template("shrink", nodeSelector={"agentpool": "shrink"})
    anti = {"resources": {"requests": {"cpu": "20"}}}
    pod["spec"]["containers"][0] |= anti
    create(house, SETS, stateful("shrink", 2, pod, podManagementPolicy="Parallel"))
    eventually(lambda: are_ready(house, "shrink", 2))
    house.put_pool("shrink", count=1)
    eventually(lambda: len(house.objects(f"{NODES}?labelSelector=agentpool%3Dshrink")) == 1)
    left = eventually(lambda: [p for p in pods_of(house, "shrink").values() if not p["spec"].get("nodeName")])
    short = eventually(
        lambda: pods_of(house, "shrink")[left[0]["metadata"]["name"]]["status"].get("conditions")
    )
    assert "1 Insufficient cpu" in short[0]["message"]


def test_a_pod_that_tolerates_no_taint_is_told_so_in_the_schedulers_words(house: House) -> None:
    house.put_pool("tainted", nodeTaints=["sku=gpu:NoSchedule"])
    pod = template("intolerant", nodeSelector={"agentpool": "tainted"})
    create(house, SETS, stateful("intolerant", 1, pod))
    said = eventually(
        lambda: [one for one in conditions(house, "intolerant-0") if "{sku: gpu}" in one.get("message", "")]
    )
    assert said[0]["message"].startswith("0/")
    assert "node(s) had untolerated taint {sku: gpu}" in said[0]["message"]
    assert "Preemption is not helpful for scheduling" in said[0]["message"]


def test_a_simulated_containers_log_says_that_it_is_one(house: House) -> None:
    create(house, SETS, stateful("quiet", 1, template("quiet")))
    eventually(lambda: are_ready(house, "quiet", 1))
    assert "simulated" in house.kube.ask("GET", f"{PODS}/quiet-0/log").body


def test_an_image_is_pulled_once_a_node(house: House) -> None:
    same = template("again", {"image": "example.com/once:1"}, nodeSelector={"agentpool": "system"})
    create(house, SETS, stateful("again", 2, same))
    eventually(lambda: are_ready(house, "again", 2))
    assert "Pulling" in reasons(house, "again-0")
    assert "Pulling" not in reasons(house, "again-1")
