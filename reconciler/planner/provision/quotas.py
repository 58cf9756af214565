"""The vCPU quotas that machines count against: of their VM family and of the region, or of spot.

Sources: azure.md, usages of Microsoft.Compute (`cores` is the region, `lowPriorityCores` is spot).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.domain.cloud import REGIONAL, SPOT_QUOTA, CapacityType, Offering, quota_name
from reconciler.domain.state import DesiredPool, ObservedPool

from .ground import Ground
from .way import Way


@dataclass(frozen=True, slots=True)
class Need:
    """vCPUs of one quota. `what` they are called, `pot` what they come from, `asked_as` what they are called
    where one asks for more."""

    quota: str
    vcpus: int
    what: str
    pot: str
    asked_as: str


def needs(way: Way, nodes: int, offering: Offering | None, ground: Ground) -> Iterator[Need]:
    """The quotas that so many more nodes count against; none where the vCPUs of the size are not known. Spot
    counts against its own alone."""
    known = ground.machine(way.option.instance_type)
    each = offering.vcpus if offering and offering.vcpus else (known.machine.vcpu if known else 0)
    if not each or nodes <= 0:
        return
    vcpus = each * (nodes + _surge(way.workspace.pool))
    if way.option.capacity_type is CapacityType.SPOT:
        yield Need(SPOT_QUOTA, vcpus, "spot vCPUs", "the spot quota", "spot vCPUs")
        return
    family = (offering.family if offering else "") or ground.family(way.option.instance_type)
    if family:
        of_family = f"vCPUs of {family}"
        yield Need(quota_name(family), vcpus, of_family, "the quota", of_family)
    yield Need(REGIONAL, vcpus, "vCPUs", "the quota of the whole region", "Total Regional vCPUs")


def held(need: Need, pools: Iterable[ObservedPool], ground: Ground) -> int:
    """vCPUs of this quota that these pools hold."""
    return sum(_vcpus(pool, need.quota, ground) for pool in pools)


def _surge(pool: DesiredPool | None) -> int:
    """Machines beside its own that the pool says an upgrade may add; none where it says nothing."""
    properties = json.loads(pool.body).get("properties") or {} if pool else {}
    surge = str((properties.get("upgradeSettings") or {}).get("maxSurge") or "0")
    if surge.endswith("%") and pool is not None:
        return math.ceil(pool.count * float(surge[:-1]) / 100)
    return int(surge)


def _vcpus(pool: ObservedPool, quota: str, ground: Ground) -> int:
    known = ground.machine(pool.instance_type)
    spot = pool.properties.get("scaleSetPriority") == "Spot"
    family = quota_name(known.quota_family) if known else ""
    counted = (SPOT_QUOTA,) if spot else (family, REGIONAL)
    return pool.count * known.machine.vcpu if known and quota in counted else 0
