"""Numbers as they are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.telemetry import Download
from reconciler.planner.tell.figures import (
    bytes_words,
    download_share,
    download_words,
    duration_words,
    loss_words,
    percent,
    rounded,
    seconds_words,
)

ANY = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (196.74, 197),
        (12345.6, 12346),
        (1.2345, 1.23),
        (0.012345, 0.0123),
        (2e-05, 2e-05),
        (0, 0),
        (-1.299, -1.3),
    ],
)  # fmt: skip
def test_a_figure_has_three_digits_but_all_before_the_point(value: float, told: float) -> None:
    assert rounded(value) == told


@given(ANY)
def test_a_rounded_figure_is_near_and_rounds_to_itself(value: float) -> None:
    once = rounded(value)

    assert once == pytest.approx(value, rel=0.006, abs=1e-12)
    assert rounded(once) == once


def test_what_is_no_number_is_none() -> None:
    assert [rounded(each) for each in (float("nan"), float("inf"), 5e-324)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1.93412, "1.93"),
        (0.0, "0.00"),
        (0.00417, "0.0042"),
        (31_400_000.0, "3.1e+07"),
        (9999.0, "9,999"),
        (12.0, "12.00"),
    ],
)
def test_a_loss_is_told_to_where_it_tells_something(value: float, told: str) -> None:
    assert loss_words(value) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.1834, "0.18 s"),
        (0.0231, "23 ms"),
        (0.00052, "0.52 ms"),
        (4.23, "4.2 s"),
        (61.4, "61 s"),
        (0.0996, "100 ms"),
    ],
)  # fmt: skip
def test_a_short_time_is_told_in_its_unit(seconds: float, told: str) -> None:
    assert seconds_words(seconds) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (3, "10 s"), (44, "40 s"), (59.9, "60 s"), (60, "1 min"), (733, "12 min"), (4_900, "1 h 20 min"),
        (7_200, "2 h"), (86_400, "24 h"), (184_000, "2 d 3 h"),
    ],
)  # fmt: skip
def test_a_time_to_wait_is_told_coarsely(seconds: float, told: str) -> None:
    assert duration_words(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (269_000_000, "269 MB"), (999_600, "1.0 MB"),
        (7.1e9, "7.1 GB"), (1e19, "10000 PB"),
    ],
)  # fmt: skip
def test_a_size_is_told_in_decimal_units(count: float, told: str) -> None:
    assert bytes_words(count) == told


def test_both_sizes_of_a_download_are_in_the_unit_of_the_whole() -> None:
    assert download_words(Download("w", 1_200_000_000, 7_100_000_000)) == "1.2 of 7.1 GB"
    assert download_words(Download("w", 40_000_000, 7_100_000_000)) == "0.0 of 7.1 GB"
    assert download_words(Download("w", 88_000_000, 269_000_000)) == "88 of 269 MB"
    assert download_words(Download("w", 1_200_000_000, 14_200_000_000)) == "1.2 of 14 GB"
    assert download_words(Download("w", 88_000_000, 0)) == "88 MB"
    assert download_words(Download("w", 269_000_000, 269_000_000)) == "269 MB"


def test_all_is_only_said_of_all() -> None:
    assert [percent(each) for each in (-1.0, 0.0, 0.29, 0.999, 1.0, 7.0)] == [0, 0, 29, 99, 100, 100]
    assert download_share(Download("w", 5, 0)) is None
    assert download_share(Download("w", 9, 5)) == 1.0
