"""How many vCPUs the subscription may have, and how many its pools take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .errors import ArmError, ArmRefusal, wrapped
from .pool import Pool
from .refusals import no_quota
from .sizes import Sizes, VmSize

_HELP = "Submit a request for Quota increase at https://aka.ms/ProdportalCRP"


@dataclass(frozen=True, slots=True)
class Limits:
    """vCPUs that may be had: of each family, in the region, and of spot (each None: as much as there is)."""

    family: int
    regional: int | None = None
    spot: int | None = None


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A quota that does not suffice, in vCPUs: as Azure's message tells it."""

    name: str
    limit: int
    used: int
    wanted: int

    def error(self, location: str) -> ArmError:
        """Give Compute's error; the code is that of being busy, so the words must be read."""
        told = f"Deployment Model: Resource Manager, Location: {location}, Current Limit: {self.limit}"
        usage = f"Current Usage: {self.used}, Additional Required: {self.wanted}"
        new = f"(Minimum) New Limit Required: {self.used + self.wanted}"
        said = f"Operation could not be completed as it results in exceeding approved {self.name} quota."
        return ArmError(
            "OperationNotAllowed", f"{said} Additional details - {told}, {usage}, {new}. {_HELP}."
        )


class Quota:
    """The vCPU quotas of a region; on-demand pools count against family and region, spot against its own."""

    def __init__(self, sizes: Sizes, limits: Limits, location: str) -> None:
        self._sizes, self.limits, self._location = sizes, limits, location

    @property
    def regional_limit(self) -> int:
        """Give the limit of the region."""
        families = {size.family.lower() for size in self._sizes}
        return (
            self.limits.regional if self.limits.regional is not None else self.limits.family * len(families)
        )

    @property
    def spot_limit(self) -> int:
        """Give the limit of spot machines."""
        return self.limits.spot if self.limits.spot is not None else self.limits.family

    def in_family(self, pools: Iterable[Pool], family: str) -> int:
        """Count the vCPUs that on-demand pools take of a family."""
        name = family.lower()
        return self._sum(pools, lambda pool, size: not pool.is_spot and size.family.lower() == name)

    def in_region(self, pools: Iterable[Pool]) -> int:
        """Count the vCPUs of all on-demand pools."""
        return self._sum(pools, lambda pool, _: not pool.is_spot)

    def in_spot(self, pools: Iterable[Pool]) -> int:
        """Count the vCPUs of spot pools."""
        return self._sum(pools, lambda pool, _: pool.is_spot)

    def check(self, pools: Iterable[Pool], after: Pool, size: VmSize) -> None:
        """Refuse (400) a pool that grows beyond the quota of its family or region."""
        if after.is_spot:
            return
        others, held = _apart_from(pools, after.name)
        wanted, mine = size.vcpus * after.count, size.vcpus * held
        if wanted <= mine:
            return
        left = self.limits.family - self.in_family(others, size.family)
        if wanted > left:
            raise no_quota(size.family, wanted - mine, max(left - mine, 0), self._location)
        used = self.in_region(others) + mine
        if used + wanted - mine > self.regional_limit:
            raise preflight(self._regional(used, wanted - mine, self.regional_limit), self._location)

    def spot_shortfall(self, pools: Iterable[Pool], pool: Pool) -> Shortfall | None:
        """Say by how much a spot pool exceeds its quota, if it does: this is found when machines start."""
        others, _ = _apart_from(pools, pool.name)
        size = self._sizes.find(pool.size)
        wanted, used = size.vcpus * pool.count if size else 0, self.in_spot(others)
        if used + wanted <= self.spot_limit:
            return None
        return Shortfall("LowPriorityCores", self.spot_limit, used, wanted)

    def without(self, pool: Pool, word: str) -> Shortfall:
        """Say that nothing at all is granted: of the pool's family, of spot or of the region."""
        size = self._sizes.find(pool.size)
        missing = max(pool.count - len(pool.machines), 1) * (size.vcpus if size else 1)
        if word == "spot-quota":
            return Shortfall("LowPriorityCores", 0, 0, missing)
        if word.startswith("regional-quota"):
            return self._regional(0, missing, 0)
        return Shortfall(f"{size.family if size else 'standardFamily'} Cores", 0, 0, missing)

    def _regional(self, used: int, wanted: int, limit: int) -> Shortfall:
        return Shortfall("Total Regional Cores", limit, used, wanted)

    def _sum(self, pools: Iterable[Pool], counts: Callable[[Pool, VmSize], bool]) -> int:
        found = ((pool, self._sizes.find(pool.size)) for pool in pools)
        return sum(size.vcpus * pool.count for pool, size in found if size and counts(pool, size))


def preflight(short: Shortfall, location: str) -> ArmRefusal:
    """Refuse a PUT for a quota that Compute's own preflight found too small; AKS's code is outside."""
    cause = short.error(location)
    said = f"Preflight validation check for resource(s) failed. Message: {cause.message} Details: "
    return ArmRefusal(400, ArmError("QuotaExceeded", said, details=(cause,)))


def too_late(short: Shortfall, location: str) -> ArmError:
    """Say that an operation failed for a quota: QuotaExceeded outside, Compute's error inside."""
    return wrapped("QuotaExceeded", short.error(location))


def _apart_from(pools: Iterable[Pool], name: str) -> tuple[tuple[Pool, ...], int]:
    """Give the pools but one, and how many machines that one counts."""
    known = tuple(pools)
    held = next((pool.count for pool in known if pool.name == name), 0)
    return tuple(pool for pool in known if pool.name != name), held
