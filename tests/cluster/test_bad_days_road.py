"""Bad days on the way to the API server: what is said gets lost, or cut, or is too old."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.bad_day import Day, lived_through
from tests.cluster.control_plane import ControlPlane
from tests.cluster.mishaps import Answer, Cut, Hang, Late, Pages

_LISTS = r"^GET [^?]*/(statefulsets|services|pods|workspaces|configmaps)\?(?!.*watch=true)"


@pytest.fixture(scope="module")
def day(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with lived_through("roads", tmp_path_factory.mktemp("roads"), plane) as day:
        yield day


def test_a_write_that_was_done_and_whose_answer_was_lost_is_not_done_twice(day: Day) -> None:
    with day.harmless():
        with day.road.suffers(Cut(), "PATCH .*/(statefulsets|services)/lost", times=2) as mishap:
            day.add("lost", "beside-it")
            day.says("lost", "broke off")
            day.are_well("lost", "beside-it")
        assert mishap.struck == 2


def test_a_list_that_breaks_off_in_its_middle_is_taken_for_nothing(day: Day) -> None:
    with day.harmless():
        with day.road.suffers(Cut(), _LISTS) as mishap:
            day.road.hang_up()
            day.page_says("this may be old", "broke off")
            assert mishap.struck > 2
        day.add("listed")
        day.are_well("first", "listed")


def test_a_list_whose_pages_expire_is_begun_again(day: Day) -> None:
    gone = Answer(410, "Expired", "The provided continue parameter is too old")
    with day.harmless():
        with day.road.suffers(Pages(2), _LISTS), day.road.suffers(gone, "continue=", times=2) as mishap:
            day.road.hang_up()
            day.add("paged")
            day.are_well("first", "paged")
        assert mishap.struck == 2


def test_a_list_that_ends_too_early_is_found_out_and_not_believed(day: Day) -> None:
    with day.harmless():
        with day.road.suffers(Pages(2, lost=True), _LISTS):
            day.road.hang_up()
            day.add("truncated")
            day.page_says("this may be old", "were not listed", "though it is there")
        day.are_well("first", "truncated")
    assert "NotReady" not in day.daemon.said


def test_watches_that_expired_are_begun_with_a_list(day: Day) -> None:
    gone = Answer(410, "Expired", "too old resource version: 1 (2)")
    with day.harmless():
        with day.road.suffers(gone, "watch=true", times=12) as mishap:
            day.road.hang_up()
            day.add("watched")
            day.are_well("first", "watched")
        assert mishap.struck == 12


def test_a_slow_road_is_only_slow(day: Day) -> None:
    with day.harmless(), day.road.suffers(Late(0.3)):
        day.add("slow")
        day.are_well("slow")


def test_a_server_that_takes_what_is_said_and_never_answers_is_told_and_outlived(day: Day) -> None:
    with day.harmless():
        with day.road.suffers(Hang()) as mishap:
            day.road.hang_up()
            day.add("patient")
            day.page_says("this may be old", "no answer in time")
            assert mishap.struck > 2
        day.are_well("first", "patient")
