"""Microsoft.Compute as far as a pre-check needs it: the SKU list and the vCPU usages of a region."""

from __future__ import annotations

import re
from typing import Any

from .cloud import Cloud
from .sizes import VmSize


def sku_list(cloud: Cloud, condition: str) -> dict[str, Any]:
    """Answer `Microsoft.Compute/skus`; `condition` is its $filter, of which `location eq` is understood."""
    asked = re.search(r"location eq '([^']*)'", condition)
    here = cloud.place.location
    if asked and asked[1].lower() != here.lower():
        return {"value": []}
    return {"value": [_sku(size, here) for size in cloud.sizes]}


def usage_list(cloud: Cloud) -> dict[str, Any]:
    """Answer `Microsoft.Compute/locations/usages`: the regional total, then each family."""
    families = sorted({size.family for size in cloud.sizes})
    used = {family: cloud.used(family) for family in families}
    limit = cloud.terms.quota_vcpus
    total = _usage("cores", "Total Regional vCPUs", sum(used.values()), limit * len(families))
    return {
        "value": [total, *(_usage(family, f"{family} vCPUs", used[family], limit) for family in families)]
    }


def _sku(size: VmSize, location: str) -> dict[str, Any]:
    traits = {"vCPUs": size.vcpus, "MemoryGB": f"{size.memory:g}", "CpuArchitectureType": _architecture(size)}
    if size.gpus:
        traits["GPUs"] = size.gpus
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [location],
        "locationInfo": [{"location": location, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [{"name": name, "value": str(value)} for name, value in traits.items()],
        "restrictions": [],
    }


def _architecture(size: VmSize) -> str:
    return "Arm64" if size.architecture == "arm64" else "x64"


def _usage(name: str, words: str, used: int, limit: int) -> dict[str, Any]:
    return {
        "unit": "Count",
        "currentValue": used,
        "limit": limit,
        "name": {"value": name, "localizedValue": words},
    }
