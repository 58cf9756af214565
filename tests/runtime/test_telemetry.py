"""The lines that are told to whoever watches from outside: short, whole, and nothing in them that JSON has
not."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from runtime.artifacts.progress import Progress
from runtime.telemetry import (
    MOST_POINTS,
    Benchmark,
    Downloads,
    Point,
    Rows,
    Training,
    benchmark_line,
    thinned,
    training_line,
)

MOST_BYTES = 12 * 1024


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def progress(done: int, what: str = "model", *, is_over: bool = False) -> Progress:
    return Progress(what, done, 100, 12.5, is_over)


def test_a_download_is_told_as_it_begins_every_ten_seconds_and_at_its_end() -> None:
    lines: list[str] = []
    clock = Clock()
    downloads = Downloads(lines.append, clock)
    for second in range(25):
        clock.now = 100.0 + second
        downloads.tell(progress(second))
    downloads.tell(progress(100, is_over=True))
    downloads.tell(progress(0, "data"))
    told = [json.loads(line)["download"] for line in lines]
    assert [(fact["what"], fact["doneBytes"]) for fact in told] == [
        ("model", 0),
        ("model", 10),
        ("model", 20),
        ("model", 100),
        ("data", 0),
    ]
    assert told[3]["totalBytes"] == 100


def test_what_is_not_known_is_left_out_and_what_json_has_not_too() -> None:
    line = training_line(
        Training(loss=float("nan"), eta_seconds=float("inf")), None, [(1, float("nan"), 2.0)]
    )
    told: dict[str, Any] = json.loads(line, parse_constant=lambda name: name)
    assert (told["event"], told["training"]["state"]) == ("telemetry", "starting")
    assert told["training"].keys() & {"loss", "etaSeconds", "rows", "learningRate"} == set()
    assert told["training"]["curve"] == [[1, None, 2.0]]
    assert "tokensPerSecond" not in json.loads(benchmark_line(Benchmark(error="nobody answers")))["benchmark"]


def test_no_line_is_so_long_that_a_container_runtime_would_cut_it() -> None:
    for sign in ('"', "\\", "\0", "漢", "😀", "\u2028"):
        wide = sign * 5000
        rows = Rows(10**9, 10**9, 10**9, (wide,) * 20)
        third, digest = 1 / 3, "sha256:" + "f" * 64
        now = Training("training", 10**9, 10**9, third, third, third, third, third, third, digest, wide)
        course = [(step * 10**6, step / 3, -step / 7) for step in range(1000)]
        for line in (training_line(now, rows, course), benchmark_line(Benchmark(error=wide))):
            assert len(line.encode()) < MOST_BYTES
            assert "\n" not in line
            json.loads(line)


def test_a_long_course_keeps_the_ends_of_both_losses_and_every_rare_evaluation() -> None:
    course: list[Point] = [(step, 5.0 / step, None) for step in range(1, 2001)]
    course += [(step, None, 4.0 / step) for step in range(200, 2001, 200)]
    kept = thinned(course)
    assert len(kept) <= MOST_POINTS
    assert [step for step, _, _ in kept] == sorted({step for step, _, _ in kept})
    losses = [step for step, loss, _ in kept if loss is not None]
    assert (losses[0], losses[-1]) == (1, 2000)
    assert [step for step, _, held in kept if held is not None] == list(range(200, 2001, 200))
    gaps = [later - earlier for earlier, later in pairwise(losses)]
    assert max(gaps) <= min(gaps) + 1


def test_a_course_of_evaluations_alone_and_an_empty_one_are_courses_too() -> None:
    assert thinned([]) == []
    held = [(step, None, 1.0) for step in range(500)]
    assert [thinned(held)[0][0], thinned(held)[-1][0]] == [0, 499]
