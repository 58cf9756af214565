"""The Azure door, with the vendor's own SDK, against the sandbox's ARM API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.azure.arm import Terms
from reconciler.adapters.azure.cloud import AzureCloud, observed_pool
from reconciler.adapters.azure.credentials import credential
from reconciler.domain.fleet import AksCluster
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredPool
from reconciler.faults import Broken, Conflict, Missing, Refused, Throttled, Unreachable
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings

SPEED = 600
A100 = "Standard_NC24ads_A100_v4"
WORKSPACE = WorkspaceName("ml", "phi")
TAGS = {"towline-fleet": "demo", "towline-workspace": "phi", "towline-workspace-namespace": "ml"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=SPEED, quota_vcpus=10_000)) as sandbox:
        yield sandbox


@pytest.fixture
def cloud(world: Sandbox) -> Iterator[AzureCloud]:
    cloud = cloud_of(world)
    yield cloud
    cloud.close()


def cloud_of(world: Sandbox, terms: Terms | None = None, **where: str) -> AzureCloud:
    at = {"subscription": world.subscription, "resource_group": world.resource_group, "name": world.cluster}
    cluster = AksCluster.model_validate(at | where)
    return AzureCloud(cluster, credential("none", {}), world.arm_url, "demo", terms or Terms(pace=SPEED))


def pool(name: str, count: int = 1, size: str = A100, **properties: Any) -> DesiredPool:
    asked = {"vmSize": size, "count": count, "mode": "User", "tags": TAGS, **properties}
    return DesiredPool(name, WORKSPACE, size, count, json.dumps({"properties": asked}).encode(), "sha")


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        waiting.wait(0.02)
    pytest.fail("it never came to be")


def test_a_pool_is_begun_and_seen_by_the_next_look_as_ours(cloud: AzureCloud) -> None:
    cloud.ensure(pool("wabc", 2))
    seen = cloud.pools()["wabc"]
    assert (seen.instance_type, seen.count, seen.state, seen.error) == (A100, 2, "Creating", None)
    assert (seen.owner, seen.fleet) == (WORKSPACE, "demo")
    assert seen.etag
    eventually(lambda: cloud.pools()["wabc"].state == "Succeeded")


def test_a_pool_that_is_not_ours_has_no_owner(cloud: AzureCloud) -> None:
    (system,) = cloud.pools().values()
    assert (system.name, system.owner, system.fleet, system.state) == ("system", None, "", "Succeeded")


def test_beginning_asks_once_and_waits_for_nothing(world: Sandbox, cloud: AzureCloud) -> None:
    threads = threading.active_count()
    cloud.ensure(pool("wabc"))
    cloud.remove("nothere")
    assert [(asked.method, asked.status) for asked in world.requests] == [("PUT", 201), ("DELETE", 204)]
    assert threading.active_count() == threads
    assert all("towline/" in asked.agent and "fleet/demo" in asked.agent for asked in world.requests)


def test_all_pages_of_the_list_are_read(world: Sandbox, cloud: AzureCloud) -> None:
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(cloud.ensure, [pool(f"w{number:03}") for number in range(60)]))
    world.requests.clear()
    assert len(cloud.pools()) == 61
    assert len(world.requests) == 3


def test_a_pool_is_removed_and_removing_it_again_is_fine(cloud: AzureCloud) -> None:
    cloud.ensure(pool("wabc"))
    eventually(lambda: cloud.pools()["wabc"].state == "Succeeded")
    cloud.remove("wabc")
    assert cloud.pools()["wabc"].state == "Deleting"
    eventually(lambda: "wabc" not in cloud.pools())
    cloud.remove("wabc")


def test_a_pool_on_which_something_runs_is_a_conflict_that_passes(cloud: AzureCloud) -> None:
    cloud.ensure(pool("wabc"))
    with pytest.raises(Conflict) as caught:
        cloud.ensure(pool("wabc", 2))
    assert (caught.value.code, caught.value.transient) == ("OperationNotAllowed", True)
    with pytest.raises(Conflict):
        cloud.remove("wabc")


@pytest.mark.parametrize("raw", [True, False])
def test_an_etag_lets_a_change_through_only_on_what_was_seen(world: Sandbox, raw: bool) -> None:
    cloud = cloud_of(world, Terms(raw_etags=raw, pace=SPEED))
    cloud.ensure(pool("wabc"))
    eventually(lambda: cloud.pools()["wabc"].state == "Succeeded")
    etag = cloud.pools()["wabc"].etag
    with pytest.raises(Conflict) as caught:
        cloud.ensure(pool("wabc", 2), etag="another")
    assert caught.value.code == "PreconditionFailed"
    cloud.ensure(pool("wabc", 2), etag=etag)
    assert cloud.pools()["wabc"].count == 2


@pytest.mark.parametrize("where", [{"name": "gone"}, {"resource_group": "gone"}, {"subscription": "gone"}])
def test_a_cluster_that_is_gone_is_missing_and_never_an_empty_list(
    world: Sandbox, where: dict[str, str]
) -> None:
    cloud = cloud_of(world, None, **where)
    with pytest.raises(Missing):
        cloud.pools()
    with pytest.raises(Missing):
        cloud.ensure(pool("wabc"))
    with pytest.raises(Missing):
        cloud.remove("wabc")


def test_quota_is_refused_with_its_code_and_told_in_one_sentence(world: Sandbox, cloud: AzureCloud) -> None:
    world.ask("no-quota")
    with pytest.raises(Refused) as caught:
        cloud.ensure(pool("wabc"))
    assert caught.value.code == "ErrCode_InsufficientVCPUQuota"
    assert str(caught.value).startswith("ErrCode_InsufficientVCPUQuota: Insufficient vcpu quota requested 24")
    assert "wabc" not in cloud.pools()


@pytest.mark.parametrize(
    ("name", "size", "code"),
    [("Wabc", A100, "InvalidParameter"), ("wabc", "Standard_X", "VMSizeNotSupported")],
)
def test_what_azure_does_not_know_is_refused(cloud: AzureCloud, name: str, size: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        cloud.ensure(pool(name, size=size))
    assert caught.value.code == code


def test_a_pool_without_hardware_fails_and_says_why(world: Sandbox, cloud: AzureCloud) -> None:
    world.ask("no-capacity")
    cloud.ensure(pool("wabc"))
    eventually(lambda: cloud.pools()["wabc"].state == "Failed")
    error = cloud.pools()["wabc"].error
    assert error is not None
    assert (error.status, error.code) == (200, "AllocationFailed")
    assert error.message.startswith("AllocationFailed: ")


def test_trouble_of_the_api_is_a_fault_after_one_request(world: Sandbox) -> None:
    cloud = cloud_of(world, Terms(read_seconds=0.3, pace=SPEED))
    for word, fault in (
        ("api-500:1@arm", Broken),
        ("hanging-api:1@arm", Unreachable),
    ):
        world.ask("none", word)
        world.requests.clear()
        with pytest.raises(fault):
            cloud.pools()
        assert len(cloud.pools()) == 1
        eventually(lambda: len(world.requests) >= 2)


def test_a_throttled_answer_says_when_to_come_back(world: Sandbox, cloud: AzureCloud) -> None:
    world.ask("throttled@arm")
    with pytest.raises(Throttled) as caught:
        cloud.pools()
    assert (caught.value.code, caught.value.retry_after) == ("Throttled", 1)


def test_eight_threads_may_ask_at_once(cloud: AzureCloud) -> None:
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(cloud.ensure, [pool(f"w{number:03}") for number in range(24)]))
        lists = list(workers.map(lambda _: len(cloud.pools()), range(8)))
    assert lists == [25] * 8


def test_an_azure_that_counts_never_has_to_say_that_it_was_too_much(tmp_path: Path) -> None:
    settings = SandboxSettings(tmp_path, speed=10, quota_vcpus=10_000, throttling=True)
    with Sandbox(settings) as world:
        cloud = cloud_of(world, Terms(pace=10))
        held = 0
        for number in range(150):
            for ask in (cloud.pools, cloud.standing, lambda n=number: cloud.ensure(pool("wabc", n % 3 + 1))):
                held += throttled(ask)
        told = cloud.tallies()
    assert held > 0
    assert {asked.status for asked in world.requests} <= {200, 201, 409}
    assert len(world.requests) == sum(each.value for each in told if each.name == "towline_azure_requests")


def throttled(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except Throttled:
        return True
    except Conflict:
        return False
    return False


@pytest.mark.parametrize(
    ("name", "labels", "owner", "is_tagged"),
    [
        ("wabcdefgh23", True, WorkspaceName("default", "phi"), False),
        ("gpupool", True, None, True),
        ("wabcdefgh23", False, None, True),
    ],
)
def test_whose_a_pool_is_without_its_tags_its_labels_say(
    name: str, labels: bool, owner: WorkspaceName | None, is_tagged: bool
) -> None:
    marks = {
        "towline.dev/fleet": "demo", "kaito.sh/workspace": "phi", "kaito.sh/workspacenamespace": "default"
    }  # fmt: skip
    properties = {"vmSize": "x", "count": 1, "nodeLabels": marks if labels else {}, "tags": {"team": "a"}}

    pool = observed_pool({"name": name, "properties": properties})

    assert (pool.owner, pool.is_tagged) == (owner, is_tagged)
    assert pool.fleet == ("demo" if owner else "")
