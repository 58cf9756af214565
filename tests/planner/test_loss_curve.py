"""The loss curve: a picture that stands by itself, whatever the losses."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.telemetry import Point, Training
from reconciler.planner.tell.axes import framed, tick_label
from reconciler.planner.tell.loss_curve import HEIGHT, WIDTH, has_curve, loss_curve
from tests.planner.speaking import CURVE, training

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    f"{SVG}{name}"
    for name in ("svg", "title", "desc", "style", "rect", "path", "polyline", "circle", "text", "tspan")
}
LOSSES = st.none() | st.floats() | st.sampled_from([0.0, 1e-300, 1e300, -2.0])
DRAWN = st.floats(-1e12, 1e12).filter(lambda loss: loss == 0 or abs(loss) >= 1e-12)
POINTS = st.builds(Point, st.integers(-5, 10**12), LOSSES, LOSSES)


def parsed(heard: Training, name: str = "tune") -> ElementTree.Element:
    picture = loss_curve(name, heard)
    assert picture is not None
    return ElementTree.fromstring(picture)


def words(picture: ElementTree.Element) -> list[str]:
    return ["".join(each.itertext()) for each in picture.iter(f"{SVG}text")]


def lines(picture: ElementTree.Element) -> dict[str, list[tuple[float, float]]]:
    return {
        each.get("class") or "": [
            (float(x), float(y)) for x, y in (pair.split(",") for pair in (each.get("points") or "").split())
        ]
        for each in picture.iter(f"{SVG}polyline")
    }


def straight(count: int, loss: float = 2.0) -> Training:
    return Training("training", count, count, curve=tuple(Point(step, loss) for step in range(1, count + 1)))


def test_the_curve_says_whose_it_is_how_far_it_came_and_the_last_losses() -> None:
    told = words(parsed(training()))

    assert told[:2] == ["Loss of tune", "step 120 of 400"]
    assert "training loss 1.23" in told
    assert "eval loss 1.70" in told


def test_a_reader_who_does_not_see_it_is_told_the_same() -> None:
    picture = parsed(training(curve=(*CURVE, Point(400, None, 1.9))))

    assert picture.get("role") == "img"
    assert picture.findtext(f"{SVG}desc") == (
        "The training loss went from 2.10 at step 40 to 1.23 at step 120 of 400. "
        "The eval loss went from 2.90 at step 0 to 1.90 at step 400 of 400, lowest 1.70 at step 100."
    )


def test_a_lower_loss_lies_lower_and_a_later_step_further_right() -> None:
    drawn = lines(parsed(training()))

    for points in drawn.values():
        assert [x for x, _ in points] == sorted(x for x, _ in points)
        assert [y for _, y in points] == sorted(y for _, y in points)
    assert set(drawn) == {"train", "eval"}


def test_where_it_stands_is_seen_against_all_its_steps() -> None:
    x, _ = lines(parsed(training()))["train"][-1]

    frame = framed((32, WIDTH - 36, 92, HEIGHT - 52), 400, [1.2343, 2.9])
    assert x == frame.x(120)
    assert frame.step_ticks == (0, 100, 200, 300, 400)
    assert frame.ticks == (1.0, 1.5, 2.0, 2.5, 3.0)


def test_without_a_loss_there_is_no_picture() -> None:
    none = (Point(3), Point(4, math.nan, math.inf), Point(-1, 2.0))

    assert loss_curve("tune", training(curve=())) is None
    assert loss_curve("tune", training(curve=none)) is None
    assert not has_curve(training(curve=none))
    assert not has_curve(None)


def test_one_loss_is_a_dot() -> None:
    picture = parsed(straight(1))

    assert len(list(picture.iter(f"{SVG}circle"))) == 1
    assert "training loss 2.00" in words(picture)


def test_a_tuning_that_only_evaluates_has_one_line() -> None:
    assert set(lines(parsed(training(curve=(Point(10, None, 2.0), Point(20, None, 1.0)))))) == {"eval"}


def test_many_points_are_drawn_as_they_are_and_smoothed() -> None:
    noisy = tuple(Point(step, 2.0 + (step % 2)) for step in range(1, 61))

    drawn = lines(parsed(Training("training", 60, 60, curve=noisy)))

    raw, smooth = ([y for _, y in drawn[each]] for each in ("train raw", "train"))
    assert max(smooth) - min(smooth) < (max(raw) - min(raw)) / 2
    assert len(raw) == len(smooth) == 60


def test_a_straight_fall_is_smoothed_to_itself() -> None:
    fall = tuple(Point(step, 4.0 - step / 40) for step in range(1, 61))

    drawn = lines(parsed(Training("training", 60, 60, curve=fall)))

    for (x, smooth), (raw_x, raw) in zip(drawn["train"], drawn.get("train raw", drawn["train"]), strict=True):
        assert x == raw_x
        assert smooth == pytest.approx(raw, abs=0.2)


def test_losses_that_span_magnitudes_are_drawn_by_ratio() -> None:
    wide = training(curve=tuple(Point(step, 10.0 ** (1 - step)) for step in range(6)))

    told = words(parsed(wide))

    assert "nats a token, logarithmic" in told
    assert {"10", "1", "0.1", "0.01", "0.001", "0.0001"} <= set(told)
    heights = [y for _, y in lines(parsed(wide))["train"]]
    falls = [after - before for before, after in pairwise(heights)]
    assert falls == pytest.approx([falls[0]] * 5, abs=0.2)


@pytest.mark.parametrize(
    ("value", "label"),
    [(2.0, "2"), (0.05, "0.05"), (1500.0, "1,500"), (2e9, "2e+09"), (0.0, "0"), (-0.5, "-0.5")],
)
def test_a_tick_is_as_short_as_it_can_be_said(value: float, label: str) -> None:
    assert tick_label(value) == label


@given(
    st.lists(
        st.floats(-1e12, 1e12).filter(lambda loss: loss == 0 or abs(loss) >= 1e-12), min_size=1, max_size=9
    )
)
def test_ticks_are_few_rise_and_span_all_losses(losses: list[float]) -> None:
    ticks = framed((32, 684, 92, 296), 10, losses).ticks

    assert 2 <= len(ticks) <= 9
    assert list(ticks) == sorted(set(ticks))
    slack = 1e-6 * (ticks[-1] - ticks[0])
    assert ticks[0] - slack <= min(losses)
    assert max(losses) <= ticks[-1] + slack


@given(st.lists(POINTS, max_size=40), st.integers(-1, 10**15), st.text())
def test_whatever_was_heard_the_picture_is_whole_and_stays_on_its_paper(
    points: list[Point], steps: int, name: str
) -> None:
    heard = Training("training", 1, steps, curve=tuple(points))
    picture = loss_curve(name, heard)

    assert (picture is not None) == has_curve(heard)
    if picture is None:
        return
    root = ElementTree.fromstring(picture)
    assert {each.tag for each in root.iter()} <= ALLOWED
    assert not re.search(r"\b(nan|inf)\b", picture.decode().split("</desc>")[1])
    for drawn in lines(root).values():
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn)


@pytest.mark.parametrize("name", ["</text><script>x</script>", "\u202ex", "a" * 300, "& < > \"'", "\x00"])
def test_a_name_stays_a_name_and_fits(name: str) -> None:
    title = words(parsed(training(), name))[0]

    assert len(title) <= 60
    assert "\u202e" not in title


def test_it_needs_nothing_from_elsewhere_and_follows_the_readers_light() -> None:
    text = (loss_curve("tune", training()) or b"").decode()

    assert "prefers-color-scheme:dark" in text
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@import|@font-face|url\(|<script|href|on\w+=", text)


def test_the_same_tuning_is_the_same_bytes() -> None:
    assert loss_curve("tune", training()) == loss_curve("tune", training())
