"""AKS's request limits as its documentation gives them, counted in world time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.sandbox.arm.throttle import Buckets
from reconciler.sandbox.clock import Clock

from .conftest import Build, House


class Standstill(Clock):
    """A clock that is set by hand."""

    def __init__(self, speed: float = 1.0) -> None:
        super().__init__(speed)
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("kind", "burst", "seconds"),
    [
        ("put pool", 20, 60),
        ("put cluster", 20, 60),
        ("get cluster", 60, 1),
        ("get operation", 200, 0.5),
        ("other", 60, 1),
    ],
)
def test_after_a_burst_one_more_comes_in_its_time(kind: str, burst: int, seconds: float) -> None:
    clock = Standstill()
    buckets = Buckets(clock)
    assert [buckets.take(kind, "one") for _ in range(burst)] == [None] * burst
    refusal = buckets.take(kind, "one")
    assert refusal is not None
    assert (refusal.status, refusal.error.code) == (429, "Throttled")
    assert int(refusal.headers["Retry-After"]) == max(1, round(seconds))
    clock.wait(seconds)
    assert buckets.take(kind, "one") is None
    assert buckets.take(kind, "one") is not None
    clock.wait(seconds * burst * 2)
    assert [buckets.take(kind, "one") is None for _ in range(burst + 1)] == [True] * burst + [False]


def test_a_bucket_is_that_of_its_scope_in_any_case() -> None:
    buckets = Buckets(Standstill())
    for _ in range(20):
        buckets.take("put pool", "one")
    assert buckets.take("put pool", "ONE") is not None
    assert buckets.take("put pool", "two") is None


def test_what_a_client_is_told_to_wait_is_in_its_own_seconds() -> None:
    buckets = Buckets(Standstill(speed=0.5))
    for _ in range(20):
        buckets.take("put pool", "one")
    refusal = buckets.take("put pool", "one")
    assert refusal is not None
    assert refusal.headers["Retry-After"] == "120"


def test_list_get_and_delete_of_all_pools_share_one_bucket(build: Build) -> None:
    house: House = build(throttling=True, speed=0.001)
    listing = f"{house.cluster_path}/agentPools?api-version=2026-08-01"
    for number in range(20):
        assert house.arm.ask("GET", listing).status == 200
        assert house.arm.ask("GET", house.pool_path(f"p{number}")).status == 404
        assert house.arm.ask("DELETE", house.pool_path(f"p{number}")).status == 204
    assert house.arm.ask("GET", listing).status == 429
    assert house.arm.ask("DELETE", house.pool_path("p1")).status == 429
    assert house.arm.ask("GET", f"{house.cluster_path}?api-version=2026-08-01").status == 200
