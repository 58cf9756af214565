"""Spot pools, zones and disks, as AKS was recorded to answer and to refuse them."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Build, House
from .pools import codes, ended, put, refused

TAINT = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"


def test_a_spot_pool_comes_back_with_its_policy_price_label_and_taint(shared: House) -> None:
    put(
        shared,
        "spot",
        scaleSetPriority="Spot",
        nodeTaints=["sku=gpu:NoSchedule"],
        nodeLabels={"kaito.sh/workspace": "w"},
    )
    told = ended(shared, "spot")
    assert (told["scaleSetPriority"], told["scaleSetEvictionPolicy"]) == ("Spot", "Delete")
    assert told["spotMaxPrice"] == -1
    assert told["nodeTaints"] == ["sku=gpu:NoSchedule", TAINT]
    assert told["nodeLabels"] == {
        "kaito.sh/workspace": "w",
        "kubernetes.azure.com/scalesetpriority": "spot",
    }
    assert told["upgradeSettings"] == {"undrainableNodeBehavior": "Schedule"}


def test_a_spot_pool_is_changed_by_the_body_that_made_it(shared: House) -> None:
    wanted: dict[str, Any] = {"scaleSetPriority": "Spot", "nodeTaints": ["sku=gpu:NoSchedule"]}
    put(shared, "again", **wanted)
    ended(shared, "again")
    put(shared, "again", **wanted, count=2)
    assert ended(shared, "again")["count"] == 2


@pytest.mark.parametrize("setting", ["maxSurge", "maxUnavailable"])
def test_a_spot_pool_takes_no_surge_settings(shared: House, setting: str) -> None:
    failure = refused(shared, "surge", scaleSetPriority="Spot", upgradeSettings={setting: "1"})
    assert (failure.status_code, codes(failure.error)) == (400, ["InvalidParameter"])
    assert "Spot pools can't set max" in str(failure.error)


def test_what_is_said_of_spot_with_regular_priority_is_left_out(shared: House) -> None:
    put(shared, "regular", scaleSetPriority="Regular", scaleSetEvictionPolicy="Delete", spotMaxPrice=-1.0)
    assert not {"scaleSetPriority", "scaleSetEvictionPolicy", "spotMaxPrice"} & set(ended(shared, "regular"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"scaleSetPriority": "Spot"}),
        ({"scaleSetPriority": "Spot"}, {"scaleSetPriority": "Spot", "spotMaxPrice": 2}),
        ({"availabilityZones": ["1"]}, {"availabilityZones": ["2"]}),
        ({"osSKU": "Ubuntu"}, {"osSKU": "AzureLinux"}),
        ({}, {"gpuProfile": {"driver": "None"}}),
        ({}, {"osDiskSizeGB": 256}),
    ],
)
def test_what_places_and_equips_a_pool_is_settled_at_its_creation(
    build: Build, before: dict[str, Any], after: dict[str, Any]
) -> None:
    house = build()
    put(house, "fixed", **before)
    ended(house, "fixed")
    failure = refused(house, "fixed", **after)
    assert codes(failure.error) == ["PropertyChangeNotAllowed"]


def test_an_os_of_the_same_family_may_be_chosen_later(shared: House) -> None:
    put(shared, "family")
    ended(shared, "family")
    put(shared, "family", osSKU="Ubuntu2404")
    assert ended(shared, "family")["osSKU"] == "Ubuntu2404"


def test_a_zone_the_size_is_not_offered_in_is_refused(shared: House) -> None:
    failure = refused(shared, "zone", availabilityZones=["4"])
    assert codes(failure.error) == ["AvailabilityZoneNotSupported"]
    assert "supported zones for location 'eastus' are '1,2,3'" in str(failure.error)


def test_the_os_disk_is_managed_where_the_cache_is_too_small_for_it(shared: House) -> None:
    put(shared, "disk", osDiskSizeGB=1024)
    assert ended(shared, "disk")["osDiskType"] == "Managed"
    put(shared, "plain", vmSize="Standard_D4s_v5")
    assert ended(shared, "plain")["osDiskType"] == "Managed"


def test_an_ephemeral_disk_larger_than_the_cache_is_refused(shared: House) -> None:
    failure = refused(
        shared, "cache", vmSize="Standard_NC4as_T4_v3", osDiskSizeGB=180, osDiskType="Ephemeral"
    )
    assert codes(failure.error) == ["VMCacheSizeTooSmall"]
    assert "but the OS disk requires 193273528320 bytes" in str(failure.error)


def test_spot_pools_have_a_quota_of_their_own_that_tells_itself_late(build: Build) -> None:
    house = build(quota_vcpus=24, spot_vcpus=48)
    put(house, "demand")
    put(house, "spot", scaleSetPriority="Spot", count=2)
    assert ended(house, "spot")["provisioningState"] == "Succeeded"
    put(house, "more", scaleSetPriority="Spot")
    error = ended(house, "more")["status"]["provisioningError"]
    assert codes(error) == ["QuotaExceeded", "OperationNotAllowed"]
    assert "LowPriorityCores quota" in error["message"]
    assert "Current Limit: 48, Current Usage: 48, Additional Required: 24" in error["message"]
    assert ended(house, "demand")["provisioningState"] == "Succeeded"


def test_the_regions_quota_is_told_at_once_with_its_numbers(build: Build) -> None:
    house = build(regional_vcpus=30)
    failure = refused(house, "regional", count=2)
    assert codes(failure.error) == ["QuotaExceeded", "OperationNotAllowed"]
    assert "Current Limit: 30, Current Usage: 4, Additional Required: 48" in str(failure.error)
    put(house, "small")
    assert ended(house, "small")["provisioningState"] == "Succeeded"


def test_a_cluster_takes_as_many_pools_as_it_was_built_for(build: Build) -> None:
    house = build(most_pools=2)
    put(house, "second")
    assert codes(refused(house, "third").error) == ["InvalidParameter"]
    assert house.client.managed_clusters.get(*house.at).max_agent_pools == 2
