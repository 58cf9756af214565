"""What nodes have cost: told quietly in Git, to the second where a person asks."""

from __future__ import annotations

import pytest

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Account, Logbook, Meter
from reconciler.domain.moment import later
from reconciler.domain.provisioning import Spending
from reconciler.planner.provision.spending import spending_by, spending_of, spending_until
from tests.builders import A100, NAME

NOON = "2026-11-22T12:00:00Z"
MIDNIGHT = "2026-11-22T00:00:00Z"
DAY_BEFORE = "2026-11-21T00:00:00Z"
LONG_AGO = "2026-11-01T00:00:00Z"
NEXT_DAY = "2026-11-02T00:00:00Z"
HOUR = 3600


def meter(since: str, dollars: float | None = 2.0, *, at_most: bool = False) -> Meter:
    return Meter(NAME, A100, 1, dollars, since, at_most)


def test_who_never_had_a_node_has_spent_nothing_that_could_be_told() -> None:
    other = Logbook(meters={"w": Meter(WorkspaceName("default", "other"), A100, 1, 1.0, DAY_BEFORE)})

    assert spending_of(NAME, Logbook(), NOON) is None
    assert spending_of(NAME, other, NOON) is None
    assert spending_until(NAME, other, NOON) is None


def test_it_is_told_up_to_the_beginning_of_the_day() -> None:
    book = Logbook(meters={"w": meter(DAY_BEFORE)})

    assert spending_of(NAME, book, NOON) == Spending(48.0, DAY_BEFORE, MIDNIGHT)
    assert spending_until(NAME, book, NOON) == Spending(72.0, DAY_BEFORE, NOON)


def test_it_changes_once_a_day_whatever_happens_to_the_nodes() -> None:
    gone = Account(50.0, DAY_BEFORE, until=NOON, by_day=48.0)
    books = (
        Logbook(meters={"w": meter(DAY_BEFORE)}),
        Logbook(accounts={NAME: gone}),
        Logbook(meters={"w": meter(NOON, 4.0)}, accounts={NAME: gone}),
        Logbook(meters={"w": meter(DAY_BEFORE), "v": meter(later(NOON, -60))}),
    )

    assert {spending_of(NAME, book, NOON) for book in books} == {Spending(48.0, DAY_BEFORE, MIDNIGHT)}
    assert spending_until(NAME, books[2], later(NOON, HOUR)) == Spending(54.0, DAY_BEFORE, later(NOON, HOUR))


def test_mere_time_changes_it_at_midnight() -> None:
    book = Logbook(meters={"w": meter(later(NOON, -60))})
    moments = [later(NOON, 600 * each) for each in range(288)]

    told = {spending_of(NAME, book, moment) for moment in moments}

    assert [each.at for each in sorted(filter(None, told), key=lambda each: each.at)] == [
        "2026-11-23T00:00:00Z",
        "2026-11-24T00:00:00Z",
    ]


def test_nothing_is_told_on_the_first_day_and_what_it_cost_on_the_second() -> None:
    book = Logbook(meters={"w": meter(later(MIDNIGHT, -HOUR))})

    assert spending_of(NAME, book, later(MIDNIGHT, -1)) is None
    assert spending_of(NAME, book, MIDNIGHT) == Spending(2.0, later(MIDNIGHT, -HOUR), MIDNIGHT)


def test_what_is_over_stays_as_it_was_at_the_end_of_its_day() -> None:
    book = Logbook(accounts={NAME: Account(70.0, DAY_BEFORE, until=NOON, by_day=48.0)})
    over = Spending(70.0, DAY_BEFORE, "2026-11-23T00:00:00Z")

    assert spending_of(NAME, book, later(NOON, 11 * HOUR)) == Spending(48.0, DAY_BEFORE, MIDNIGHT)
    assert spending_of(NAME, book, later(NOON, 12 * HOUR)) == over
    assert spending_of(NAME, book, later(NOON, 900 * HOUR)) == over


def test_several_pools_are_added_up() -> None:
    book = Logbook(
        meters={"old": meter(LONG_AGO, 1.0), "new": meter(DAY_BEFORE)},
        accounts={NAME: Account(0.5, LONG_AGO, until=DAY_BEFORE)},
    )

    assert spending_of(NAME, book, NOON) == Spending(21 * 24 + 48 + 0.5, LONG_AGO, MIDNIGHT)


def test_what_has_no_known_price_is_not_taken_for_nothing() -> None:
    unknown = Logbook(meters={"w": meter(DAY_BEFORE, None)})
    some = Logbook(meters={"w": meter(DAY_BEFORE, None), "v": meter(DAY_BEFORE)})
    former = Logbook(accounts={NAME: Account(0.0, LONG_AGO, is_partial=True, until=LONG_AGO)})

    assert spending_of(NAME, unknown, NOON) == Spending(None, DAY_BEFORE, MIDNIGHT, is_partial=True)
    assert spending_of(NAME, some, NOON) == Spending(48.0, DAY_BEFORE, MIDNIGHT, is_partial=True)
    assert spending_of(NAME, former, NOON) == Spending(None, LONG_AGO, NEXT_DAY, is_partial=True)


def test_spot_is_told_as_a_bound_even_when_it_is_over() -> None:
    running = Logbook(meters={"w": meter(DAY_BEFORE, at_most=True)})
    over = Logbook(accounts={NAME: Account(1.0, DAY_BEFORE, until=MIDNIGHT, at_most=True)})

    for book in (running, over):
        spending = spending_of(NAME, book, NOON)
        assert spending is not None
        assert spending.at_most


def test_an_empty_pool_is_neither_money_nor_a_beginning() -> None:
    book = Logbook(meters={"w": Meter(NAME, A100, 0, 0.0, LONG_AGO)})

    assert spending_of(NAME, book, NOON) is None


def test_a_clock_that_went_back_gives_nothing_back() -> None:
    book = Logbook(meters={"w": meter(later(NOON, HOUR))})

    assert spending_until(NAME, book, NOON) == Spending(0.0, later(NOON, HOUR), NOON)


@pytest.mark.parametrize(("dollars", "told"), [(2.0, 72.0), (None, None)])
def test_one_pool_alone_can_be_asked_for(dollars: float | None, told: float | None) -> None:
    assert spending_by(meter(DAY_BEFORE, dollars), NOON).dollars == told
