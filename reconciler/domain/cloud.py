"""Azure's side of things: how machines may be had, what is offered, what is left, and how Azure says no."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CapacityType(StrEnum):
    """On what terms a machine is had; the words are Karpenter's, `own` is a node that was there before."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Option:
    """One way of having a workspace's nodes. `zone` is empty where Azure may choose."""

    instance_type: str
    capacity_type: CapacityType = CapacityType.ON_DEMAND
    zone: str = ""

    def __str__(self) -> str:
        if self.capacity_type is CapacityType.OWN:
            return "own nodes"
        spot = ("spot",) if self.capacity_type is CapacityType.SPOT else ()
        terms = ", ".join((*spot, *((f"zone {self.zone}",) if self.zone else ())))
        return f"{self.instance_type} ({terms})" if terms else self.instance_type


ANY_WAY = Option("")


@dataclass(frozen=True, slots=True)
class CloudError:
    """How Azure said no.

    `status` is the HTTP status: 200 for an operation that failed later, 0 where no answer came. `codes` are
    the error's own words from the outermost in, `message` is one line without signed URLs, `correlation` is
    the id that Azure's support asks for.
    """

    status: int
    codes: tuple[str, ...]
    message: str
    correlation: str = ""

    @property
    def code(self) -> str:
        """The innermost code: the outer ones say that something failed, this one what."""
        return self.codes[-1] if self.codes else ""


@dataclass(frozen=True, slots=True)
class AksStanding:
    """The AKS cluster itself: `power` is Running or Stopped, `provisioning` its provisioningState, `location`
    its region, empty where it was not told."""

    power: str
    provisioning: str
    most_pools: int = 100
    location: str = ""

    @property
    def may_change(self) -> bool:
        """Whether agent pools may be made and changed. An operation under way on one pool shows as Updating
        and does not hinder another."""
        return self.power == "Running" and self.provisioning in ("Succeeded", "Updating")

    @property
    def is_at_rest(self) -> bool:
        """Whether what is seen is the whole truth: only then is anything nobody asked for removed."""
        return self.power == "Running" and self.provisioning == "Succeeded"


@dataclass(frozen=True, slots=True)
class Offering:
    """A VM size as this subscription may have it in this region.

    `closed` is why it may not be had at all (the SKU API's reasonCode), empty where it may; `zones` are those
    that have it, `closed_zones` those barred to this subscription; `vcpus` and `family` are counted against
    the quota, None and empty where the API did not say.
    """

    instance_type: str
    family: str
    vcpus: int | None
    zones: tuple[str, ...] = ()
    closed_zones: tuple[str, ...] = ()
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """vCPUs of one quota: a VM family, `cores` for the region, or `lowPriorityCores` for spot."""

    name: str
    used: int
    limit: int

    @property
    def left(self) -> int:
        """vCPUs that may still be had."""
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Market:
    """What may be had now. None where Azure could not say, with the sentences `unknown` that tell why: then
    nothing is held back for it.

    `offerings` are found by lower-case VM size, `usages` by `quota_name`.
    """

    offerings: Mapping[str, Offering] | None = None
    usages: Mapping[str, Usage] | None = None
    unknown: tuple[str, ...] = ()


UNSEEN = Market()


def quota_name(name: str) -> str:
    """A quota's name as it can be looked up: Azure spells families with changing case and blanks."""
    return "".join(name.split()).lower()


REGIONAL = "cores"
SPOT_QUOTA = "lowprioritycores"
