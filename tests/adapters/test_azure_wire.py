"""What the Azure door says on the wire, and what it does with the answers' headers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from reconciler.adapters.azure.arm import Terms
from reconciler.adapters.azure.cloud import AzureCloud
from reconciler.adapters.azure.credentials import Nobody
from reconciler.domain.cloud import AksStanding
from reconciler.domain.fleet import AksCluster
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredPool
from reconciler.faults import Conflict, Missing, Refused, Throttled
from tests.adapters.azure_answers import Watch, aks, arm, terms_by
from tests.adapters.scripted import Answer, Asked, Script, Scripted, document

CLUSTER = AksCluster(subscription="s", resource_group="g", name="c")
BELOW = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c"
POOL = DesiredPool(
    "wabc", WorkspaceName("default", "w"), "Standard_X", 1, b'{"properties":{"count":1}}', "sha"
)
IDS = {"x-ms-correlation-request-id": "c-1", "x-ms-request-id": "r-1"}
CREATED = document({"name": "wabc", "properties": {"provisioningState": "Creating"}}, 201, **IDS)


def counted(cloud: AzureCloud, name: str, call: str) -> float:
    """What the door's own tally says."""
    labels = (("call", call),)
    return next(each.value for each in cloud.tallies() if (each.name, each.labels) == (name, labels))


def cloud_of(server: Scripted, terms: Terms | None = None) -> AzureCloud:
    return AzureCloud(CLUSTER, Nobody(), server.url, "demo", terms)


def answered(script: Script, act: Callable[[AzureCloud], Any]) -> tuple[Any, list[Asked]]:
    with Scripted(script) as server:
        return act(cloud_of(server)), server.asked


@pytest.mark.parametrize(
    ("answer", "act", "method", "path"),
    [
        (CREATED, lambda cloud: cloud.ensure(POOL), "PUT", f"{BELOW}/agentPools/wabc"),
        (Answer(202, b"", IDS), lambda cloud: cloud.remove("wabc"), "DELETE", f"{BELOW}/agentPools/wabc"),
        (Answer(202, b"", IDS), lambda cloud: cloud.abort("wabc"), "POST", f"{BELOW}/agentPools/wabc/abort"),
    ],
)
def test_what_is_begun_is_told_by_its_correlation_id_after_one_request(
    answer: Answer, act: Callable[[AzureCloud], str], method: str, path: str
) -> None:
    told, asked = answered(lambda _: answer, act)
    assert told == "c-1"
    assert [(each.method, each.path) for each in asked] == [(method, path)]


def test_an_answer_without_a_correlation_id_is_told_by_its_request_id() -> None:
    answer = Answer(202, b"", {"x-ms-request-id": "r-1"})
    assert answered(lambda _: answer, lambda cloud: cloud.remove("wabc"))[0] == "r-1"


@pytest.mark.parametrize(
    "answer", [Answer(204, b"", IDS), aks(404, "AgentPoolNotFound"), arm(404, "NotFound")]
)
def test_removing_what_is_gone_begins_nothing(answer: Answer) -> None:
    assert answered(lambda _: answer, lambda cloud: cloud.remove("wabc"))[0] == ""


def test_removing_from_a_cluster_that_is_gone_is_missing() -> None:
    with pytest.raises(Missing) as caught:
        answered(lambda _: arm(404, "ResourceNotFound", **IDS), lambda cloud: cloud.remove("wabc"))
    assert caught.value.error is not None
    assert caught.value.error.correlation == "c-1"


@pytest.mark.parametrize("ignore", [True, False])
def test_disruption_budgets_are_ignored_only_where_it_was_asked(ignore: bool) -> None:
    _, asked = answered(
        lambda _: Answer(202, b""), lambda cloud: cloud.remove("w", ignore_disruption_budgets=ignore)
    )
    assert asked[0].query.get("ignore-pod-disruption-budget") == ("true" if ignore else None)


@pytest.mark.parametrize("answer", [aks(409, "OperationNotAllowed"), aks(404, "AgentPoolNotFound")])
def test_stopping_what_does_not_run_is_fine(answer: Answer) -> None:
    assert answered(lambda _: answer, lambda cloud: cloud.abort("wabc"))[0] == ""


@pytest.mark.parametrize(("raw", "header"), [(False, '"e-1"'), (True, "e-1")])
def test_an_etag_goes_quoted_or_bare_as_it_was_chosen(raw: bool, header: str) -> None:
    with Scripted(lambda _: CREATED) as server:
        cloud_of(server, Terms(raw_etags=raw)).ensure(POOL, etag="e-1")
        cloud_of(server, Terms(raw_etags=raw)).ensure(POOL)
    assert [asked.headers.get("if-match") for asked in server.asked] == [header, None]


def test_a_cluster_tells_its_power_state_its_region_and_how_many_pools_it_takes() -> None:
    properties = {"powerState": {"code": "Stopped"}, "provisioningState": "Succeeded", "maxAgentPools": 40}
    answer = document({"name": "c", "location": "westus3", "properties": properties})
    told, asked = answered(lambda _: answer, lambda cloud: cloud.standing())
    assert told == AksStanding("Stopped", "Succeeded", 40, "westus3")
    assert asked[0].path == BELOW


def test_a_cluster_that_tells_little_runs_and_takes_a_hundred() -> None:
    answer = document({"name": "c", "properties": {"provisioningState": "Updating"}})
    told, _ = answered(lambda _: answer, lambda cloud: cloud.standing())
    assert told == AksStanding("Running", "Updating", 100)


@pytest.mark.parametrize("elsewhere", ["http://127.0.0.2:{port}/next", "https://127.0.0.1:{port}/next"])
def test_a_next_page_at_somebody_elses_is_not_asked_for(elsewhere: str) -> None:
    link = elsewhere.replace("{port}", "9")
    with Scripted(lambda _: document({"value": [], "nextLink": link})) as server:
        for ask in (cloud_of(server).pools, cloud_of(server).offerings):
            with pytest.raises(Refused, match="not where we asked"):
                ask()
        assert len(server.asked) == 2


def test_a_subscription_is_never_registered_behind_its_owners_back() -> None:
    said = "The subscription is not registered to use namespace 'Microsoft.ContainerService'"
    with Scripted(lambda _: arm(409, "MissingSubscriptionRegistration", said)) as server:
        cloud = cloud_of(server)
        for ask in (cloud.pools, cloud.standing, cloud.offerings, lambda: cloud.ensure(POOL)):
            with pytest.raises(Refused) as caught:
                ask()
            assert caught.value.code == "MissingSubscriptionRegistration"
        assert [each.method for each in server.asked] == ["GET", "GET", "GET", "PUT"]


def test_each_page_of_a_list_counts_as_a_request_and_none_leaves_that_would_be_too_many() -> None:
    def endless(asked: Asked) -> Answer:
        return document({"value": [], "nextLink": f"http://{asked.headers['host']}{BELOW}/agentPools?x=1"})

    with Scripted(endless) as server:
        cloud = cloud_of(server, terms_by(Watch()))
        with pytest.raises(Throttled):
            cloud.pools()
        assert len(server.asked) == 58
        assert counted(cloud, "towline_azure_requests", "other") == 58


def test_a_pool_is_changed_in_one_burst_and_then_once_a_minute() -> None:
    watch = Watch()
    with Scripted(lambda _: CREATED) as server:
        cloud = cloud_of(server, terms_by(watch))
        for _ in range(18):
            cloud.ensure(POOL)
        with pytest.raises(Throttled) as caught:
            cloud.ensure(POOL)
        watch.seconds += caught.value.retry_after
        cloud.ensure(POOL)
        assert len(server.asked) == 19


def test_after_a_429_nothing_of_its_kind_is_asked_until_azures_time_is_over() -> None:
    answers = [arm(429, "Throttled", **{"Retry-After": "90"}), CREATED, CREATED]
    watch = Watch()
    with Scripted(lambda _: answers.pop(0)) as server:
        cloud = cloud_of(server, terms_by(watch))
        for wait in (90, 90):
            with pytest.raises(Throttled) as caught:
                cloud.ensure(POOL)
            assert caught.value.retry_after == wait
        assert len(server.asked) == 1
        watch.seconds += 90
        cloud.ensure(POOL)
        assert len(server.asked) == 2
    assert counted(cloud, "towline_azure_throttled", "change pool") == 2


def test_where_requests_run_short_what_was_just_seen_serves_until_something_changes() -> None:
    watch = Watch()
    with Scripted(lambda asked: CREATED if asked.method == "PUT" else document({"value": []})) as server:
        cloud = cloud_of(server, terms_by(watch))
        for _ in range(100):
            cloud.pools()
        assert len(server.asked) == 38
        cloud.ensure(POOL)
        cloud.pools()
        cloud.pools()
        assert len(server.asked) == 40
        watch.seconds += 15
        cloud.pools()
        assert len(server.asked) == 41


def test_a_look_that_azure_throttles_is_told_where_nothing_was_seen_lately() -> None:
    answers = [document({"value": []}), *[arm(429, "Throttled", **{"Retry-After": "60"})] * 2]
    watch = Watch()
    with Scripted(lambda _: answers.pop(0)) as server:
        cloud = cloud_of(server, terms_by(watch))
        assert cloud.pools() == {}
        assert cloud.pools() == {}
        watch.seconds += 16
        with pytest.raises(Throttled):
            cloud.pools()
        assert len(server.asked) == 2


def test_changes_reach_the_cluster_one_after_another() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def script(_: Asked) -> Answer:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.02)
        with lock:
            inside -= 1
        return CREATED

    with Scripted(script) as server, ThreadPoolExecutor(8) as workers:
        cloud = cloud_of(server)
        list(workers.map(lambda _: cloud.ensure(POOL), range(8)))
    assert (most, len(server.asked)) == (1, 8)


def test_a_conflict_keeps_its_correlation_id() -> None:
    with pytest.raises(Conflict) as caught:
        answered(lambda _: aks(409, "OperationNotAllowed", **IDS), lambda cloud: cloud.ensure(POOL))
    assert caught.value.error is not None
    assert caught.value.error.correlation == "c-1"
