"""The loss curve as SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from runtime.tuning.progress.loss_curve import loss_curve
from runtime.tuning.progress.rows import Row
from runtime.tuning.progress.ticks import ticks

SVG = "{http://www.w3.org/2000/svg}"


def rows(steps: int = 40) -> list[Row]:
    held = [Row(step, steps, 0.0, eval_loss=3.5 - step / steps) for step in (0, steps)]
    return [held[0], *(Row(s, steps, 0.0, loss=3.4 - s / steps) for s in range(1, steps + 1)), held[1]]


def test_it_says_in_words_what_it_shows() -> None:
    picture = ElementTree.fromstring(loss_curve(rows(), "team-a/<bot>"))
    assert picture.attrib["role"] == "img"
    assert picture.findtext(f"{SVG}title") == "Loss of team-a/<bot>"
    assert picture.findtext(f"{SVG}desc") == (
        "Training loss went from 3.375 at step 1 to 2.400 at step 40 of 40. "
        "Evaluation loss went from 3.500 at step 0 to 2.500 at step 40 of 40."
    )


def test_both_lines_are_drawn_told_apart_without_colour_and_named() -> None:
    picture = ElementTree.fromstring(loss_curve(rows()))
    lines = picture.findall(f"{SVG}polyline")
    assert [("stroke-dasharray" in line.attrib) for line in lines] == [False, True]
    words = [text.text or "" for text in picture.findall(f"{SVG}text")]
    assert "train 2.400" in words
    assert "eval 2.500" in words


def test_every_point_lies_within_the_paper() -> None:
    text = loss_curve([*rows(), Row(41, 40, 1.0, loss=50.0), Row(42, 40, 1.0, loss=float("nan"))])
    assert "nan" not in text
    places = re.findall(r"(-?[\d.]+),(-?[\d.]+)", text)
    assert all(0 <= float(x) <= 720 and 0 <= float(y) <= 360 for x, y in places)


def test_it_follows_the_readers_dark_mode() -> None:
    assert "prefers-color-scheme: dark" in loss_curve(rows())


def test_the_same_rows_give_the_same_bytes_and_many_rows_a_small_picture() -> None:
    assert loss_curve(rows()) == loss_curve(rows())
    assert len(loss_curve(rows(100_000))) < 40_000


def test_without_a_row_it_says_so() -> None:
    assert "no step was logged yet" in loss_curve([])


def test_ticks_are_round_and_within() -> None:
    assert ticks(0, 40, 6, whole=True) == [0, 10, 20, 30, 40]
    assert ticks(2.32, 3.58, 5) == [2.5, 3.0, 3.5]
    assert ticks(0, 3, 6, whole=True) == [0, 1, 2, 3]
