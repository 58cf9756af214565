"""Agent pools that no workspace asks for are told with their cost and go only when all speaks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import AksStanding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Logbook, Meter
from reconciler.domain.moment import later
from reconciler.domain.provisioning import Orphan
from reconciler.domain.state import ObservedPool, ObservedState
from reconciler.planner.provision.orphans import orphans_of, overdue
from tests.builders import (
    A100,
    NAME,
    NOW,
    config,
    desired_state,
    ground,
    observed_object,
    observed_pool,
    stateful_set,
)
from tests.planner.provision.asking_nodes import RUNNING, ago, seen, way

LOST = WorkspaceName("default", "lost")


def lost(name: str = "wlost", **fields: Any) -> ObservedPool:
    return observed_pool(name, **{"owner": LOST, **fields})


def world(*pools: ObservedPool, aks: AksStanding | None = RUNNING) -> ObservedState:
    thing = observed_object(stateful_set())
    return replace(seen(*pools, aks=aks), objects={thing.ref: thing})


def found(
    observed: ObservedState, first_seen: str = "", standing: tuple[WorkspaceName, ...] = (), **asked: Any
) -> tuple[Orphan, ...]:
    """The orphans where the first workspace is asked for."""
    known = dict.fromkeys(observed.pools or {}, first_seen) if first_seen else {}
    logbook = Logbook(orphans=known, meters=asked.pop("meters", {}))
    return orphans_of(desired_state(way()), observed, logbook, ground(config(NAME, **asked), *standing))


def held(observed: ObservedState, first_seen: str = ago(31), **asked: Any) -> str:
    (orphan,) = found(observed, first_seen, **asked)
    return orphan.hold


def test_a_pool_nobody_asks_for_goes_when_its_grace_is_over() -> None:
    (orphan,) = found(world(lost(count=2)), ago(31))

    assert (orphan.pool, orphan.owner, orphan.instance_type, orphan.count) == (
        "wlost",
        "default/lost",
        A100,
        2,
    )
    assert (orphan.hold, orphan.first_seen, orphan.due) == ("", ago(31), ago(1))
    assert orphan.dollars_per_hour == pytest.approx(2 * 3.673)


@pytest.mark.parametrize(
    ("observed", "asked"),
    [
        (world(observed_pool("wa")), {}),
        (world(lost(fleet="another")), {}),
        (world(lost(fleet="")), {}),
        (world(lost()), {"standing": (LOST,)}),
        (world(lost()), {"unread": ("workspaces/broken.yaml",)}),
        (replace(world(lost()), pools=None), {}),
    ],
)
def test_what_is_somebodys_or_cannot_be_told_is_no_orphan(
    observed: ObservedState, asked: dict[str, Any]
) -> None:
    assert found(observed, ago(900), **asked) == ()


def test_a_pool_of_a_held_workspace_is_no_orphan() -> None:
    state = replace(desired_state(), held={LOST: ()})

    assert orphans_of(state, world(lost()), Logbook(), ground(config())) == ()


@pytest.mark.parametrize(
    ("observed", "first_seen", "asked", "said"),
    [
        (world(lost(state="Deleting")), ago(90), {}, "being deleted"),
        (world(lost(owner=None)), ago(90), {}, "do not say which workspace"),
        (world(lost()), ago(90), {"provisioning": {"deleteOrphans": False}}, "deleteOrphans is false"),
        (world(lost(), aks=None), ago(90), {}, "not known"),
        (world(lost(), aks=AksStanding("Stopped", "Succeeded")), ago(90), {}, "stopped"),
        (world(lost(), aks=AksStanding("Running", "Starting")), ago(90), {}, "starting"),
        (world(lost(), aks=AksStanding("Running", "Updating")), ago(90), {}, "updating"),
        (replace(world(lost()), objects={}), ago(90), {}, "nothing of the fleet is seen"),
        (world(lost()), "", {}, "12:30 UTC on 22 November"),
        (world(lost()), ago(29), {}, "12:01 UTC on 22 November"),
        (world(lost(created=ago(5))), ago(90), {}, "12:25 UTC on 22 November"),
        (world(lost()), ago(90), {"provisioning": {"orphanGraceMinutes": 91}}, "12:01 UTC on 22 November"),
        (world(lost()), later(NOW, 9000), {}, "15:00 UTC on 22 November"),
    ],
)
def test_each_thing_that_speaks_for_waiting_is_said(
    observed: ObservedState, first_seen: str, asked: dict[str, Any], said: str
) -> None:
    assert said in held(observed, first_seen, **asked)


def test_a_moment_that_is_none_in_its_tags_does_no_harm() -> None:
    assert held(world(lost(created="yesterday"))) == ""


def test_no_more_than_three_go_at_a_time() -> None:
    orphans = found(world(*(lost(f"wlost{each}") for each in range(5))), ago(90))

    assert [bool(each.hold) for each in orphans] == [False, False, False, True, True]


def test_what_it_has_cost_is_told_up_to_the_beginning_of_the_day() -> None:
    meter = Meter(LOST, A100, 1, 4.0, later(NOW, -24 * 3600))

    (orphan,) = found(world(lost()), ago(90), meters={"wlost": meter})
    (unmetered,) = found(world(lost()), ago(90))

    assert orphan.spending.dollars == pytest.approx(12 * 4.0)
    assert orphan.spending.at == "2026-11-22T00:00:00Z"
    assert unmetered.spending.dollars is None


def test_what_lost_its_tags_is_told_and_left_to_a_person() -> None:
    assert "tags" in held(world(lost(is_tagged=False)))


@pytest.mark.parametrize(
    ("state", "minutes", "late"),
    [
        ("Creating", 39, False),
        ("Creating", 41, True),
        ("Deleting", 29, False),
        ("Deleting", 31, True),
        ("Succeeded", 900, False),
        ("Canceling", 900, False),
    ],
)
def test_what_azure_does_not_end_is_overdue(state: str, minutes: int, late: bool) -> None:
    logbook = Logbook(leaving={"wlost": ago(minutes)})

    assert overdue(world(lost(state=state)), logbook, ground()) == ({"wlost"} if late else set())
