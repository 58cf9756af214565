"""Who leads when: two processes that seek one lease, several that seek several, by a clock set by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from reconciler.domain.lease import Candidate, Lease
from reconciler.faults import Conflict, Deposed, Fault, Forbidden, Unreachable
from reconciler.leading import Clock, Leading

ONE = ("towline-demo",)


@dataclass
class Hands(Clock):
    """A clock that is set."""

    seconds: float = 1000.0

    def now(self) -> float:
        return self.seconds

    def moment(self) -> str:
        return f"2026-11-22T12:00:{self.seconds:09.6f}Z"

    def around(self, seconds: float) -> float:
        return seconds


@dataclass
class Cabinet:
    """Leases in memory, with their resourceVersions; `fault` happens instead; `delay` is what a write
    takes."""

    kept: dict[str, Lease] = field(default_factory=dict)
    fault: Fault | None = None
    delay: Callable[[], None] | None = None
    writes: list[Lease] = field(default_factory=list)

    def lease(self, name: str) -> Lease | None:
        if self.fault:
            raise self.fault
        return self.kept.get(name)

    def write(self, lease: Lease) -> Lease:
        if self.fault:
            raise self.fault
        now = self.kept.get(lease.name)
        if (now.resource_version if now else "") != lease.resource_version:
            raise Conflict("somebody else wrote", code="Conflict")
        made = replace(lease, resource_version=f"{len(self.writes) + 1}")
        self.writes.append(made)
        self.kept[lease.name] = made
        if self.delay:
            self.delay()
        return made


@dataclass
class Seeker:
    """A process, its own way to the leases and its own clock."""

    name: str
    cabinet: Cabinet
    clock: Hands
    names: tuple[str, ...] = ONE
    changes: list[frozenset[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        candidate = Candidate(self.name, self.names)
        self.leading = Leading(self.cabinet, candidate, self._changed, self.clock)

    def turn(self, after: float = 0.0) -> float:
        self.clock.seconds += after
        return self.leading.turn()

    @property
    def held(self) -> set[int]:
        return set(self.leading.share().held)

    def may_write(self) -> bool:
        try:
            self.leading.may_write()
        except Deposed:
            return False
        return True

    def _changed(self) -> None:
        self.changes.append(self.leading.held)


@pytest.fixture
def cabinet() -> Cabinet:
    return Cabinet()


def test_the_first_leads_and_the_second_says_who_does(cabinet: Cabinet) -> None:
    one, two = Seeker("one", cabinet, Hands()), Seeker("two", cabinet, Hands())
    one.turn()
    two.turn()

    assert (one.held, two.held) == ({0}, set())
    assert two.leading.share().because == "one leads"
    assert one.may_write()
    assert not two.may_write()


def test_nothing_may_be_written_by_who_has_not_asked_for_a_share(cabinet: Cabinet) -> None:
    one = Seeker("one", cabinet, Hands())
    one.turn()
    assert not one.may_write()


def test_a_leader_renews_and_a_candidate_waits_for_as_long_as_it_does(cabinet: Cabinet) -> None:
    one, two = Seeker("one", cabinet, Hands()), Seeker("two", cabinet, Hands())
    for _ in range(60):
        one.turn(after=2)
        two.turn(after=2)
        assert (one.held, two.held) == ({0}, set())
    assert len(cabinet.writes) == 60


def test_who_is_silent_is_replaced_after_fifteen_seconds_and_stops_after_ten(cabinet: Cabinet) -> None:
    clock = Hands()
    one, two = Seeker("one", cabinet, clock), Seeker("two", cabinet, clock)
    one.turn()
    assert one.held == {0}
    two.turn()

    two.turn(after=9.9)
    assert one.may_write()
    two.turn(after=0.2)
    assert not one.may_write()
    assert two.held == set()
    two.turn(after=4.8)
    assert two.held == set()
    two.turn(after=0.2)
    assert two.held == {0}
    assert cabinet.kept["towline-demo"].transitions == 1


def test_a_candidate_wakes_when_the_lease_runs_out(cabinet: Cabinet) -> None:
    clock = Hands()
    one, two = Seeker("one", cabinet, clock), Seeker("two", cabinet, clock)
    one.turn()
    two.turn()
    assert two.turn(after=14.5) == pytest.approx(0.51)


def test_a_renewal_counts_from_when_it_was_sent_not_from_when_it_was_answered(cabinet: Cabinet) -> None:
    one = Seeker("one", cabinet, Hands())
    cabinet.delay = lambda: setattr(one.clock, "seconds", one.clock.seconds + 9)
    one.turn()
    assert one.held == {0}
    one.clock.seconds += 0.9
    assert one.may_write()
    one.clock.seconds += 0.2
    assert not one.may_write()


def test_a_pass_does_not_outlive_a_lease_that_was_another_s_in_between(cabinet: Cabinet) -> None:
    clock = Hands()
    one, two = Seeker("one", cabinet, clock), Seeker("two", cabinet, clock)
    one.turn()
    assert one.held == {0}
    two.turn()
    two.turn(after=15.1)
    two.leading.close()
    one.turn(after=1)

    assert not one.may_write()
    assert one.held == {0}
    assert one.may_write()


def test_a_lease_that_nobody_took_meanwhile_is_held_on(cabinet: Cabinet) -> None:
    one = Seeker("one", cabinet, Hands())
    one.turn()
    assert one.held == {0}
    cabinet.fault = Unreachable("no answer")
    one.turn(after=11)
    assert not one.may_write()
    assert one.leading.share().because == "the lease towline-demo cannot be had: no answer"

    cabinet.fault = None
    one.turn(after=60)
    assert one.held == {0}
    assert one.changes == [{0}, frozenset(), {0}]


def test_a_lease_that_a_person_deleted_is_lost_at_once_and_may_be_claimed_anew(cabinet: Cabinet) -> None:
    one = Seeker("one", cabinet, Hands())
    one.turn()
    assert one.held == {0}
    cabinet.kept.clear()
    one.turn(after=2)

    assert not one.may_write()
    assert one.held == {0}


def test_who_may_not_have_the_lease_says_why(cabinet: Cabinet) -> None:
    cabinet.fault = Forbidden("leases is forbidden")
    one = Seeker("one", cabinet, Hands())
    one.turn()
    assert one.leading.share().because == "the lease towline-demo cannot be had: leases is forbidden"


def test_who_ends_lets_go_and_the_next_need_not_wait(cabinet: Cabinet) -> None:
    one, two = Seeker("one", cabinet, Hands()), Seeker("two", cabinet, Hands())
    one.turn()
    assert one.held == {0}
    two.turn()
    one.leading.close()

    assert cabinet.kept["towline-demo"].holder == ""
    assert not one.may_write()
    two.turn(after=1)
    assert two.held == {0}


def test_of_three_that_begin_together_each_gets_its_share(cabinet: Cabinet) -> None:
    names = tuple(f"towline-demo.{number}" for number in range(3))
    clock = Hands()
    three = [Seeker(f"process-{number}", cabinet, clock, names) for number in range(3)]
    for _ in range(5):
        for each in three:
            each.turn(after=0.3)

    assert sorted(tuple(each.held) for each in three) == [(0,), (1,), (2,)]


def test_what_a_dead_one_held_goes_to_the_others_and_one_alone_has_all_in_the_end(cabinet: Cabinet) -> None:
    names = tuple(f"towline-demo.{number}" for number in range(4))
    clock = Hands()
    one, two = (Seeker(f"process-{number}", cabinet, clock, names) for number in range(2))
    for _ in range(20):
        one.turn(after=0.5)
        two.turn(after=0.5)
    assert [len(one.held), len(two.held)] == [2, 2]

    for _ in range(40):
        one.turn(after=1)
    assert one.held == {0, 1, 2, 3}
    assert one.leading.share().is_whole
