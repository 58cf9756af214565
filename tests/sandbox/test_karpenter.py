"""Static NodePools become NodeClaims and nodes."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import House, eventually
from .objects import NODES, SETS, are_ready, create, holds, read, stateful, template

POOLS = "/apis/karpenter.sh/v1/nodepools"
CLAIMS = "/apis/karpenter.sh/v1/nodeclaims"


def node_pool(name: str, replicas: int) -> dict[str, Any]:
    rule = {
        "key": "node.kubernetes.io/instance-type",
        "operator": "In",
        "values": ["Standard_NC24ads_A100_v4"],
    }
    spec = {"requirements": [rule], "taints": [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]}
    labels = {"karpenter.kaito.sh/workspace-name": name}
    body = {"replicas": replicas, "template": {"metadata": {"labels": labels}, "spec": spec}}
    return {"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": name}, "spec": body}


@pytest.fixture
def karpenter(build) -> House:
    house: House = build()
    return house


def test_a_node_pool_becomes_ready_claims_nodes_and_running_pods(karpenter: House) -> None:
    create(karpenter, POOLS, node_pool("phi", 2))
    claims = eventually(lambda: len(found := ready_claims(karpenter)) == 2 and found)
    node = read(karpenter, f"{NODES}/{claims[0]['status']['nodeName']}")
    assert node["metadata"]["labels"]["karpenter.sh/nodepool"] == "phi"
    assert node["metadata"]["labels"]["karpenter.kaito.sh/workspace-name"] == "phi"
    assert node["spec"]["providerID"] == claims[0]["status"]["providerID"]
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"
    taints = [{"key": "sku", "operator": "Exists"}]
    pod = template("phi", nodeSelector={"karpenter.sh/nodepool": "phi"}, tolerations=taints)
    create(karpenter, SETS, stateful("phi", 1, pod))
    eventually(lambda: are_ready(karpenter, "phi", 1))
    eventually(lambda: read(karpenter, f"{POOLS}/phi")["status"]["nodes"] == 2)


def test_a_node_pool_takes_its_nodes_with_it(karpenter: House) -> None:
    create(karpenter, POOLS, node_pool("gone", 1))
    eventually(lambda: ready_claims(karpenter))
    karpenter.kube.ask("DELETE", f"{POOLS}/gone")
    eventually(lambda: not karpenter.objects(CLAIMS))
    eventually(lambda: not karpenter.objects(f"{NODES}?labelSelector=karpenter.sh/nodepool%3Dgone"))


def test_a_claim_without_capacity_says_so_and_is_tried_again(karpenter: House) -> None:
    karpenter.sandbox.ask("no-capacity:1")
    create(karpenter, POOLS, node_pool("scarce", 1))
    failed = eventually(lambda: [one for claim in karpenter.objects(CLAIMS) for one in failures(claim)])
    assert failed[0]["message"] == "all requested instance types were unavailable during launch"
    eventually(lambda: ready_claims(karpenter))


def test_a_spot_claims_node_says_so_and_is_struck_by_its_capacity_type(karpenter: House) -> None:
    karpenter.sandbox.ask("no-capacity:1@spot")
    pool = node_pool("cheap", 1)
    rules = pool["spec"]["template"]["spec"]["requirements"]
    rules.append({"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["spot"]})
    create(karpenter, POOLS, node_pool("dear", 1))
    (claim,) = eventually(lambda: ready_claims(karpenter))
    node = read(karpenter, f"{NODES}/{claim['status']['nodeName']}")
    assert node["metadata"]["labels"]["karpenter.sh/capacity-type"] == "on-demand"
    create(karpenter, POOLS, pool)
    eventually(lambda: [one for claim in karpenter.objects(CLAIMS) for one in failures(claim)])
    eventually(lambda: len(ready_claims(karpenter)) == 2)
    path = f"{NODES}?labelSelector=karpenter.sh/capacity-type%3Dspot"
    assert len(karpenter.objects(path)) == 1


def ready_claims(house: House) -> list[dict[str, Any]]:
    return [claim for claim in house.objects(CLAIMS) if holds(claim, "Ready")]


def failures(claim: dict[str, Any]) -> list[dict[str, Any]]:
    told = claim.get("status", {}).get("conditions", [])
    return [one for one in told if one.get("reason") == "LaunchFailed"]
