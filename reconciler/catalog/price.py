"""What an hour of a machine costs, as far as a public list said so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one machine and one hour; `usd_per_hour` is None where no public price was found."""

    usd_per_hour: float | None
    region: str | None
    confidence: str

    def hourly(self, machines: int) -> float | None:
        """US dollars an hour for so many machines, or None where the price is unknown."""
        return None if self.usd_per_hour is None else self.usd_per_hour * machines


@dataclass(frozen=True, slots=True)
class PriceList:
    """Where and when the prices were read (`date`: ISO day)."""

    date: str
    source: str
    meaning: str


def read_price(document: Mapping[str, Any]) -> Price:
    """One `price` block of presets/gpus/azure.yaml."""
    return Price(document["usd_per_hour"], document["region"], document["confidence"])


def read_price_list(document: Mapping[str, Any]) -> PriceList:
    """The `prices` block of presets/gpus/azure.yaml."""
    return PriceList(document["date"], document["source"], document["meaning"])
