"""GPU machine sizes: what is in one, what became of it, and how its name is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .price import Price, PriceList, read_price, read_price_list


@dataclass(frozen=True, slots=True)
class GPU:
    """One GPU as the machine sees it; `fraction` below 1 is a partition of a card, None is not known."""

    vendor: str
    model: str
    memory_gib: float | None
    fraction: float | None
    compute_capability: float | None

    @property
    def is_partition(self) -> bool:
        """Whether this is a slice of a card, or not known to be a whole one."""
        return self.fraction is None or self.fraction < 1


@dataclass(frozen=True, slots=True)
class Machine:
    """What a size has besides its GPUs; None where nobody said."""

    vcpu: int
    ram_gib: float | None
    cpu: str
    infiniband: bool
    nvme: bool | None


@dataclass(frozen=True, slots=True)
class InstanceType:
    """One Azure size. `kaito_name` is its name in KAITO's table, None where KAITO does not know it."""

    name: str
    series: str
    status: str
    gpu: GPU
    gpu_count: int | None
    machine: Machine
    quota_family: str
    aks_supported: bool
    aks_os: tuple[str, ...]
    aks_driver: str | None
    kaito_name: str | None
    price: Price
    confidence: str


@dataclass(frozen=True, slots=True)
class RetiredSize:
    """A size Azure no longer gives; `since` is an ISO day or year, None where not known."""

    name: str
    series: str
    gpu: str
    since: str | None

    def in_words(self) -> str:
        """A clause such as `Standard_NC6s_v3 was retired on 2025-09-30`."""
        if self.since is None:
            return f"{self.name} is retired"
        return f"{self.name} was retired {'on' if len(self.since) == 10 else 'in'} {self.since}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """All sizes by lower-case name; `aliases` leads from another lower-case spelling to the real name."""

    current: Mapping[str, InstanceType]
    retired: Mapping[str, RetiredSize]
    aliases: Mapping[str, str]
    prices: PriceList

    def find(self, name: str) -> InstanceType | RetiredSize | None:
        """The size of that name in any casing, or None where it is not one we know."""
        key = name.strip().lower()
        key = self.aliases.get(key, key).lower()
        return self.current.get(key) or self.retired.get(key) or self.retired.get(key.removesuffix("_promo"))


def read_sizes(document: Mapping[str, Any]) -> Sizes:
    """The whole of presets/gpus/azure.yaml."""
    rows = document["sizes"]
    gone = [_retired(row) for row in rows if row["status"] == "retired"]
    gone += [_of_series(series, name) for series in document["retired_series"] for name in series["sizes"]]
    return Sizes(
        current={row["name"].lower(): _instance_type(row) for row in rows if row["status"] != "retired"},
        retired={size.name.lower(): size for size in gone},
        aliases={other.lower(): name for other, name in document["aliases"].items()},
        prices=read_price_list(document["prices"]),
    )


def _instance_type(row: Mapping[str, Any]) -> InstanceType:
    gpu, aks = row["gpu"], row["aks"]
    return InstanceType(
        name=row["name"],
        series=row["series"],
        status=row["status"],
        gpu=GPU(gpu["vendor"], gpu["model"], gpu["memory_gib"], gpu["fraction"], gpu["compute_capability"]),
        gpu_count=gpu["count"],
        machine=Machine(**row["machine"]),
        quota_family=row["quota_family"],
        aks_supported=aks["supported"],
        aks_os=tuple(aks["os"]),
        aks_driver=aks["driver"],
        kaito_name=row["kaito_name"],
        price=read_price(row["price"]),
        confidence=row["confidence"],
    )


def _retired(row: Mapping[str, Any]) -> RetiredSize:
    return RetiredSize(row["name"], row["series"], row["gpu"]["model"], row["retired"])


def _of_series(series: Mapping[str, Any], name: str) -> RetiredSize:
    return RetiredSize(name, series["series"], series["gpu"], series["retired"])
