"""The cluster's own state: stopped and started by its owner over ARM, or as a trouble has it."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from .conftest import Build, House, eventually
from .objects import NODES, SETS, are_ready, create, holds, pods_of, stateful, template
from .pools import ended, put, refused

UNREACHABLE = {"node.kubernetes.io/unreachable"}


def standing(house: House) -> tuple[str, str]:
    cluster: Any = house.client.managed_clusters.get(*house.at)
    return cluster.power_state.code, cluster.provisioning_state


def nodes_of(house: House, pool: str) -> list[dict[str, Any]]:
    return house.objects(f"{NODES}?labelSelector=agentpool%3D{pool}")


def readiness(node: dict[str, Any]) -> str:
    return next(str(one["status"]) for one in node["status"]["conditions"] if one["type"] == "Ready")


def taints(node: dict[str, Any]) -> set[str]:
    return {one["key"] for one in node["spec"].get("taints", ())}


def test_a_stopped_cluster_answers_lists_refuses_writes_and_loses_its_nodes(build: Build) -> None:
    house = build()
    put(house, "gpu")
    eventually(lambda: any(holds(node, "Ready") for node in nodes_of(house, "gpu")))
    house.client.managed_clusters.begin_stop(*house.at, polling_interval=0.05).result()
    assert standing(house) == ("Stopped", "Succeeded")
    pools = {pool.name: pool for pool in house.client.agent_pools.list(*house.at)}
    assert pools["gpu"].power_state.code == "Stopped"
    with pytest.raises(ResourceExistsError, match="OperationNotAllowed") as failure:
        house.client.agent_pools.begin_delete(*house.at, "gpu", polling=False)
    assert "Power State(Stopped)" in str(failure.value)
    assert refused(house, "new").status_code == 409
    (node,) = eventually(lambda: [one for one in nodes_of(house, "gpu") if readiness(one) == "Unknown"])
    assert taints(node) == UNREACHABLE
    with pytest.raises(HttpResponseError, match="stopping cannot be performed"):
        house.client.managed_clusters.begin_stop(*house.at, polling=False)


def test_a_started_cluster_has_its_nodes_pods_and_writes_back(build: Build) -> None:
    house = build()
    create(house, SETS, stateful("served", 1, template("served", nodeSelector={"agentpool": "gpu"})))
    put(house, "gpu")
    eventually(lambda: are_ready(house, "served", 1))
    house.client.managed_clusters.begin_stop(*house.at, polling_interval=0.05).result()
    eventually(lambda: not holds(pods_of(house, "served")["served-0"], "Ready"))
    house.client.managed_clusters.begin_start(*house.at, polling_interval=0.05).result()
    assert standing(house) == ("Running", "Succeeded")
    (node,) = eventually(lambda: [one for one in nodes_of(house, "gpu") if holds(one, "Ready")])
    assert not taints(node)
    eventually(lambda: are_ready(house, "served", 1))
    put(house, "gpu", count=2)
    assert ended(house, "gpu")["count"] == 2


def test_a_cluster_stays_stopped_when_the_sandbox_starts_again(build: Build) -> None:
    first = build()
    first.client.managed_clusters.begin_stop(*first.at, polling_interval=0.05).result()
    first.sandbox.stop()
    second = build()
    assert standing(second) == ("Stopped", "Succeeded")
    second.client.managed_clusters.begin_start(*second.at, polling_interval=0.05).result()
    eventually(lambda: all(holds(node, "Ready") for node in nodes_of(second, "system")))


@pytest.mark.parametrize(
    ("trouble", "told", "words"),
    [
        ("cluster-stopped", ("Stopped", "Succeeded"), "Power State(Stopped)"),
        ("cluster-starting", ("Running", "Starting"), "Provisioning State(Starting)"),
        ("cluster-upgrading", ("Running", "Upgrading"), "Another operation (sandbox - Upgrading)"),
    ],
)
def test_a_cluster_that_is_not_at_rest_refuses_writes_while_reads_go_on(
    troubled: House, trouble: str, told: tuple[str, str], words: str
) -> None:
    troubled.sandbox.ask(trouble)
    assert standing(troubled) == told
    failure = refused(troubled, "frozen")
    assert failure.status_code == 409
    assert words in str(failure)
    assert {"system"} <= {pool.name for pool in troubled.client.agent_pools.list(*troubled.at)}
    troubled.sandbox.ask(f"{trouble}:0")
    assert standing(troubled) == ("Running", "Succeeded")


def test_a_cluster_that_is_updating_takes_writes(troubled: House) -> None:
    troubled.sandbox.ask("cluster-updating")
    assert standing(troubled) == ("Running", "Updating")
    put(troubled, "meanwhile")
    assert ended(troubled, "meanwhile")["provisioningState"] == "Succeeded"


def test_nodes_come_back_when_the_trouble_of_a_stopped_cluster_is_over(troubled: House) -> None:
    troubled.sandbox.ask("cluster-stopped")
    eventually(lambda: all(readiness(node) == "Unknown" for node in troubled.objects(NODES)))
    troubled.sandbox.ask("none")
    eventually(lambda: all(readiness(node) == "True" for node in troubled.objects(NODES)))
