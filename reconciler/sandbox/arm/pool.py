"""One agent pool: what AKS accepts, what it fills in, and how it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ArmError
from .place import KUBERNETES, Place
from .refusals import fixed, invalid
from .sizes import VmSize

SPOT = "kubernetes.azure.com/scalesetpriority"
_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")
_MOST_NODES = 1000
_DEFAULT_DISK = 128
_DEFAULTS: dict[str, Any] = {
    "count": 1,
    "type": "VirtualMachineScaleSets",
    "mode": "User",
    "osType": "Linux",
    "osSKU": "Ubuntu",
    "osDiskSizeGB": _DEFAULT_DISK,
    "kubeletDiskType": "OS",
    "maxPods": 30,
    "scaleDownMode": "Delete",
    "enableAutoScaling": False,
    "enableNodePublicIP": False,
    "enableEncryptionAtHost": False,
    "enableUltraSSD": False,
    "enableFIPS": False,
    "orchestratorVersion": KUBERNETES,
    "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
    "securityProfile": {"enableVTPM": False, "enableSecureBoot": False},
}
_SPOT_DEFAULTS: dict[str, Any] = {
    "scaleSetEvictionPolicy": "Delete",
    "spotMaxPrice": -1,
    "upgradeSettings": {"undrainableNodeBehavior": "Schedule"},
}
_SPOT_ONLY = ("scaleSetPriority", "scaleSetEvictionPolicy", "spotMaxPrice")
_SERVER_SIDE = frozenset(
    {"provisioningState", "eTag", "status", "nodeImageVersion", "currentOrchestratorVersion", "name"}
    | {"powerState"}
)
_FIXED = (
    "vmSize", "osType", "osDiskSizeGB", "osDiskType", "kubeletDiskType", "type", "maxPods",
    "scaleSetPriority", "scaleSetEvictionPolicy", "spotMaxPrice", "availabilityZones", "vnetSubnetID",
    "gpuInstanceProfile", "gpuProfile", "proximityPlacementGroupID", "capacityReservationGroupID",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pool:
    """An agent pool. `machines` are the instance ids that shall stand; `next_machine` is never used twice."""

    name: str
    properties: Mapping[str, Any]
    state: str
    etag: str
    machines: tuple[int, ...] = ()
    next_machine: int = 0
    error: ArmError | None = None

    @property
    def size(self) -> str:
        """Name its VM size, in the casing of whoever asked for it."""
        return str(self.properties["vmSize"])

    @property
    def count(self) -> int:
        """Count the machines asked for."""
        return int(self.properties["count"])

    @property
    def is_spot(self) -> bool:
        """Are its machines spot ones?"""
        return self.properties.get("scaleSetPriority") == "Spot"

    @property
    def zones(self) -> tuple[str, ...]:
        """List the zones it was asked for in; none where Azure chooses."""
        return tuple(str(zone) for zone in self.properties.get("availabilityZones") or ())

    @property
    def grows(self) -> bool:
        """Does it ask for more machines than stand?"""
        return self.count > len(self.machines)

    @property
    def names(self) -> tuple[str, ...]:
        """List what troubles may be told by: name, size, capacity type and zones."""
        kind = "spot" if self.is_spot else "on-demand"
        return (self.name, self.size, kind, *(f"zone-{zone}" for zone in self.zones))

    def zone(self, machine: int) -> str:
        """Name the zone a machine stands in, in turn; "" where it has none."""
        return self.zones[machine % len(self.zones)] if self.zones else ""


def check_name(name: str) -> None:
    """Refuse a pool name that AKS would."""
    if not _NAME.fullmatch(name):
        raise invalid(
            "agentPoolProfile.name",
            f"'{name}' must match ^[a-z][a-z0-9]{{0,11}}$ (https://aka.ms/aks-naming-rules).",
        )


def settle(body: Mapping[str, Any], before: Pool | None) -> dict[str, Any]:
    """Read a PUT body into a pool's properties: checked, defaults filled in, what is fixed kept."""
    asked = _asked(body)
    kept = {key: before.properties[key] for key in _FIXED if before and key in before.properties}
    spot = {**kept, **asked}.get("scaleSetPriority") == "Spot"
    settled = {**_DEFAULTS, **(_SPOT_DEFAULTS if spot else {}), **kept, **asked}
    if spot:
        _check_spot(asked)
        _mark_spot(settled)
    if before:
        _check_fixed(settled, before)
    _check_count(settled)
    _check_words(settled)
    if not isinstance(settled.get("vmSize"), str) or not settled["vmSize"]:
        raise invalid("properties.vmSize", "a VM size is required.")
    return settled


def with_disk(properties: dict[str, Any], size: VmSize) -> dict[str, Any]:
    """Fill in the kind of OS disk: ephemeral where the size's cache holds it, else managed."""
    fits = properties["osDiskSizeGB"] <= size.cache
    return {"osDiskType": "Ephemeral" if fits else "Managed", **properties}


def pool_document(pool: Pool, place: Place, power: str = "Running") -> dict[str, Any]:
    """Give a pool as GET, LIST and PUT answer it; `power` is the cluster's."""
    return {
        "id": place.pool_id(pool.name),
        "name": pool.name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": pool_profile(pool, power),
    }


def pool_profile(pool: Pool, power: str) -> dict[str, Any]:
    """Give a pool's properties, what the server knows included."""
    told = dict(pool.properties)
    told["provisioningState"] = pool.state
    told["powerState"] = {"code": power}
    told["eTag"] = pool.etag
    told["currentOrchestratorVersion"] = KUBERNETES
    told["nodeImageVersion"] = "AKSUbuntu-2204gen2containerd-202608.20.0"
    if pool.error:
        told["status"] = {"provisioningError": pool.error.document()}
    return told


def _asked(body: Mapping[str, Any]) -> dict[str, Any]:
    properties = body.get("properties")
    if not isinstance(properties, Mapping):
        raise invalid("properties", "the body needs an object `properties`.")
    asked = {key: value for key, value in properties.items() if value is not None and key not in _SERVER_SIDE}
    if asked.get("osDiskSizeGB") == 0:
        del asked["osDiskSizeGB"]
    for key in ("nodeTaints", "availabilityZones"):
        if not asked.get(key):
            asked.pop(key, None)
    if asked.get("scaleSetPriority") == "Regular":
        asked = {key: value for key, value in asked.items() if key not in _SPOT_ONLY}
    return asked


def _check_spot(asked: Mapping[str, Any]) -> None:
    """Refuse upgrade settings that a spot pool cannot have (terraform-provider-azurerm#19355, #31129)."""
    settings = asked.get("upgradeSettings") or {}
    for name, words in (("maxSurge", "max surge"), ("maxUnavailable", "maxUnavailable")):
        if settings.get(name) is not None:
            raise invalid(f"agentPoolProfile.upgradeSettings.{name}", f"Spot pools can't set {words}.")


def _mark_spot(settled: dict[str, Any]) -> None:
    """Add the label and the taint that AKS gives to spot pools, among the pool's own as it tells them."""
    taint = f"{SPOT}=spot:NoSchedule"
    taints = tuple(one for one in settled.get("nodeTaints") or () if one != taint)
    settled["nodeTaints"] = [*taints, taint]
    settled["nodeLabels"] = {**(settled.get("nodeLabels") or {}), SPOT: "spot"}


def _check_fixed(settled: Mapping[str, Any], before: Pool) -> None:
    for name in _FIXED:
        if _folded(settled.get(name)) != _folded(before.properties.get(name)):
            raise fixed(name)
    if _family(settled["osSKU"]) != _family(before.properties["osSKU"]):
        raise fixed("osSKU")


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _family(os_sku: Any) -> str:
    """Name the family of an OS: Ubuntu2204 and Ubuntu2404 are both Ubuntu."""
    return str(os_sku).rstrip("0123456789").lower()


def _check_count(settled: Mapping[str, Any]) -> None:
    count, least = settled["count"], 1 if settled["mode"] == "System" else 0
    if not isinstance(count, int) or isinstance(count, bool) or not least <= count <= _MOST_NODES:
        raise invalid(
            "agentPoolProfile.count", f"{count!r} is not a whole number from {least} to {_MOST_NODES}."
        )


def _check_words(settled: Mapping[str, Any]) -> None:
    for name, words in _WORDS.items():
        if name in settled and settled[name] not in words:
            raise invalid(f"properties.{name}", f"{settled[name]!r} is none of {', '.join(words)}.")
    for taint in settled.get("nodeTaints", ()):
        if not re.fullmatch(r"[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)", str(taint)):
            raise invalid("agentPoolProfile.nodeTaints", f"{taint!r} is not written key=value:Effect.")


_WORDS = {
    "mode": ("User", "System", "Gateway"),
    "osType": ("Linux", "Windows"),
    "osDiskType": ("Managed", "Ephemeral"),
    "scaleDownMode": ("Delete", "Deallocate"),
    "scaleSetPriority": ("Regular", "Spot"),
    "scaleSetEvictionPolicy": ("Delete", "Deallocate"),
}
