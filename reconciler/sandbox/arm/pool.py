"""One agent pool: what AKS accepts, what it fills in, and how it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .place import KUBERNETES, Place
from .refusals import ArmError, fixed, invalid, unknown_size
from .sizes import Sizes, VmSize

_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")
_MOST_NODES = 1000
_DEFAULTS: dict[str, Any] = {
    "count": 1,
    "type": "VirtualMachineScaleSets",
    "mode": "User",
    "osType": "Linux",
    "osSKU": "Ubuntu",
    "osDiskSizeGB": 128,
    "osDiskType": "Ephemeral",
    "kubeletDiskType": "OS",
    "maxPods": 30,
    "scaleDownMode": "Delete",
    "enableAutoScaling": False,
    "enableNodePublicIP": False,
    "enableEncryptionAtHost": False,
    "enableUltraSSD": False,
    "enableFIPS": False,
    "orchestratorVersion": KUBERNETES,
    "powerState": {"code": "Running"},
    "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
}
_SERVER_SIDE = frozenset(
    {"provisioningState", "eTag", "status", "nodeImageVersion", "currentOrchestratorVersion", "name"}
)
_FIXED = (
    "vmSize", "osType", "osDiskSizeGB", "osDiskType", "kubeletDiskType", "type", "maxPods",
    "scaleSetPriority", "availabilityZones", "vnetSubnetID", "gpuInstanceProfile", "gpuProfile",
    "proximityPlacementGroupID", "capacityReservationGroupID",
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
    settled = {**_DEFAULTS, **kept, **asked}
    if before:
        _check_fixed(settled, before)
    _check_count(settled)
    _check_words(settled)
    if not isinstance(settled.get("vmSize"), str) or not settled["vmSize"]:
        raise invalid("properties.vmSize", "a VM size is required.")
    return settled


def known_size(properties: Mapping[str, Any], sizes: Sizes, location: str) -> VmSize:
    """Find the VM size of a pool, or refuse it."""
    size = sizes.find(properties["vmSize"])
    if size is None:
        raise unknown_size(properties["vmSize"], location)
    return size


def pool_document(pool: Pool, place: Place) -> dict[str, Any]:
    """Give a pool as GET, LIST and PUT answer it."""
    return {
        "id": place.pool_id(pool.name),
        "name": pool.name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": pool_profile(pool),
    }


def pool_profile(pool: Pool) -> dict[str, Any]:
    """Give a pool's properties, what the server knows included."""
    told = dict(pool.properties)
    told["provisioningState"] = pool.state
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
    if not asked.get("nodeTaints"):
        asked.pop("nodeTaints", None)
    if asked.get("scaleSetPriority") == "Regular":
        del asked["scaleSetPriority"]
    return asked


def _check_fixed(settled: Mapping[str, Any], before: Pool) -> None:
    for name in _FIXED:
        if _folded(settled.get(name)) != _folded(before.properties.get(name)):
            raise fixed(name)


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _check_count(settled: Mapping[str, Any]) -> None:
    count, least = settled["count"], 1 if settled["mode"] == "System" else 0
    if not isinstance(count, int) or isinstance(count, bool) or not least <= count <= _MOST_NODES:
        raise invalid(
            "agentPoolProfile.count", f"{count!r} is not a whole number from {least} to {_MOST_NODES}."
        )


def _check_words(settled: Mapping[str, Any]) -> None:
    for name, words in (("mode", ("User", "System", "Gateway")), ("osType", ("Linux", "Windows"))):
        if settled[name] not in words:
            raise invalid(f"properties.{name}", f"{settled[name]!r} is none of {', '.join(words)}.")
    for taint in settled.get("nodeTaints", ()):
        if not re.fullmatch(r"[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)", str(taint)):
            raise invalid("agentPoolProfile.nodeTaints", f"{taint!r} is not written key=value:Effect.")
