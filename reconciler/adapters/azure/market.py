"""What Microsoft.Compute says of machine sizes and vCPU quota, read from its JSON.

Resource SKUs, api-version 2021-07-01: https://learn.microsoft.com/rest/api/compute/resource-skus/list.
Usage: https://learn.microsoft.com/rest/api/compute/usage/list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from reconciler.domain.cloud import REGIONAL, SPOT_QUOTA, Offering, Usage, quota_name
from reconciler.domain.tally import Tally

Document = Mapping[str, Any]

_GPU_SIZES = "standard_n"
_GPU_SIZES_QUOTA = "standardn"
_QUOTAS_OF_ALL = frozenset({REGIONAL, SPOT_QUOTA})


def offerings_of(skus: Iterable[Document], location: str) -> Mapping[str, Offering]:
    """The GPU sizes among the SKUs of a region, by lower-case name; of the other thousand none is kept."""
    sizes = (_offering(sku, location) for sku in skus if _is_gpu_size(sku))
    return MappingProxyType({size.instance_type.lower(): size for size in sizes})


def usages_of(usages: Iterable[Document]) -> Mapping[str, Usage]:
    """The quotas by `quota_name`; one that says no numbers is left out."""
    told = (_usage(usage) for usage in usages)
    return MappingProxyType({quota_name(usage.name): usage for usage in told if usage})


def quota_tallies(looked: tuple[Mapping[str, Usage], float] | None) -> tuple[Tally, ...]:
    """The vCPU quotas of the GPU families, of the region and of spot machines, and how many seconds old that
    look is; nothing where nobody looked."""
    if looked is None:
        return ()
    usages, age = looked
    kept = sorted(name for name in usages if name.startswith(_GPU_SIZES_QUOTA) or name in _QUOTAS_OF_ALL)
    told = [tally for name in kept for tally in _of_quota(usages[name])]
    about = "Seconds since the vCPU quotas were looked at: when something was to be made."
    return (*told, Tally("towline_azure_quota_age_seconds", about, (), age, grows=False))


def _of_quota(usage: Usage) -> tuple[Tally, Tally]:
    named = (("family", usage.name),)
    left, limit = "vCPUs of the quota that may still be had.", "vCPUs of the quota."
    return (
        Tally("towline_azure_quota_left_vcpus", left, named, usage.left, grows=False),
        Tally("towline_azure_quota_vcpus", limit, named, usage.limit, grows=False),
    )


def same_place(one: str, other: str) -> bool:
    """Whether two spellings name one region: `East US` is `eastus`."""
    return "".join(one.split()).casefold() == "".join(other.split()).casefold()


def _is_gpu_size(sku: Document) -> bool:
    if sku.get("resourceType") != "virtualMachines":
        return False
    gpus = _capabilities(sku).get("GPUs", "0")
    return gpus not in ("", "0") or str(sku.get("name") or "").lower().startswith(_GPU_SIZES)


def _offering(sku: Document, location: str) -> Offering:
    vcpus = _capabilities(sku).get("vCPUs", "")
    barred = list(_restrictions(sku, location))
    return Offering(
        instance_type=str(sku["name"]),
        family=str(sku.get("family") or ""),
        vcpus=int(vcpus) if vcpus.isdecimal() else None,
        zones=tuple(sorted(_zones(sku, location))),
        closed_zones=tuple(sorted({zone for _, zones in barred for zone in zones})),
        closed=next((reason for reason, zones in barred if not zones), ""),
    )


def _capabilities(sku: Document) -> dict[str, str]:
    told = sku.get("capabilities") or ()
    return {str(each.get("name")): str(each.get("value") or "") for each in told}


def _zones(sku: Document, location: str) -> set[str]:
    here = (
        each for each in sku.get("locationInfo") or () if same_place(each.get("location") or "", location)
    )
    return {str(zone) for each in here for zone in each.get("zones") or ()}


def _restrictions(sku: Document, location: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Reason and barred zones of each restriction here; no zones for one on the region as a whole."""
    for each in sku.get("restrictions") or ():
        info = each.get("restrictionInfo") or {}
        places = info.get("locations") or each.get("values") or (location,)
        zones = tuple(str(zone) for zone in info.get("zones") or ())
        kind = each.get("type")
        if any(same_place(place, location) for place in places) and (kind == "Location" or zones):
            yield str(each.get("reasonCode") or "Restricted"), zones if kind == "Zone" else ()


def _usage(usage: Document) -> Usage | None:
    name, used, limit = (usage.get("name") or {}).get("value"), usage.get("currentValue"), usage.get("limit")
    if not name or not isinstance(used, int) or not isinstance(limit, int):
        return None
    return Usage(str(name), used, limit)
