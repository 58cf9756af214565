"""What Microsoft.Compute answers about sizes and quota, as the door keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.adapters.azure.cloud import AzureCloud
from reconciler.adapters.azure.credentials import Nobody
from reconciler.domain.cloud import Offering, Usage
from reconciler.domain.fleet import AksCluster
from reconciler.faults import Broken, Forbidden, Throttled
from tests.adapters.azure_answers import Watch, arm, terms_by
from tests.adapters.scripted import Answer, Asked, Script, Scripted, document

CLUSTER = AksCluster(subscription="s", resource_group="g", name="c", location="eastus")


def sku(name: str, *restrictions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A SKU in the shape of the Resource SKUs API."""
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "tier": "Standard",
        "family": "StandardNCADSA100v4Family",
        "locations": ["eastus"],
        "locationInfo": [{"location": "eastus", "zones": ["3", "1"], "zoneDetails": []}],
        "capabilities": [{"name": "vCPUs", "value": "24"}, {"name": "GPUs", "value": "1"}],
        "restrictions": list(restrictions),
        **fields,
    }


def barred(kind: str, reason: str, location: str = "eastus", *zones: str) -> dict[str, Any]:
    info = {"locations": [location], **({"zones": list(zones)} if zones else {})}
    return {"type": kind, "values": [location], "restrictionInfo": info, "reasonCode": reason}


def offerings(*skus: dict[str, Any]) -> dict[str, Offering]:
    with Scripted(lambda _: document({"value": list(skus)})) as server:
        return dict(AzureCloud(CLUSTER, Nobody(), server.url).offerings())


def test_a_size_is_told_with_family_vcpus_and_zones() -> None:
    (found,) = offerings(sku("Standard_NC24ads_A100_v4")).items()
    assert found == (
        "standard_nc24ads_a100_v4",
        Offering("Standard_NC24ads_A100_v4", "StandardNCADSA100v4Family", 24, ("1", "3")),
    )


@pytest.mark.parametrize(
    ("restriction", "closed", "closed_zones"),
    [
        (barred("Location", "NotAvailableForSubscription"), "NotAvailableForSubscription", ()),
        (barred("Location", "QuotaId", "East US"), "QuotaId", ()),
        (barred("Location", "NotAvailableForSubscription", "westus"), "", ()),
        (barred("Zone", "NotAvailableForSubscription", "eastus", "3", "1"), "", ("1", "3")),
        (barred("Zone", "NotAvailableForSubscription", "westus", "1"), "", ()),
        ({"type": "Location", "values": ["eastus"], "reasonCode": "QuotaId"}, "QuotaId", ()),
    ],
)
def test_a_restriction_closes_the_size_or_some_of_its_zones(
    restriction: dict[str, Any], closed: str, closed_zones: tuple[str, ...]
) -> None:
    (found,) = offerings(sku("Standard_NC24ads_A100_v4", restriction)).values()
    assert (found.closed, found.closed_zones) == (closed, closed_zones)


def test_only_machine_sizes_with_gpus_are_kept() -> None:
    found = offerings(
        sku("Standard_D4s_v5", capabilities=[{"name": "vCPUs", "value": "4"}]),
        sku("Standard_D4s_v5x", capabilities=[{"name": "GPUs", "value": "0"}]),
        sku("Premium_LRS", resourceType="disks"),
        sku("Standard_ND96new_v9", capabilities=[]),
        sku("Basic_Other", capabilities=[{"name": "GPUs", "value": "2"}]),
    )
    assert set(found) == {"standard_nd96new_v9", "basic_other"}
    assert found["standard_nd96new_v9"].vcpus is None


def test_the_list_is_asked_by_region_page_by_page_and_then_not_for_six_hours() -> None:
    watch = Watch()
    with Scripted(paged([sku("Standard_NC1")], [sku("Standard_NC2")], [])) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo", terms_by(watch))
        assert len(cloud.offerings()) == 2
        watch.seconds += 6 * 3600 - 1
        assert len(cloud.offerings()) == 2
        assert len(server.asked) == 3
        watch.seconds += 1
        cloud.offerings()
        assert len(server.asked) == 6
    first = server.asked[0]
    assert first.path == "/subscriptions/s/providers/Microsoft.Compute/skus"
    assert first.query == {"api-version": "2021-07-01", "$filter": "location eq 'eastus'"}


def test_quotas_are_found_however_azure_spells_them_and_asked_once_a_minute() -> None:
    usages = [
        {
            "unit": "Count",
            "currentValue": 48,
            "limit": 100,
            "name": {"value": "standard NCADS A100v4 Family"},
        },
        {
            "currentValue": 3,
            "limit": 350,
            "name": {"value": "cores", "localizedValue": "Total Regional vCPUs"},
        },
        {"currentValue": 0, "limit": 10, "name": {"value": "lowPriorityCores"}},
        {"name": {"value": "odd"}},
    ]
    watch = Watch()
    with Scripted(lambda _: document({"value": usages})) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo", terms_by(watch))
        found = cloud.usages()
        watch.seconds += 59
        cloud.usages()
        assert len(server.asked) == 1
        watch.seconds += 1
        cloud.usages()
        assert len(server.asked) == 2
    assert dict(found) == {
        "standardncadsa100v4family": Usage("standard NCADS A100v4 Family", 48, 100),
        "cores": Usage("cores", 3, 350),
        "lowprioritycores": Usage("lowPriorityCores", 0, 10),
    }
    assert server.asked[0].path == "/subscriptions/s/providers/Microsoft.Compute/locations/eastus/usages"


def test_the_quota_that_was_looked_at_is_told_of_gpu_families_and_of_the_whole_with_its_age() -> None:
    names = (
        "standard NCADS A100v4 Family",
        "cores",
        "lowPriorityCores",
        "standardDSv3Family",
        "availabilitySets",
    )
    usages = [{"currentValue": 48, "limit": 100, "name": {"value": name}} for name in names]
    watch = Watch()
    with Scripted(lambda _: document({"value": usages})) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo", terms_by(watch))
        assert not [each for each in cloud.tallies() if "quota" in each.name]
        cloud.usages()
        watch.seconds += 3600
        told = {(each.name, each.labels): each.value for each in cloud.tallies() if "quota" in each.name}
        assert len(server.asked) == 1

    families = [(("family", name),) for name in names[:3]]
    assert told == {
        **{("towline_azure_quota_left_vcpus", family): 52 for family in families},
        **{("towline_azure_quota_vcpus", family): 100 for family in families},
        ("towline_azure_quota_age_seconds", ()): 3600,
    }


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (arm(403, "AuthorizationFailed"), Forbidden),
        (arm(429, "OperationNotAllowed"), Throttled),
        (arm(500, "InternalError"), Broken),
        (Answer(200, b"<html>", {"Content-Type": "application/json"}), Broken),
    ],
)
def test_an_answer_that_is_none_is_a_fault_and_not_remembered(answer: Answer, fault: type) -> None:
    answers = [answer, document({"value": [sku("Standard_NC1")]})]
    watch = Watch()
    with Scripted(lambda _: answers.pop(0)) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo", terms_by(watch))
        with pytest.raises(fault):
            cloud.offerings()
        watch.seconds += 1
        assert len(cloud.offerings()) == 1


def paged(*pages: list[dict[str, Any]]) -> Script:
    def script(asked: Asked) -> Answer:
        number = int(asked.query.get("page", "0"))
        last = number + 1 == len(pages)
        link = f"http://{asked.headers['host']}{asked.path}?page={number + 1}"
        return document({"value": pages[number], **({} if last else {"nextLink": link})})

    return script
