"""Microsoft.Compute as far as a pre-check needs it: the SKU list and the vCPU usages of a region."""

from __future__ import annotations

import re
from typing import Any

from .cloud import Cloud
from .sizes import VmSize

_BARRED = "NotAvailableForSubscription"


def sku_list(cloud: Cloud, condition: str) -> dict[str, Any]:
    """Answer `Microsoft.Compute/skus`; `condition` is its $filter, of which `location eq` is understood."""
    asked = re.search(r"location eq '([^']*)'", condition)
    here = cloud.place.location
    if asked and asked[1].lower() != here.lower():
        return {"value": []}
    sizes = [_sku(size, here) | {"restrictions": _restrictions(size, cloud)} for size in cloud.sizes]
    return {"value": [_disk(here), *sizes]}


def usage_list(cloud: Cloud) -> dict[str, Any]:
    """Answer `Microsoft.Compute/locations/usages`: the regional totals, then each family."""
    quota, pools = cloud.quota, tuple(cloud.pools.values())
    families = sorted({size.family for size in cloud.sizes})
    limit = quota.limits.family
    return {
        "value": [
            _usage("cores", "Total Regional vCPUs", quota.in_region(pools), quota.regional_limit),
            _usage("lowPriorityCores", "Total Regional Spot vCPUs", quota.in_spot(pools), quota.spot_limit),
            *(_usage(name, f"{name} vCPUs", quota.in_family(pools, name), limit) for name in families),
        ]
    }


def _sku(size: VmSize, location: str) -> dict[str, Any]:
    traits = {
        "vCPUs": size.vcpus,
        "vCPUsAvailable": size.vcpus,
        "MemoryGB": f"{size.memory:g}",
        "CpuArchitectureType": _architecture(size),
        "CachedDiskBytes": size.cache * 2**30,
        "EphemeralOSDiskSupported": bool(size.cache),
        "LowPriorityCapable": True,
    }
    if size.gpus:
        traits["GPUs"] = size.gpus
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": list(size.zones), "zoneDetails": []}],
        "capabilities": [{"name": name, "value": str(value)} for name, value in traits.items()],
    }


def _disk(location: str) -> dict[str, Any]:
    """Give one of the many entries that are no VM sizes."""
    return {
        "resourceType": "disks",
        "name": "Premium_LRS",
        "tier": "Premium",
        "size": "P30",
        "locations": [location],
        "locationInfo": [{"location": location, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [{"name": "MaxSizeGiB", "value": "1024"}],
        "restrictions": [],
    }


def _restrictions(size: VmSize, cloud: Cloud) -> list[dict[str, Any]]:
    """Tell what the trouble `sku-restricted` bars: the whole size, or some of its zones."""
    here, barred = [cloud.place.location], cloud.troubles.threatens
    if barred("sku-restricted", size.name):
        info: dict[str, Any] = {"locations": here}
        return [{"type": "Location", "values": here, "restrictionInfo": info, "reasonCode": _BARRED}]
    zones = [zone for zone in size.zones if barred("sku-restricted", size.name, f"zone-{zone}")]
    if not zones:
        return []
    info = {"locations": here, "zones": zones}
    return [{"type": "Zone", "values": here, "restrictionInfo": info, "reasonCode": _BARRED}]


def _architecture(size: VmSize) -> str:
    return "Arm64" if size.architecture == "arm64" else "x64"


def _usage(name: str, words: str, used: int, limit: int) -> dict[str, Any]:
    return {
        "unit": "Count",
        "currentValue": used,
        "limit": limit,
        "name": {"value": name, "localizedValue": words},
    }
