"""Whatever happens to a pool: the logbook can be written and read again, a look at the same world teaches
nothing twice, and no dollar is lost or counted twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.cloud import CloudError, Option
from reconciler.domain.identity import PoolRef
from reconciler.domain.logbook import Logbook
from reconciler.domain.moment import day_of, later, seconds_between
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.provisioning import Spending
from reconciler.domain.state import ObservedPool
from reconciler.planner.provision.learning import begun, learned
from reconciler.planner.provision.logbook_object import logbook_object, read_logbook
from reconciler.planner.provision.noting import note
from reconciler.planner.provision.spending import spending_of, spending_until
from tests.builders import (
    A100,
    NAME,
    NOW,
    config,
    desired_pool,
    desired_state,
    desired_workspace,
    ground,
    observed_node,
    observed_object,
    observed_pool,
    observed_state,
)

PRICE = 3.673
DESIRED = desired_state(replace(desired_workspace(pool=desired_pool()), option=Option(A100)))
CODES = ("AllocationFailed", "QuotaExceeded", "OperationNotAllowed", "VMExtensionProvisioningError", "Odd")
ERRORS = st.builds(
    CloudError,
    st.sampled_from((200, 400, 403, 409, 429, 500)),
    st.sampled_from(CODES).map(lambda c: (c,)),
    st.text(st.characters()),
)
POOLS = st.builds(
    lambda state, count, error: observed_pool(
        state=state, count=count, error=error if state in ("Failed", "Canceled") else None
    ),
    st.sampled_from(("Creating", "Succeeded", "Failed", "Canceled", "Updating", "Deleting")),
    st.integers(0, 3),
    st.none() | ERRORS,
)
ACTIONS = st.none() | st.sampled_from((Action.CREATE, Action.UPDATE, Action.REPLACE, Action.ABORT))
HAPPENINGS = st.lists(
    st.tuples(st.none() | POOLS, st.booleans(), ACTIONS, st.none() | ERRORS, st.integers(1, 90_000)),
    max_size=12,
)


def dollars(spending: Spending | None) -> float:
    return spending.dollars or 0.0 if spending else 0.0


def owed(ran: list[tuple[str, str, int]], until: str) -> float:
    """What so many machines cost from one moment to another, as far as that was before `until`."""
    hours = (count * max(seconds_between(one, min(other, until)), 0.0) / 3600 for one, other, count in ran)
    return PRICE * sum(hours)


@settings(max_examples=60, deadline=None)
@given(HAPPENINGS)
def test_the_logbook_holds_through_whatever_happens(
    happenings: list[tuple[ObservedPool | None, bool, Action | None, CloudError | None, int]],
) -> None:
    book, now, count = Logbook(), NOW, 0
    ran: list[tuple[str, str, int]] = []
    for pool, ready, action, error, seconds in happenings:
        ran.append((now, later(now, seconds), count))
        now, count = later(now, seconds), pool.count if pool else 0
        here = ground(config(NAME), NAME, now=now)
        nodes = (observed_node("wabc"),) if ready else ()
        seen = replace(observed_state(pools=(pool,) if pool else ()), nodes=nodes)
        book = note(book, DESIRED, seen, here)
        assert note(book, DESIRED, seen, here) is book
        assert dollars(spending_until(NAME, book, now)) == pytest.approx(owed(ran, now), abs=1e-6)
        assert dollars(spending_of(NAME, book, now)) == pytest.approx(owed(ran, day_of(now)), abs=1e-6)
        if action is not None:
            step = Step(action, PoolRef("wabc"), NAME, "because", desired_pool())
            asked = begun(book, (step,), DESIRED, here)
            book = learned(asked, (Outcome(step, done=error is None, error=error),), DESIRED, here)
            tried = {name: each.tries for name, each in asked.attempts.items()}
            assert all(each.tries >= tried[name] - 1 for name, each in book.attempts.items())
        assert not any(each.asked for each in book.attempts.values())
        assert all(
            seconds_between(now, each.again) <= 6 * 3600 for each in book.attempts.values() if each.again
        )
        assert read_logbook([observed_object(logbook_object(book, "towline").document)]) == book
