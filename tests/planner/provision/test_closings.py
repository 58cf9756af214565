"""What a setback shuts, for whom, and until when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.cloud import CapacityType, CloudError, Option
from reconciler.domain.logbook import Refusal
from reconciler.domain.provisioning import Kind, Scope, Setback
from reconciler.planner.provision.closings import closed_by, refusal_of
from reconciler.planner.provision.setbacks import understand

NOW = "2026-11-22T12:00:00Z"
BEFORE_AN_HOUR = "2026-11-22T12:59:59Z"
AFTER_AN_HOUR = "2026-11-22T13:00:00Z"
SIZE = "Standard_NC24ads_A100_v4"
FAMILY = "StandardNCADSA100v4Family"
SPOT = CapacityType.SPOT
WAYS = {
    "any zone": Option(SIZE),
    "zone 2": Option(SIZE, zone="2"),
    "zone 3": Option(SIZE, zone="3"),
    "bigger": Option("Standard_NC48ads_A100_v4"),
    "spot": Option(SIZE, SPOT),
    "spot in zone 2": Option(SIZE, SPOT, "2"),
    "another size": Option("Standard_NC4as_T4_v3"),
    "another size on spot": Option("Standard_NC4as_T4_v3", SPOT),
    "own": Option(SIZE, CapacityType.OWN),
}
FAMILIES = {
    SIZE: FAMILY,
    "Standard_NC48ads_A100_v4": FAMILY.upper(),
    "Standard_NC4as_T4_v3": "Standard NCASv3_T4 Family",
}


def setback(closes: Scope | None, kind: Kind = Kind.CAPACITY, seconds: float = 3600) -> Setback:
    return Setback(kind, "Code", "why", "", closes=closes, closed_seconds=seconds if closes else 0)


def shut_by(refusal: Refusal | None, now: str = NOW) -> set[str]:
    refusals = (refusal,) if refusal else ()
    return {name for name, way in WAYS.items() if closed_by(way, FAMILIES[way.instance_type], refusals, now)}


@pytest.mark.parametrize(
    ("closes", "way", "shut"),
    [
        (Scope.ZONE, "zone 2", {"zone 2"}),
        (Scope.ZONE, "any zone", {"any zone"}),
        (Scope.ZONE, "spot in zone 2", {"spot in zone 2"}),
        (Scope.SIZE, "zone 2", {"any zone", "zone 2", "zone 3"}),
        (Scope.SIZE, "spot", {"spot", "spot in zone 2"}),
        (Scope.FAMILY, "any zone", {"any zone", "zone 2", "zone 3", "bigger"}),
        (Scope.SPOT, "spot", {"spot", "spot in zone 2", "another size on spot"}),
        (Scope.SPOT, "any zone", {"spot", "spot in zone 2", "another size on spot"}),
        (Scope.REGION, "any zone", {"any zone", "zone 2", "zone 3", "bigger", "another size"}),
        (Scope.REGION, "spot", {"spot", "spot in zone 2", "another size on spot"}),
    ],
)
def test_a_scope_shuts_just_what_it_names(closes: Scope, way: str, shut: set[str]) -> None:
    assert shut_by(refusal_of(setback(closes), WAYS[way], FAMILY, NOW)) == shut


def test_a_setback_that_closes_nothing_refuses_nothing() -> None:
    assert refusal_of(setback(None), WAYS["any zone"], FAMILY, NOW) is None


def test_nodes_of_ones_own_are_never_refused() -> None:
    assert refusal_of(setback(Scope.REGION), WAYS["own"], FAMILY, NOW) is None


def test_it_opens_again_at_the_very_second() -> None:
    refusal = refusal_of(setback(Scope.SIZE), WAYS["any zone"], FAMILY, NOW)

    assert shut_by(refusal, BEFORE_AN_HOUR)
    assert not shut_by(refusal, AFTER_AN_HOUR)


def test_a_size_is_found_in_whatever_case_it_is_spelled() -> None:
    refusal = refusal_of(setback(Scope.SIZE), Option(SIZE.upper()), "", NOW)

    assert closed_by(WAYS["any zone"], FAMILY, [refusal] if refusal else [], NOW)


def test_a_family_is_found_however_azure_spells_it() -> None:
    refusal = refusal_of(setback(Scope.FAMILY), WAYS["another size"], "standardNCASv3_T4family", NOW)

    assert shut_by(refusal) == {"another size"}


def test_where_the_family_is_not_known_the_size_alone_is_shut() -> None:
    refusal = refusal_of(setback(Scope.FAMILY, Kind.PERMANENT), WAYS["any zone"], "", NOW)

    assert refusal
    assert (refusal.scope, refusal.subject) == (Scope.SIZE, SIZE)
    assert refusal.sentence == f"no quota left for the family of {SIZE}"
    assert closed_by(WAYS["any zone"], "", [refusal], NOW) is refusal


@pytest.mark.parametrize(("vcpus", "shut"), [(96, True), (48, True), (24, False), (0, True)])
def test_a_quota_that_is_too_small_for_one_is_not_shut_for_who_needs_less(vcpus: int, shut: bool) -> None:
    refusal = replace(must(refusal_of(setback(Scope.FAMILY), WAYS["any zone"], FAMILY, NOW)), vcpus=48)

    assert (closed_by(WAYS["zone 2"], FAMILY, [refusal], NOW, vcpus) is not None) is shut


def must(refusal: Refusal | None) -> Refusal:
    assert refusal
    return refusal


def test_two_unknown_families_are_not_the_same_family() -> None:
    refusal = Refusal(Scope.FAMILY, "", CapacityType.ON_DEMAND, "", AFTER_AN_HOUR, "Code", "why")

    assert closed_by(WAYS["any zone"], "", [refusal], NOW) is None


def test_the_refusal_that_lasts_longest_is_told() -> None:
    way = WAYS["zone 2"]
    short = refusal_of(setback(Scope.ZONE), way, FAMILY, NOW)
    long = refusal_of(setback(Scope.FAMILY, seconds=7200), way, FAMILY, NOW)
    assert short
    assert long

    for order in ([short, long], [long, short]):
        assert closed_by(way, FAMILY, order, NOW) is long


@pytest.mark.parametrize(
    ("closes", "kind", "way", "sentence"),
    [
        (Scope.ZONE, Kind.CAPACITY, "zone 2", f"no capacity for {SIZE} in zone 2"),
        (Scope.ZONE, Kind.CAPACITY, "spot in zone 2", f"no spot capacity for {SIZE} in zone 2"),
        (Scope.ZONE, Kind.CAPACITY, "any zone", f"no capacity for {SIZE} in the zone that Azure chose"),
        (Scope.ZONE, Kind.PERMANENT, "zone 2", f"{SIZE} is not offered in zone 2"),
        (Scope.SIZE, Kind.CAPACITY, "zone 2", f"no capacity for {SIZE}"),
        (Scope.SIZE, Kind.PERMANENT, "any zone", f"{SIZE} is not offered"),
        (Scope.FAMILY, Kind.PERMANENT, "any zone", f"no quota left for {FAMILY}"),
        (Scope.SPOT, Kind.PERMANENT, "spot", "no quota left for spot"),
        (Scope.REGION, Kind.PERMANENT, "any zone", "no quota left in the region"),
        (Scope.REGION, Kind.PERMANENT, "spot", "no spot quota left in the region"),
    ],
)
def test_a_refusal_says_in_a_few_words_why(closes: Scope, kind: Kind, way: str, sentence: str) -> None:
    refusal = refusal_of(setback(closes, kind), WAYS[way], FAMILY, NOW)

    assert refusal
    assert refusal.sentence == sentence
    assert refusal.code == "Code"


@pytest.mark.parametrize(
    ("error", "way", "until"),
    [
        (CloudError(409, ("SkuNotAvailable",), "x"), "any zone", "2026-11-23T11:00:00Z"),
        (CloudError(409, ("SkuNotAvailable",), "x"), "spot", AFTER_AN_HOUR),
        (CloudError(400, ("VMSizeNotSupported",), "x"), "spot", "2026-11-23T11:00:00Z"),
        (CloudError(200, ("AllocationFailed",), "x"), "any zone", AFTER_AN_HOUR),
        (CloudError(200, ("ZonalAllocationFailed",), "x"), "zone 2", AFTER_AN_HOUR),
        (CloudError(400, ("ErrCode_InsufficientVCPUQuota",), "x"), "any zone", "2026-11-22T12:10:00Z"),
        (
            CloudError(409, ("OperationNotAllowed",), "approved X Cores quota. Current Limit: 0,"),
            "any zone",
            AFTER_AN_HOUR,
        ),
        (
            CloudError(409, ("OperationNotAllowed",), "approved LowPriorityCores quota."),
            "spot",
            AFTER_AN_HOUR,
        ),
    ],
)
def test_refusals_last_as_long_as_it_is_known_that_they_do(error: CloudError, way: str, until: str) -> None:
    refusal = refusal_of(understand(error), WAYS[way], FAMILY, NOW)

    assert refusal
    assert refusal.until == until
