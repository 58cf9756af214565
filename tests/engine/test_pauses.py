"""A failed step rests, longer each time, and is told meanwhile."""

from __future__ import annotations

from reconciler.domain.identity import PoolRef
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.pauses import Pauses
from tests.builders import NAME, desired_pool


def step(count: int = 1) -> Step:
    return Step(Action.CREATE, PoolRef("wabc"), NAME, "it is not there", desired_pool(count=count))


def failed(transient: bool = True) -> Outcome:
    return Outcome(step(), done=False, message="no quota", transient=transient)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_failed_step_rests_and_its_failure_is_still_told() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    pauses.learn([failed()])

    assert pauses.sort([step()]) == ((), (failed(),))


def test_it_is_tried_again_after_its_rest() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    pauses.learn([failed()])
    clock.now = 3.0

    assert pauses.sort([step()]) == ((step(),), ())


def test_rests_grow_and_are_bounded() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    for _ in range(20):
        pauses.learn([failed()])

    clock.now = 90.0
    assert pauses.sort([step()])[0] == ()
    clock.now = 145.0
    assert pauses.sort([step()])[0] == (step(),)


def test_what_needs_a_person_rests_longer_than_what_passes_by_itself() -> None:
    clock = Clock()
    pauses = Pauses(clock)
    pauses.learn([failed(transient=False)])
    clock.now = 10.0

    assert pauses.sort([step()])[0] == ()


def test_a_changed_wish_ends_the_rest() -> None:
    pauses = Pauses(Clock())
    pauses.learn([failed()])

    assert pauses.sort([step(count=2)]) == ((step(count=2),), ())


def test_success_forgets() -> None:
    pauses = Pauses(Clock())
    pauses.learn([failed()])
    pauses.learn([Outcome(step(), done=True)])

    assert pauses.sort([step()]) == ((step(),), ())
