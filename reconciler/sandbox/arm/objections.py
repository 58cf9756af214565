"""What AKS objects to in a write to a pool: by its own rules, and where a trouble was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

from reconciler.sandbox.trouble import Troubles

from .errors import ArmRefusal, by_aks
from .place import Place
from .pool import Pool
from .quota import Quota, preflight
from .refusals import busy, invalid, no_quota, pending, small_cache, unknown_size, unknown_zone
from .sizes import VmSize


@dataclass(frozen=True, slots=True)
class Wish:
    """A pool PUT as it was read: the pool there was, the one asked for, its size, and the disk asked for."""

    before: Pool | None
    after: Pool
    size: VmSize
    disk: str = ""

    @property
    def held(self) -> int:
        """Count the machines it has already."""
        return self.before.count if self.before else 0

    @property
    def grows(self) -> bool:
        """Does it ask for more machines than before?"""
        return self.after.count > self.held

    @property
    def missing(self) -> int:
        """Count the vCPUs it asks for beyond those it has."""
        return self.size.vcpus * (self.after.count - self.held)


class Objections:
    """Refuses writes to pools."""

    def __init__(self, place: Place, quota: Quota, troubles: Troubles) -> None:
        self._place, self._quota, self._troubles = place, quota, troubles
        self._turn = count()

    def to_any(self, pool: Pool, doing: str) -> None:
        """Refuse any write because something else is at work, in the three wordings in turn."""
        if self._troubles.strikes("busy", *pool.names):
            raise _WORDINGS[next(self._turn) % len(_WORDINGS)](pool.name, doing)

    def to_put(self, wish: Wish, pools: Mapping[str, Pool]) -> None:
        """Refuse a PUT (400 or 409) that cannot be."""
        self._check_fit(wish)
        self._quota.check(pools.values(), wish.after, wish.size)
        for word, (applies, refusal) in _REFUSALS.items():
            if applies(wish) and self._troubles.strikes(word, *wish.after.names):
                raise refusal(wish, self._place)
        if wish.grows and self._troubles.strikes("regional-quota", *wish.after.names):
            raise preflight(self._quota.without(wish.after, "regional-quota"), self._place.location)

    def _check_fit(self, wish: Wish) -> None:
        for zone in wish.after.zones:
            if zone not in wish.size.zones:
                raise unknown_zone(zone, wish.after.name, wish.size.zones, self._place.location)
        disk = int(wish.after.properties["osDiskSizeGB"])
        if wish.disk == "Ephemeral" and disk > wish.size.cache:
            raise small_cache(wish.after.size, wish.size.cache, disk)


def _is_any(_: Wish) -> bool:
    return True


def _is_new(wish: Wish) -> bool:
    return wish.before is None


def _grows(wish: Wish) -> bool:
    return wish.grows


def _may_be_ephemeral(wish: Wish) -> bool:
    return wish.before is None and wish.disk != "Managed"


def _no_quota(wish: Wish, place: Place) -> ArmRefusal:
    return no_quota(wish.size.family, wish.missing, 0, place.location)


def _not_available(wish: Wish, place: Place) -> ArmRefusal:
    zones = f" zones '{','.join(wish.after.zones)}'" if wish.after.zones else ""
    said = f"The requested VM size for resource '{place.scale_set(wish.after.name)}' ({wish.after.size})"
    more = "Please try another size or deploy to a different location or different zone"
    where = f"is currently not available in location '{place.location}'{zones}"
    said = f"{said} {where}. {more}. See https://aka.ms/azureskunotavailable for details."
    return by_aks(409, "SkuNotAvailable", said, "sku.name")


def _not_offered(wish: Wish, place: Place) -> ArmRefusal:
    return unknown_size(wish.after.size, place.location)


def _small_cache(wish: Wish, _: Place) -> ArmRefusal:
    return small_cache(wish.after.size, 0, int(wish.after.properties["osDiskSizeGB"]))


def _no_ephemeral(wish: Wish, _: Place) -> ArmRefusal:
    said = f"The Virtual Machine size {wish.after.size} does not support Ephemeral OS disk."
    return by_aks(400, "VMSizeDoesNotSupportEphemeralOS", said, "agentPoolProfile.osDiskType")


def _full_subnet(wish: Wish, _: Place) -> ArmRefusal:
    needs = (int(wish.after.properties["maxPods"]) + 1) * wish.after.count
    short = f"Pre-allocated IPs {needs + 251} exceeds IPs available 251 in Subnet Cidr 10.224.0.0/24"
    said = f"{short}, Subnet Name aks-subnet. http://aka.ms/aks/insufficientsubnetsize"
    return by_aks(400, "InsufficientSubnetSize", said, "agentPoolProfile.count")


def _too_many(_: Wish, __: Place) -> ArmRefusal:
    return invalid("agentPoolProfile", "the cluster has as many agent pools as it may.")


def _conflict(_: Wish, __: Place) -> ArmRefusal:
    clash = ".properties.nodeProvisioningProfile.mode 'Auto' and cluster autoscaling on an agent pool"
    said = f"Operation is not allowed: the cluster enables {clash}, which cannot be enabled together."
    return by_aks(409, "OperationNotAllowed", said)


def _extension(_: str, __: str) -> ArmRefusal:
    running = "there's an in progress PutExtensionAddonHandler.PUT operation on the managed cluster"
    said = f"Operation is not allowed because {running}. Please wait for it to finish and try again."
    return by_aks(409, "OperationNotAllowed", said)


_WORDINGS: tuple[Callable[[str, str], ArmRefusal], ...] = (
    busy,
    lambda pool, _: pending(pool, "Updating"),
    _extension,
)
_REFUSALS: Mapping[str, tuple[Callable[[Wish], bool], Callable[[Wish, Place], ArmRefusal]]] = {
    "config-conflict": (_is_any, _conflict),
    "too-many-pools": (_is_new, _too_many),
    "not-for-subscription": (_is_new, _not_offered),
    "sku-restricted": (_grows, _not_available),
    "sku-not-available": (_grows, _not_available),
    "cache-too-small": (_may_be_ephemeral, _small_cache),
    "no-ephemeral": (_may_be_ephemeral, _no_ephemeral),
    "subnet-full": (_grows, _full_subnet),
    "no-quota": (_grows, _no_quota),
}
