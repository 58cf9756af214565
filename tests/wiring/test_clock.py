"""A wall clock may jump by a day: the time that decides what is stopped or removed does not."""

from __future__ import annotations

from email.utils import formatdate

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.wiring.clock import MOST_CORRECTED, TOLERANCE, SteadyClock, counted

DAY = 86_400.0
BEGAN = 1_800_000_000.0


class Machine:
    """A wall clock that somebody sets, and a count that nobody can."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.passed = 0.0
        self.wrong = wrong

    def wall(self) -> float:
        return BEGAN + self.passed + self.wrong

    def count(self) -> float:
        return 5_000.0 + self.passed

    def clock(self) -> SteadyClock:
        return SteadyClock(self.wall, self.count)

    def date(self, wrong: float = 0.0) -> str:
        """What a server says whose clock is that wrong."""
        return formatdate(BEGAN + self.passed + wrong, usegmt=True)


def test_it_counts_from_the_time_it_was_when_it_began() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.passed = 90

    assert clock.seconds() == BEGAN + 90


def test_a_wall_clock_that_jumps_moves_nothing() -> None:
    machine = Machine()
    clock = machine.clock()
    for jump in (DAY, -DAY, 0.0):
        machine.passed += 5
        machine.wrong = jump
        assert clock.seconds() == BEGAN + machine.passed


def test_a_machine_that_is_a_day_wrong_goes_by_the_cluster() -> None:
    for wrong in (DAY, -DAY):
        machine = Machine(wrong)
        clock = machine.clock()
        clock.hear(machine.date())
        machine.passed += 60

        assert abs(clock.seconds() - (BEGAN + 60)) <= 1


def test_what_differs_by_less_than_an_answer_takes_is_left() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.hear(machine.date(TOLERANCE - 5))

    assert clock.seconds() == BEGAN


def test_a_server_that_jumps_later_is_followed_slowly() -> None:
    machine = Machine()
    clock = machine.clock()
    clock.hear(machine.date())
    machine.passed = 1_000
    clock.hear(machine.date(DAY))

    assert clock.seconds() == BEGAN + 1_000 + MOST_CORRECTED * 1_000


def test_what_is_no_date_is_not_heard() -> None:
    machine = Machine()
    clock = machine.clock()
    for text in ("", "yesterday", "Sun, 99 Nov 2026 00:00:00 GMT"):
        clock.hear(text)

    assert clock.seconds() == BEGAN


def test_the_machines_own_count_does_not_go_back() -> None:
    assert counted() <= counted()


jumps = st.floats(-2 * DAY, 2 * DAY)
steps = st.lists(st.tuples(st.floats(0, 600), jumps, st.one_of(st.none(), jumps)), min_size=1, max_size=60)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(wrong=jumps, steps=steps)
def test_whatever_clocks_do_time_passes_as_it_is_counted(
    wrong: float, steps: list[tuple[float, float, float | None]]
) -> None:
    """Between two looks no more and no less time has passed than was counted, but for a correction."""
    machine = Machine(wrong)
    clock = machine.clock()
    clock.hear(machine.date())
    began, passed = clock.seconds(), machine.passed
    for seconds, wall, server in steps:
        machine.passed += seconds
        machine.wrong = wall
        if server is not None:
            clock.hear(machine.date(server))
        elapsed, counted_ = clock.seconds() - began, machine.passed - passed
        assert (1 - MOST_CORRECTED) * counted_ - 1e-3 <= elapsed <= (1 + MOST_CORRECTED) * counted_ + 1e-3
