"""Which machine sizes run a preset, the cheapest first."""

from dataclasses import dataclass

from .catalog import Catalog
from .gpu import InstanceType
from .preset import Preset
from .purpose import size_for
from .sizing import Sizing
from .verdict import unsuited

MOST_MACHINES = 8
"""Machines beyond which an offer is no sensible one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A size that runs the preset; `usd_per_hour` is for all its machines, None where not known."""

    instance: InstanceType
    sizing: Sizing
    usd_per_hour: float | None

    def in_words(self) -> str:
        """A clause such as `Standard_NV36ads_A10_v5 ($3.20/h, 1 node)`."""
        price = "price unknown" if self.usd_per_hour is None else f"${self.usd_per_hour:,.2f}/h"
        nodes = "1 node" if self.sizing.nodes == 1 else f"{self.sizing.nodes} nodes"
        return f"{self.instance.name} ({price}, {nodes})"


def cheapest(
    catalog: Catalog, preset: Preset, context: int | None = None, *, purpose: str = "vllm"
) -> tuple[Offer, ...]:
    """Sizes to be had today that run the preset for a purpose, cheapest first and unknown prices last.

    Left out: limited and new series, partitions of cards over several machines, more than 8 machines.
    """
    suited = [
        size for size in catalog.instance_types if size.status == "current" and not unsuited(preset, size)
    ]
    sized = [(instance, size_for(purpose, preset, instance, context)) for instance in suited]
    offers = [
        Offer(instance, sizing, instance.price.hourly(sizing.nodes))
        for instance, sizing in sized
        if isinstance(sizing, Sizing) and is_sensible(instance, sizing)
    ]
    return tuple(sorted(offers, key=_cheapest_first))


def list_in_words(offers: tuple[Offer, ...], most: int = 3) -> str:
    """The first few offers as a list for a sentence; says so where there is none."""
    if not offers:
        return "none that we know of"
    more = ", …" if len(offers) > most else ""
    return ", ".join(offer.in_words() for offer in offers[:most]) + more


def is_sensible(instance: InstanceType, sizing: Sizing) -> bool:
    """Whether anybody would want so many of this size: slices of cards are not joined over machines."""
    return sizing.nodes <= (1 if instance.gpu.is_partition else MOST_MACHINES)


def _cheapest_first(offer: Offer) -> tuple[bool, float, int, str]:
    return offer.usd_per_hour is None, offer.usd_per_hour or 0.0, offer.sizing.nodes, offer.instance.name
