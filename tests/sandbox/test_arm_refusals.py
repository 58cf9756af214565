"""What ARM and AKS refuse, and how they word it."""

from __future__ import annotations

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
)

from .conftest import House

GPU = {"vmSize": "Standard_NC24ads_A100_v4", "count": 1}


def test_another_write_to_a_busy_pool_is_refused_409(build) -> None:
    house = build(pool_seconds=100_000)
    body = {"properties": GPU}
    house.client.agent_pools.begin_create_or_update(*house.at, "busy", body, polling=False)
    with pytest.raises(ResourceExistsError) as refused:
        house.client.agent_pools.begin_create_or_update(*house.at, "busy", body, polling=False)
    assert refused.value.status_code == 409
    assert refused.value.error is not None
    assert refused.value.error.code == "OperationNotAllowed"
    assert "in progress create node pool operation" in refused.value.error.message
    assert house.arm.ask("DELETE", house.pool_path("busy")).status == 409


def test_a_write_with_another_etag_is_refused_412(house: House) -> None:
    house.put_pool("stale")
    with pytest.raises(ResourceModifiedError):
        house.client.agent_pools.begin_create_or_update(
            *house.at,
            "stale",
            {"properties": GPU},
            etag="another",
            match_condition=MatchConditions.IfNotModified,
        )
    with pytest.raises(ResourceExistsError):
        house.client.agent_pools.begin_create_or_update(
            *house.at, "stale", {"properties": GPU}, etag="*", match_condition=MatchConditions.IfMissing
        )


@pytest.mark.parametrize(
    ("name", "properties", "code"),
    [
        ("Upper", {}, "InvalidParameter"),
        ("averylongname", {}, "InvalidParameter"),
        ("1digit", {}, "InvalidParameter"),
        ("fine", {"count": -1}, "InvalidParameter"),
        ("fine", {"count": 1001}, "InvalidParameter"),
        ("fine", {"mode": "Sometimes"}, "InvalidParameter"),
        ("fine", {"nodeTaints": ["sku"]}, "InvalidParameter"),
        ("fine", {"vmSize": "Standard_Nothing"}, "VMSizeNotSupported"),
        ("fine", {"vmSize": None}, "InvalidParameter"),
    ],
)
def test_what_aks_would_refuse_is_refused_400(house: House, name: str, properties: dict, code: str) -> None:
    with pytest.raises(HttpResponseError) as refused:
        house.put_pool(name, **properties)
    assert refused.value.status_code == 400
    assert refused.value.error is not None
    assert refused.value.error.code == code


def test_what_is_settled_at_creation_cannot_be_changed(house: House) -> None:
    house.put_pool("fixed")
    with pytest.raises(HttpResponseError) as refused:
        house.put_pool("fixed", vmSize="Standard_NC48ads_A100_v4")
    assert refused.value.error is not None
    assert refused.value.error.code == "PropertyChangeNotAllowed"
    assert house.put_pool("fixed", vmSize="STANDARD_NC24ADS_A100_V4").provisioning_state == "Succeeded"


def test_the_last_system_pool_cannot_be_deleted(house: House) -> None:
    assert house.arm.ask("DELETE", house.pool_path("system")).status == 400


def test_a_hundred_pools_are_the_most(build) -> None:
    house = build(quota_vcpus=100_000)
    small = {"properties": {"vmSize": "Standard_D4s_v5", "count": 0}}
    answers = [house.arm.ask("PUT", house.pool_path(f"p{n}"), small) for n in range(100)]
    assert [said.status for said in answers] == [201] * 99 + [400]
    assert len(list(house.client.agent_pools.list(*house.at))) == 100


def test_more_vcpus_than_the_familys_quota_are_refused_with_the_nested_words(build) -> None:
    house = build(quota_vcpus=100)
    house.put_pool("some", count=2)
    with pytest.raises(HttpResponseError) as refused:
        house.put_pool("more", count=3)
    error = refused.value.error
    assert refused.value.status_code == 400
    assert error is not None
    assert error.code == "ErrCode_InsufficientVCPUQuota"
    assert "requested 72, remaining 52 for family StandardNCADSA100v4Family" in error.details[0].message
    assert error.details[0].message in error.message
    with pytest.raises(HttpResponseError, match="requested 96, remaining 52"):
        house.put_pool("some", count=6)
    assert house.put_pool("some", count=1).count == 1


def test_a_request_without_an_api_version_is_refused(house: House) -> None:
    assert house.arm.ask("GET", house.cluster_path).status == 400


def test_other_groups_and_subscriptions_are_not_found(house: House) -> None:
    other = house.cluster_path.replace("towline-sandbox", "other")
    said = house.arm.ask("GET", f"{other}?api-version=2026-08-01")
    assert (said.status, said.body["error"]["code"]) == (404, "ResourceGroupNotFound")
    other = house.cluster_path.replace(house.sandbox.subscription, "other")
    said = house.arm.ask("GET", f"{other}?api-version=2026-08-01")
    assert (said.status, said.body["error"]["code"]) == (404, "SubscriptionNotFound")


def test_a_body_that_is_no_json_object_is_refused(house: House) -> None:
    assert house.arm.ask("PUT", house.pool_path("list"), [1]).status == 400


def test_pools_are_throttled_as_aks_does_when_asked_for(build) -> None:
    house = build(throttling=True, speed=0.01)
    answers = [house.arm.ask("PUT", house.pool_path("often"), {"properties": GPU}) for _ in range(21)]
    assert [said.status for said in answers] == [201] + [409] * 19 + [429]
    assert answers[-1].body["error"]["code"] == "Throttled"
    assert int(answers[-1].headers["retry-after"]) >= 1
