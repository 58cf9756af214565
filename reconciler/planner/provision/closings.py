"""What an error closes for a while, and whether a way of having nodes is closed."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.domain.cloud import CapacityType, Option, quota_name
from reconciler.domain.logbook import Refusal
from reconciler.domain.moment import later
from reconciler.domain.provisioning import Kind, Scope, Setback


def refusal_of(setback: Setback, option: Option, family: str, now: str) -> Refusal | None:
    """What is shut for everybody after this setback; None when nothing is.

    `family` is the option's quota family; where it is not known, the VM size alone is shut.
    """
    if setback.closes is None or option.capacity_type is CapacityType.OWN:
        return None
    scope = Scope.SIZE if setback.closes is Scope.FAMILY and not family else setback.closes
    capacity_type = CapacityType.SPOT if scope is Scope.SPOT else option.capacity_type
    return Refusal(
        scope,
        _subject(scope, option, family),
        capacity_type,
        option.zone if scope is Scope.ZONE else "",
        later(now, _seconds(setback, capacity_type)),
        setback.code,
        _sentence(setback.closes, setback.kind, option, family),
    )


def closed_by(
    option: Option, family: str, refusals: Iterable[Refusal], now: str, vcpus: int = 0
) -> Refusal | None:
    """The refusal that still shuts this way, the one that lasts longest; None when it is open. A quota that
    was too small for more vCPUs than these shuts nothing for them."""
    known = (each for each in refusals if each.until > now and not 0 < vcpus < each.vcpus)
    shutting = (each for each in known if _shuts(each, option, family))
    return max(shutting, key=lambda each: each.until, default=None)


def _subject(scope: Scope, option: Option, family: str) -> str:
    match scope:
        case Scope.ZONE | Scope.SIZE:
            return option.instance_type
        case Scope.FAMILY:
            return family
        case Scope.SPOT | Scope.REGION:
            return ""


def _seconds(setback: Setback, capacity_type: CapacityType) -> float:
    on_spot = setback.closed_seconds_on_spot
    return on_spot if on_spot and capacity_type is CapacityType.SPOT else setback.closed_seconds


def _sentence(scope: Scope, kind: Kind, option: Option, family: str) -> str:
    """Why a way is passed over, in a few words."""
    spot = "spot " if option.capacity_type is CapacityType.SPOT else ""
    size = option.instance_type
    match scope:
        case Scope.ZONE | Scope.SIZE if kind is Kind.CAPACITY:
            return f"no {spot}capacity for {size}{_place(scope, option)}"
        case Scope.ZONE | Scope.SIZE:
            return f"{size} is not offered{_place(scope, option)}"
        case Scope.FAMILY:
            return f"no quota left for {family or f'the family of {size}'}"
        case Scope.SPOT:
            return "no quota left for spot"
        case Scope.REGION:
            return f"no {spot}quota left in the region"


def _place(scope: Scope, option: Option) -> str:
    if scope is Scope.SIZE:
        return ""
    return f" in zone {option.zone}" if option.zone else " in the zone that Azure chose"


def _shuts(refusal: Refusal, option: Option, family: str) -> bool:
    if refusal.capacity_type is not option.capacity_type:
        return False
    match refusal.scope:
        case Scope.ZONE:
            return _same_size(refusal, option) and refusal.zone == option.zone
        case Scope.SIZE:
            return _same_size(refusal, option)
        case Scope.FAMILY:
            return bool(family) and quota_name(refusal.subject) == quota_name(family)
        case Scope.SPOT | Scope.REGION:
            return True


def _same_size(refusal: Refusal, option: Option) -> bool:
    return refusal.subject.lower() == option.instance_type.lower()
