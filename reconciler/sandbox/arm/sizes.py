"""The VM sizes this cloud has: a table of its own, read from a facts file where one is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class VmSize:
    """One VM size. Memory in GiB; `gpu_memory` in GiB for each GPU; `family` as the SKU API spells it.

    `cache` is the GiB that an ephemeral OS disk may take; `zones` are those of the region that have the size.
    """

    name: str
    family: str
    vcpus: int
    memory: float
    gpus: int = 0
    gpu_model: str = ""
    gpu_memory: float = 0
    vendor: str = ""
    architecture: str = "amd64"
    cache: int = 600
    zones: tuple[str, ...] = ("1", "2", "3")


_T4_CACHE = 144  # github.com/Azure/AKS/issues/2635; a D v5 has none, those of the others are assumed
_BUILT_IN = (
    VmSize("Standard_D4s_v5", "standardDSv5Family", 4, 16, cache=0),
    VmSize("Standard_D8s_v5", "standardDSv5Family", 8, 32, cache=0),
    VmSize("Standard_D16s_v5", "standardDSv5Family", 16, 64, cache=0),
    VmSize(
        "Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family", 4, 28, 1, "T4", 16, "NVIDIA", cache=_T4_CACHE
    ),
    VmSize("Standard_NV36ads_A10_v5", "StandardNVADSA10v5Family", 36, 440, 1, "A10", 24, "NVIDIA"),
    VmSize("Standard_NV72ads_A10_v5", "StandardNVADSA10v5Family", 72, 880, 2, "A10", 24, "NVIDIA"),
    VmSize("Standard_NC24ads_A100_v4", "StandardNCADSA100v4Family", 24, 220, 1, "A100", 80, "NVIDIA"),
    VmSize("Standard_NC48ads_A100_v4", "StandardNCADSA100v4Family", 48, 440, 2, "A100", 80, "NVIDIA"),
    VmSize("Standard_NC96ads_A100_v4", "StandardNCADSA100v4Family", 96, 880, 4, "A100", 80, "NVIDIA"),
    VmSize("Standard_ND96asr_v4", "standard NDASv4_A100 Family", 96, 900, 8, "A100", 40, "NVIDIA"),
    VmSize("Standard_ND96amsr_A100_v4", "standard NDAMSv4_A100Family", 96, 1900, 8, "A100", 80, "NVIDIA"),
    VmSize("Standard_NC40ads_H100_v5", "StandardNCadsH100v5Family", 40, 320, 1, "H100 NVL", 94, "NVIDIA"),
    VmSize("Standard_NC80adis_H100_v5", "StandardNCadsH100v5Family", 80, 640, 2, "H100 NVL", 94, "NVIDIA"),
    VmSize("Standard_ND96isr_H100_v5", "standardNDSH100v5Family", 96, 1900, 8, "H100", 80, "NVIDIA"),
    VmSize("Standard_ND96isr_H200_v5", "standardNDISRH200V5Family", 96, 1850, 8, "H200", 141, "NVIDIA"),
)
_LIKELY_GIB_A_VCPU = 4
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64", "aarch64": "arm64"}


class Sizes:
    """The VM sizes, found by name in any case."""

    def __init__(self, facts: Mapping[str, Any] | None = None) -> None:
        """Know the built-in sizes, and those that the list `sizes` of a facts document adds."""
        told = tuple(_told(row) for row in (facts or {}).get("sizes", ()) if _is_usable(row))
        self._by_name = {size.name.lower(): size for size in (*_BUILT_IN, *told)}

    def find(self, name: str) -> VmSize | None:
        """Look one up."""
        return self._by_name.get(name.lower())

    def __iter__(self) -> Iterator[VmSize]:
        return iter(self._by_name.values())


def _is_usable(row: Mapping[str, Any]) -> bool:
    return row.get("status", "current") != "retired" and bool(row["machine"].get("vcpu"))


def _told(row: Mapping[str, Any]) -> VmSize:
    gpu, machine = row.get("gpu") or {}, row["machine"]
    return VmSize(
        name=row["name"],
        family=row.get("quota_family") or f"standard{row['name']}Family",
        vcpus=int(machine["vcpu"]),
        memory=float(machine.get("ram_gib") or _LIKELY_GIB_A_VCPU * machine["vcpu"]),
        gpus=int(gpu.get("count") or 0),
        gpu_model=str(gpu.get("model") or ""),
        gpu_memory=float(gpu.get("memory_gib") or 0),
        vendor=str(gpu.get("vendor") or ""),
        cache=_T4_CACHE if row["name"].lower() == "standard_nc4as_t4_v3" else 600,
        architecture=_ARCHITECTURES.get(str(machine.get("cpu", "x86_64")).lower(), "amd64"),
    )
