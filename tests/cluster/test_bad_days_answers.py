"""Bad days on which the API server says no: one daemon lives through all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.bad_day import Day, lived_through
from tests.cluster.control_plane import ControlPlane
from tests.cluster.mishaps import Answer

_LEASES = r"^(?!.*/leases)"
"""Whatever is not about leases: who holds one goes on holding it."""


@pytest.fixture(scope="module")
def day(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with lived_through("answers", tmp_path_factory.mktemp("answers"), plane) as day:
        yield day


def test_who_is_known_to_nobody_for_a_while_says_so_and_goes_on_when_known_again(day: Day) -> None:
    with day.harmless():
        with day.road.suffers(Answer(401, "Unauthorized", "Unauthorized")) as mishap:
            day.road.hang_up()
            day.add("rotated")
            day.page_says("this may be old", "does not accept these credentials")
        day.are_well("first", "rotated")
    assert mishap.struck > 0


def test_a_kind_that_may_not_be_touched_any_more_stops_only_what_needs_it(day: Day) -> None:
    no = Answer(403, "Forbidden", 'services is forbidden: User "t" cannot list resource "services"')
    with day.harmless():
        with day.road.suffers(no, "/services"):
            day.road.hang_up()
            day.page_says('cannot list resource "services"')
            day.add("barred")
            day.says("barred", "Service")
            assert day.fleet.phase("first") == "Ready"
        day.are_well("first", "barred")


def test_a_conflict_of_versions_is_tried_again(day: Day) -> None:
    conflict = Answer(409, "Conflict", "the object has been modified")
    with day.harmless():
        with day.road.suffers(conflict, "PATCH .*/statefulsets/raced", times=2) as mishap:
            day.add("raced", "beside409")
            day.says("raced", "has been modified")
            day.are_well("raced", "beside409")
        assert mishap.struck == 2


def test_a_write_that_may_not_be_and_one_that_is_invalid_stop_no_other_workspace(day: Day) -> None:
    barred = Answer(403, "Forbidden", 'statefulsets "unwritten" is forbidden: no such right')
    invalid = Answer(422, "Invalid", 'StatefulSet.apps "invalid" is invalid: spec: Forbidden: a mishap')
    with day.harmless():
        with (
            day.road.suffers(barred, "PATCH .*/statefulsets/unwritten") as one,
            day.road.suffers(invalid, "PATCH .*/statefulsets/invalid") as other,
        ):
            day.add("unwritten", "invalid", "beside")
            day.says("unwritten", "no such right")
            day.says("invalid", "is invalid: spec")
            day.until(lambda: day.fleet.phase("beside") == "Ready")
            assert day.fleet.live("statefulsets", "unwritten") is None
        day.are_well("unwritten", "invalid")
    assert (one.struck, other.struck) == (1, 1)


def test_a_storm_of_too_many_requests_is_waited_out_and_nobody_is_told_of_a_fault(day: Day) -> None:
    busy = Answer(429, "TooManyRequests", "Too many requests, please try again later", retry_after="1")
    with day.harmless():
        with day.road.suffers(busy, _LEASES, times=12) as mishap:
            day.add("stormed", "stormed-too")
            day.are_well("stormed", "stormed-too")
        assert mishap.struck == 12


def test_an_internal_error_of_every_write_is_told_and_passes(day: Day) -> None:
    broken = Answer(500, "InternalError", "Internal error occurred: a mishap")
    with day.harmless():
        with day.road.suffers(broken, "PATCH .*/(statefulsets|services)/") as mishap:
            day.add("broken")
            day.says("broken", "Internal error occurred")
        day.are_well("broken")
        assert mishap.struck > 0


def test_a_server_that_is_not_available_is_told_and_come_back_to(day: Day) -> None:
    away = Answer(503, "ServiceUnavailable", "the server is currently unable to handle it", retry_after="1")
    with day.harmless():
        with day.road.suffers(away):
            day.road.hang_up()
            day.add("waits")
            day.page_says("this may be old", "currently unable")
        day.are_well("first", "waits")
