"""AKS's published limits (20 and 1 a minute, 60 and 1 a second) are kept, with 2 to spare, before a request
leaves."""

from __future__ import annotations

import pytest

from reconciler.adapters.azure.buckets import Buckets, Call, call_of
from reconciler.faults import Throttled
from tests.adapters.azure_answers import Watch

CLUSTER = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ContainerService/managedClusters/c"


def took(buckets: Buckets, call: Call, times: int, scope: str = "") -> int:
    """How many of so many requests were let through."""
    through = 0
    for _ in range(times):
        try:
            buckets.take(call, scope)
        except Throttled:
            continue
        through += 1
    return through


@pytest.mark.parametrize(
    ("call", "burst", "seconds"),
    [(Call.CHANGE_POOL, 18, 60), (Call.READ_CLUSTER, 58, 1), (Call.OTHER, 58, 1), (Call.COMPUTE, 58, 1)],
)
def test_a_burst_goes_through_and_then_one_at_a_time(call: Call, burst: int, seconds: float) -> None:
    watch = Watch()
    buckets = Buckets(watch)
    assert took(buckets, call, burst + 5) == burst
    with pytest.raises(Throttled) as caught:
        buckets.take(call)
    assert caught.value.retry_after == pytest.approx(seconds)
    assert caught.value.error is not None
    assert (caught.value.error.status, caught.value.error.code) == (429, "Throttled")
    watch.seconds += seconds
    assert took(buckets, call, 3) == 1
    watch.seconds += 10_000
    assert took(buckets, call, burst + 5) == burst


def test_each_pool_is_counted_by_itself() -> None:
    buckets = Buckets(Watch())
    assert took(buckets, Call.CHANGE_POOL, 25, "wone") == 18
    assert took(buckets, Call.CHANGE_POOL, 25, "wtwo") == 18
    assert buckets.left(Call.CHANGE_POOL) == 0


def test_a_world_that_lives_faster_refills_faster() -> None:
    watch = Watch()
    buckets = Buckets(watch, pace=60)
    assert took(buckets, Call.CHANGE_POOL, 25) == 18
    watch.seconds += 1
    assert took(buckets, Call.CHANGE_POOL, 5) == 1


def test_a_kind_that_azure_throttled_rests_for_every_pool_and_no_other_kind_does() -> None:
    watch = Watch()
    buckets = Buckets(watch)
    buckets.refused(Call.CHANGE_POOL, "wone", 30)
    with pytest.raises(Throttled) as caught:
        buckets.take(Call.CHANGE_POOL, "wtwo")
    assert caught.value.retry_after == 30
    assert took(buckets, Call.OTHER, 1) == 1
    watch.seconds += 30
    assert took(buckets, Call.CHANGE_POOL, 1, "wtwo") == 1
    with pytest.raises(Throttled) as caught:
        buckets.take(Call.CHANGE_POOL, "wone")
    assert caught.value.retry_after == pytest.approx(30)


def test_thousands_of_pools_leave_no_thousands_of_buckets() -> None:
    watch = Watch()
    buckets = Buckets(watch)
    for number in range(2000):
        watch.seconds += 60
        buckets.take(Call.CHANGE_POOL, f"w{number}")
    assert took(buckets, Call.CHANGE_POOL, 25, "w1999") == 17
    assert len(buckets._tokens) <= 501


def test_the_tallies_tell_what_is_left_what_was_asked_and_what_was_held_back() -> None:
    buckets = Buckets(Watch())
    took(buckets, Call.CHANGE_POOL, 22, "wone")
    took(buckets, Call.OTHER, 2)
    told = {(each.name, each.labels[0][1]): each.value for each in buckets.tallies()}
    assert {key: value for key, value in told.items() if key[1] in ("change pool", "other")} == {
        ("towline_azure_bucket_tokens", "change pool"): 0,
        ("towline_azure_requests", "change pool"): 18,
        ("towline_azure_throttled", "change pool"): 4,
        ("towline_azure_bucket_tokens", "other"): 56,
        ("towline_azure_requests", "other"): 2,
        ("towline_azure_throttled", "other"): 0,
    }


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("PUT", f"{CLUSTER}/agentPools/Wabc", (Call.CHANGE_POOL, "wabc")),
        ("GET", CLUSTER, (Call.READ_CLUSTER, "")),
        ("GET", f"{CLUSTER}/agentPools", (Call.OTHER, "")),
        ("GET", f"{CLUSTER}/agentPools/wabc", (Call.OTHER, "")),
        ("DELETE", f"{CLUSTER}/agentPools/wabc", (Call.OTHER, "")),
        ("POST", f"{CLUSTER}/agentPools/wabc/abort", (Call.OTHER, "")),
        ("GET", "/subscriptions/s/providers/Microsoft.Compute/skus", (Call.COMPUTE, "")),
        ("GET", "/subscriptions/s/providers/microsoft.compute/locations/e/usages", (Call.COMPUTE, "")),
    ],
)
def test_a_request_is_counted_as_aks_counts_it(method: str, path: str, expected: tuple[Call, str]) -> None:
    assert call_of(method, path) == expected
