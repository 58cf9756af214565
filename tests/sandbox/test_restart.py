"""A world survives the restart of its sandbox."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from .conftest import House, Sandbox, SandboxSettings, eventually, open_house
from .objects import NODES, SETS, are_ready, create, pods_of, stateful, template


def test_pools_nodes_and_pods_are_there_again(build, tmp_path: Path) -> None:
    first: House = build()
    etag = first.put_pool("kept", nodeLabels={"a": "b"}).e_tag
    pod = template("kept", nodeSelector={"agentpool": "kept"})
    create(first, SETS, stateful("kept", 1, pod))
    before = eventually(lambda: are_ready(first, "kept", 1))
    first.sandbox.stop()
    second: House = build()
    pool = second.client.agent_pools.get(*second.at, "kept")
    assert (pool.provisioning_state, pool.e_tag, pool.node_labels) == ("Succeeded", etag, {"a": "b"})
    after = pods_of(second, "kept")
    assert after["kept-0"]["metadata"]["uid"] == before["kept-0"]["metadata"]["uid"]
    assert len(second.objects(f"{NODES}?labelSelector=agentpool%3Dkept")) == 1
    second.kube.ask("PATCH", f"{SETS}/kept", {"spec": {"replicas": 2}})
    eventually(lambda: are_ready(second, "kept", 2))


def test_what_was_being_made_is_made_on(build) -> None:
    first: House = build(speed=0.1)
    body = {"properties": {"vmSize": "Standard_D4s_v5", "count": 1}}
    poll = first.arm.ask("PUT", first.pool_path("midway"), body).headers["azure-asyncoperation"]
    first.sandbox.stop()
    second: House = build()
    path = poll.partition("/subscriptions")[2]
    eventually(lambda: second.arm.ask("GET", f"/subscriptions{path}").body["status"] == "Succeeded")
    eventually(lambda: second.objects(f"{NODES}?labelSelector=agentpool%3Dmidway"))


def test_the_token_stays_the_same_and_the_kubeconfig_is_private(build) -> None:
    first: House = build()
    assert stat.S_IMODE(first.sandbox.kubeconfig.stat().st_mode) == 0o600
    first.sandbox.stop()
    second: House = build()
    assert second.kube.token == first.kube.token
    assert stat.S_IMODE((second.sandbox.settings.state / "world.jsonl").stat().st_mode) == 0o600


def test_time_does_not_go_back(build) -> None:
    first: House = build(speed=100_000)
    first.put_pool("early")
    first.sandbox.stop()
    second: House = build()
    made = second.objects(f"{NODES}?labelSelector=agentpool%3Dearly")[0]["metadata"]["creationTimestamp"]
    second.put_pool("late")
    late = eventually(lambda: second.objects(f"{NODES}?labelSelector=agentpool%3Dlate"))
    assert late[0]["metadata"]["creationTimestamp"] > made


def test_a_file_that_is_no_snapshot_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "world.jsonl").write_text('{"form": 99}')
    sandbox = Sandbox(SandboxSettings(tmp_path))
    with pytest.raises(ValueError, match="not a snapshot"):
        sandbox.start()
    assert (tmp_path / "world.jsonl").read_text() == '{"form": 99}'


def test_a_taken_port_is_an_os_error(build, tmp_path: Path) -> None:
    house: House = build()
    port = int(house.sandbox.arm_url.rpartition(":")[2])
    other = Sandbox(SandboxSettings(tmp_path / "other", arm_port=port))
    with pytest.raises(OSError, match="in use"):
        other.start()


def test_a_second_sandbox_over_the_same_state_opens_after_the_first_is_stopped(build, tmp_path: Path) -> None:
    house: House = build()
    house.sandbox.stop()
    house.sandbox.start()
    assert open_house(house.sandbox).arm.ask("GET", house.pool_path("system")).status == 200
