"""Where the one cluster lies, and the addresses and documents that follow from it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

KUBERNETES = "1.33.5"


@dataclass(frozen=True, slots=True)
class Place:
    """Subscription, resource group, cluster and region of the one AKS cluster."""

    subscription: str
    group: str
    cluster: str
    location: str

    @property
    def node_group(self) -> str:
        """Name the resource group that AKS keeps the cluster's machines in."""
        return f"MC_{self.group}_{self.cluster}_{self.location}"

    @property
    def cluster_id(self) -> str:
        """Name the cluster as ARM answers it: `resourcegroups` in lower case."""
        below = f"providers/Microsoft.ContainerService/managedClusters/{self.cluster}"
        return f"/subscriptions/{self.subscription}/resourcegroups/{self.group}/{below}"

    def pool_id(self, pool: str) -> str:
        """Name a pool as ARM answers it."""
        return f"{self.cluster_id}/agentPools/{pool}"

    def scale_set(self, pool: str) -> str:
        """Name the scale set behind a pool: `aks-<pool>-<8 digits>-vmss`."""
        return f"aks-{pool}-{zlib.crc32(f'{self.cluster_id}/{pool}'.encode()) % 10**8:08d}-vmss"

    def node_name(self, pool: str, machine: int) -> str:
        """Name a machine's node: the scale set and six base-36 digits, as scale sets name computers."""
        return f"{self.scale_set(pool)}{_base36(machine):0>6}"

    def provider_id(self, pool: str, machine: int) -> str:
        """Name a machine as `spec.providerID` of its node does."""
        group = f"azure:///subscriptions/{self.subscription}/resourceGroups/{self.node_group}"
        scale_set = f"Microsoft.Compute/virtualMachineScaleSets/{self.scale_set(pool)}"
        return f"{group}/providers/{scale_set}/virtualMachines/{machine}"

    def cluster_document(self, profiles: list[dict[str, Any]], **state: Any) -> dict[str, Any]:
        """Give the managed cluster as GET answers it; `state` are the properties that change."""
        return {
            "id": self.cluster_id,
            "name": self.cluster,
            "type": "Microsoft.ContainerService/ManagedClusters",
            "location": self.location,
            "sku": {"name": "Base", "tier": "Free"},
            "identity": {"type": "SystemAssigned"},
            "properties": {
                **state,
                "kubernetesVersion": KUBERNETES,
                "currentKubernetesVersion": KUBERNETES,
                "dnsPrefix": self.cluster,
                "agentPoolProfiles": profiles,
                "nodeResourceGroup": self.node_group,
                "enableRBAC": True,
                "nodeProvisioningProfile": {"mode": "Manual"},
            },
        }

    def machine_document(self, pool: str, machine: int, zone: str) -> dict[str, Any]:
        """Give one machine of a pool as `agentPools/machines` answers it; `zone` is "" where it has none."""
        name = self.node_name(pool, machine)
        document: dict[str, Any] = {
            "id": f"{self.pool_id(pool)}/machines/{name}",
            "name": name,
            "type": "Microsoft.ContainerService/managedClusters/agentPools/machines",
            "properties": {"resourceId": self.provider_id(pool, machine).removeprefix("azure://")},
        }
        return document | ({"zones": [zone]} if zone else {})


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
    return text or "0"
