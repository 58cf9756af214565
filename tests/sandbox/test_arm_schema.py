"""Every body of the ARM API against the published schema, as the SDK's own models have it."""

from __future__ import annotations

from collections.abc import MutableMapping
from enum import EnumMeta
from typing import Any, ForwardRef, get_args, get_type_hints

import pytest
from azure.core.rest import HttpRequest
from azure.mgmt.containerservice import models

from .conftest import Build, House
from .pools import A100, ended, put

RICH: dict[str, Any] = {
    "mode": "User",
    "osSKU": "AzureLinux",
    "availabilityZones": ["1", "3"],
    "nodeLabels": {"kaito.sh/workspace": "w"},
    "nodeTaints": ["sku=gpu:NoSchedule"],
    "tags": {"towline-fleet": "f"},
    "gpuProfile": {"driver": "Install"},
    "upgradeSettings": {"maxSurge": "0", "maxUnavailable": "1"},
}
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "rich": RICH,
    "spot": {"scaleSetPriority": "Spot", "spotMaxPrice": 1.5},
    "none": {"count": 0},
}


def strays(model: Any, document: Any, where: str = "") -> list[str]:
    """What a document holds that its model does not know: properties, and words that no enum has."""
    known = model({})._attr_to_rest_field  # an instance, for the SDK reads a class at its first use
    fields = {field._rest_name: name for name, field in known.items()}
    hints = get_type_hints(model, vars(models._models), {"_models": models})
    found = []
    for key, value in document.items():
        if key not in fields:
            found.append(f"{where}.{key} is unknown")
        else:
            found += _misfits(hints.get(fields[key]), value, f"{where}.{key}")
    return found


def _misfits(hint: Any, value: Any, where: str) -> list[str]:
    for kind in _kinds(hint):
        if isinstance(kind, EnumMeta):
            return [] if value in list(kind) else [f"{where} says {value!r}"]
        if isinstance(kind, type) and issubclass(kind, MutableMapping):
            each = value if isinstance(value, list) else [value]
            return [stray for one in each for stray in strays(kind, one, where)]
    return []


def _kinds(hint: Any) -> list[Any]:
    """The types that an annotation names, however deep."""
    if isinstance(hint, ForwardRef):
        return [getattr(models, hint.__forward_arg__.removeprefix("_models."), None)]
    inner = get_args(hint)
    return [kind for one in inner for kind in _kinds(one)] if inner else [hint]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_pool_holds_nothing_that_the_schema_does_not_know(shared: House, shape: str) -> None:
    put(shared, shape, **SHAPES[shape])
    ended(shared, shape)
    document = shared.arm.ask("GET", shared.pool_path(shape)).body
    assert strays(models.AgentPool, document) == []
    assert models.AgentPool(document).as_dict() == document


def test_a_failed_pool_holds_nothing_that_the_schema_does_not_know(troubled: House) -> None:
    troubled.sandbox.ask("no-capacity")
    put(troubled, "failed")
    ended(troubled, "failed")
    document = troubled.arm.ask("GET", troubled.pool_path("failed")).body
    assert document["properties"]["status"]["provisioningError"]["details"]
    assert strays(models.AgentPool, document) == []
    assert models.AgentPool(document).as_dict() == document


def test_the_cluster_holds_nothing_that_the_schema_does_not_know(shared: House) -> None:
    document = shared.arm.ask("GET", f"{shared.cluster_path}?api-version=2026-08-01").body
    assert document["properties"]["agentPoolProfiles"]
    assert strays(models.ManagedCluster, document) == []
    assert models.ManagedCluster(document).as_dict() == document


def test_a_machine_holds_nothing_that_the_schema_does_not_know(shared: House) -> None:
    put(shared, "machines", availabilityZones=["2"])
    ended(shared, "machines")
    (document,) = shared.arm.ask("GET", shared.pool_path("machines", "/machines")).body["value"]
    assert strays(models.Machine, document) == []
    assert document["zones"] == ["2"]


def test_the_schema_finds_what_is_wrong() -> None:
    wrong = {"properties": {"osType": "Plan9", "vmsize": "x", "upgradeSettings": {"surge": 1}}}
    assert strays(models.AgentPool, wrong) == [
        ".properties.osType says 'Plan9'",
        ".properties.vmsize is unknown",
        ".properties.upgradeSettings.surge is unknown",
    ]


def compute(house: House, path: str) -> Any:
    below = f"/subscriptions/{house.sandbox.subscription}/providers/Microsoft.Compute"
    answer = house.client.send_request(HttpRequest("GET", f"{below}/{path}"))
    assert answer.status_code == 200
    return answer.json()["value"]


def test_the_list_of_sizes_tells_family_zones_capabilities_and_more_than_machines(shared: House) -> None:
    listed = compute(shared, "skus?api-version=2021-07-01&$filter=location eq 'eastus'")
    assert {"virtualMachines", "disks"} == {sku["resourceType"] for sku in listed}
    (size,) = [sku for sku in listed if sku["name"] == A100]
    assert size["family"] == "StandardNCADSA100v4Family"
    assert size["locationInfo"][0]["zones"] == ["1", "2", "3"]
    assert {"name": "vCPUs", "value": "24"} in size["capabilities"]
    assert size["restrictions"] == []
    assert compute(shared, "skus?api-version=2021-07-01&$filter=location eq 'westus'") == []


@pytest.mark.parametrize(
    ("only", "kind", "info"),
    [
        ("nc24ads", "Location", {"locations": ["eastus"]}),
        ("nc24ads+zone-2", "Zone", {"locations": ["eastus"], "zones": ["2"]}),
    ],
)
def test_a_restricted_size_is_told_with_its_reason(
    troubled: House, only: str, kind: str, info: dict[str, Any]
) -> None:
    troubled.sandbox.ask(f"sku-restricted@{only}")
    listed = compute(troubled, "skus?api-version=2021-07-01")
    told = {sku["name"]: sku["restrictions"] for sku in listed if sku["restrictions"]}
    (restriction,) = told.pop(A100)
    assert not told
    assert (restriction["type"], restriction["reasonCode"]) == (kind, "NotAvailableForSubscription")
    assert restriction["restrictionInfo"] == info


def test_usages_count_spot_apart_from_families_and_the_region(build: Build) -> None:
    house: House = build(quota_vcpus=200, regional_vcpus=300, spot_vcpus=100)
    house.put_pool("demand", count=2)
    house.put_pool("spot", count=1, scaleSetPriority="Spot")
    usages = compute(house, "locations/eastus/usages?api-version=2026-04-01")
    told = {one["name"]["value"]: (one["currentValue"], one["limit"]) for one in usages}
    assert told["cores"] == (52, 300)
    assert told["lowPriorityCores"] == (24, 100)
    assert told["StandardNCADSA100v4Family"] == (48, 200)
