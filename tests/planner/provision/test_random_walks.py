"""Whatever Azure answers: no second pool, no loop, nothing taken that serves, nothing of others touched. And
when Azure is kind again, every workspace has its nodes or says what it needs of a person."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.domain.moment import later
from tests.planner.provision.walk import STRANGER, Walk

PASSES = 60
KIND_PASSES = 40


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1_000_000))
def test_whatever_azure_answers_no_promise_is_broken(seed: int) -> None:
    walk = Walk(Random(seed))
    stranger = walk.pools[STRANGER]
    for _ in range(PASSES):
        walk.run_pass(killed=walk.chance.random() < 0.1)
        walk.evolve()
        if walk.chance.random() < 0.05:
            walk.edition += 1

    walk.is_kind = True
    for _ in range(KIND_PASSES):
        walk.run_pass()
        walk.evolve()

    for workspace in walk.workspaces():
        mine = [pool for pool in walk.pools.values() if pool.owner == workspace.name]
        stands = [pool.name for pool in mine if pool.state == "Succeeded" and walk._serves(pool.name)]
        assert walk.choices[workspace.name].needs_a_person or len(stands) == len(mine) == 1
    assert walk.pools[STRANGER] == stranger


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1_000_000))
def test_a_clock_that_is_set_back_breaks_no_promise(seed: int) -> None:
    walk = Walk(Random(seed))
    for _ in range(PASSES):
        walk.run_pass(killed=walk.chance.random() < 0.1)
        walk.evolve()
        if walk.chance.random() < 0.15:
            walk.now = later(walk.now, -walk.chance.choice((600, 86_400, 7 * 86_400)))


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1_000_000), days=st.integers(1, 30))
def test_what_stands_is_left_alone_when_the_clock_is_set_back_and_comes_forward_again(
    seed: int, days: int
) -> None:
    walk = Walk(Random(seed))
    walk.is_kind = True
    for _ in range(KIND_PASSES):
        walk.run_pass()
        walk.evolve()
    right, pools, asked = walk.now, dict(walk.pools), walk.asked.copy()
    for now in (later(right, -days * 86_400), later(right, -60), right):
        walk.now = now
        walk.run_pass()

    assert walk.pools == pools
    assert walk.asked == asked
