"""Machines that Azure does not have, or not for us. Lifetimes: karpenter-provider-azure's error classes."""

from __future__ import annotations

from reconciler.domain.provisioning import Kind, Scope

from .meaning import HOUR, Meaning

_ELSEWHERE = "wait, or accept another zone or VM size as well"
_ANOTHER = "wait, or accept another VM size as well"
_CHOOSE = "choose another VM size or zone, or ask Azure support to open this one"

ROWS = (
    Meaning(
        "zone full",
        Kind.CAPACITY,
        says=(
            "Azure has no {size} free in this zone now",
            "Azure has no machine of this size free in this zone now",
        ),
        step=(_ELSEWHERE,),
        means="the hardware of that zone is taken; it comes and goes by the hour",
        codes=("ZonalAllocationFailed",),
        wording=r"sufficient capacity for the requested vm size.* in this zone",
        rest=HOUR,
        closes=Scope.ZONE,
        closed_seconds=HOUR,
    ),
    Meaning(
        "region full",
        Kind.CAPACITY,
        says=(
            "Azure has no {size} free in this region now",
            "Azure has no machine of this size free in this region now",
        ),
        step=(_ANOTHER,),
        means="the hardware of the whole region is taken; it comes and goes by the hour",
        codes=("AllocationFailed",),
        wording=r"sufficient capacity for the requested vm size",
        rest=HOUR,
        closes=Scope.SIZE,
        closed_seconds=HOUR,
    ),
    Meaning(
        "too many conditions in the zone",
        Kind.CAPACITY,
        says=(
            "Azure has no machine free in this zone that meets all of: {constraints}",
            "Azure has no machine free in this zone that meets all the conditions asked for",
        ),
        step=(_ELSEWHERE,),
        means="machines may be free, but none with the size, disk, network and zone asked for together",
        codes=("OverconstrainedZonalAllocationRequest",),
        wording=r"condition is too restrictive.*availability zone",
        rest=HOUR,
        closes=Scope.ZONE,
        closed_seconds=HOUR,
    ),
    Meaning(
        "too many conditions",
        Kind.CAPACITY,
        says=(
            "Azure has no machine free that meets all of: {constraints}",
            "Azure has no machine free that meets all the conditions asked for",
        ),
        step=(_ANOTHER,),
        means="machines may be free, but none with the size, disk and network asked for together",
        codes=("OverconstrainedAllocationRequest",),
        wording=r"condition is too restrictive",
        rest=HOUR,
        closes=Scope.SIZE,
        closed_seconds=HOUR,
    ),
    Meaning(
        "retired",
        Kind.PERMANENT,
        says=("Azure has retired {size}", "Azure has retired this VM size"),
        step=("choose another VM size",),
        means="the size may still be listed and priced, but no new machine of it is made",
        wording=r"\bretire(?:d|ment)\b",
        rest=HOUR,
        closes=Scope.SIZE,
        closed_seconds=23 * HOUR,
    ),
    Meaning(
        "restricted in the zone",
        Kind.CAPACITY,
        says=(
            "Azure does not offer this VM size to this subscription in zone {zones} of {region} now",
            "Azure does not offer this VM size to this subscription in this zone now",
        ),
        step=(_CHOOSE,),
        means="the size is restricted in the zones asked for; without a zone it may be had",
        wording=r"currently not available in location .* zones? '\d",
        rest=HOUR,
        closes=Scope.ZONE,
        closed_seconds=23 * HOUR,
        closed_seconds_on_spot=HOUR,
    ),
    Meaning(
        "restricted",
        Kind.CAPACITY,
        says=(
            "Azure does not offer {size} to this subscription in {region} now",
            "Azure does not offer this VM size to this subscription in {region} now",
            "Azure does not offer this VM size to this subscription in this region now",
        ),
        step=(_CHOOSE,),
        means="Azure keeps the size for others in this region",
        codes=("SkuNotAvailable",),
        wording=r"currently not available in location",
        rest=HOUR,
        closes=Scope.SIZE,
        closed_seconds=23 * HOUR,
        closed_seconds_on_spot=HOUR,
    ),
    Meaning(
        "not in the zone",
        Kind.PERMANENT,
        says=("this zone of the region does not have this VM size",),
        step=("choose another zone, or name none",),
        means="the size is not built there at all",
        codes=("AvailabilityZoneNotSupported",),
        rest=HOUR,
        closes=Scope.ZONE,
        closed_seconds=23 * HOUR,
    ),
    Meaning(
        "not for the subscription",
        Kind.PERMANENT,
        says=(
            "this subscription may not use {size} in {region}",
            "this subscription may not use this VM size in {region}",
            "this subscription may not use this VM size in this region",
        ),
        step=("choose a size that az vm list-skus --size Standard_N lists there without a restriction",),
        means="the region does not have the size, or does not sell it to this subscription",
        codes=("VMSizeNotSupported",),
        wording=r"not allowed in your subscription|is not supported for subscription",
        rest=HOUR,
        closes=Scope.SIZE,
        closed_seconds=23 * HOUR,
    ),
)
