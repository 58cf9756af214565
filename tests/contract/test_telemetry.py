"""The containers and the house share lines of a log: what the runtime tells, the house hears, whole."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from reconciler.domain import telemetry as heard
from reconciler.planner.hear.words import read_words
from runtime import telemetry as told
from runtime.artifacts.progress import Progress
from runtime.serving.benchmark import KAITO_CONFIG, KAITO_RESULT
from runtime.tuning.progress.standing import STATES

DIGEST = "sha256:" + "0123456789abcdef" * 4
ENGLISH = "The disk under /workspace became full while writing: give the volume more room."


def test_a_download_is_heard_as_it_is_told() -> None:
    line = told.download_line(Progress("acme/tiny@0123456789ab", 1_250_000_000, 7_000_000_000, 95_000_000.4))
    expected = heard.Download("acme/tiny@0123456789ab", 1_250_000_000, 7_000_000_000, 95_000_000.0)
    assert read_words(line).download == expected


def test_the_end_of_a_download_is_heard_as_one() -> None:
    lines: list[str] = []
    downloads = told.Downloads(lines.append)
    downloads.tell(Progress("data.parquet", 10, 0, 0.0))
    downloads.tell(Progress("data.parquet", 999, 999, 5.0, is_over=True))
    first, last = (read_words(line).download for line in lines)
    assert first is not None
    assert last is not None
    assert not first.is_over
    assert last.is_over
    assert read_words("\n".join(lines)).download == last


def test_a_benchmark_is_heard_beside_kaitos_line_of_it() -> None:
    line = told.benchmark_line(told.Benchmark(197.25, 24_000.5, 0.1834, 0.04123, 8192, 16))
    kaito = KAITO_RESULT + json.dumps({"vllm_total_tpm": 1.0, "ttft_avg_ms": 1.0, "tpot_avg_ms": 1.0})
    config = KAITO_CONFIG + json.dumps({"concurrency": 16})
    found = read_words("\n".join([config, line, kaito])).benchmark
    assert found == heard.Benchmark(197.25, 24_000.5, 0.1834, 0.04123, 8192, 16)


def test_why_a_benchmark_found_nothing_is_heard() -> None:
    found = read_words(told.benchmark_line(told.Benchmark(clients=4, error=ENGLISH))).benchmark
    assert found == heard.Benchmark(clients=4, error=ENGLISH)


@pytest.mark.parametrize("state", STATES)
def test_every_state_of_a_training_is_heard(state: str) -> None:
    line = told.training_line(told.Training(state, message=ENGLISH), None, ())
    assert read_words(line).training == heard.Training(state, message=ENGLISH)


def test_a_training_is_heard_to_the_last_fact() -> None:
    now = told.Training("training", 400, 900, 3.0, 1.25, 1.5, 2e-05, 812.5, 30.5, DIGEST, ENGLISH)
    rows = told.Rows(800, 200, 3, ("rows.jsonl, line 3: is not JSON", "rows.jsonl, line 9: has no content"))
    course = [(0, None, 3.5), (1, 3.25, None), (200, 2.0, 2.25), (400, 1.25, 1.5)]
    found = read_words(told.training_line(now, rows, course)).training
    assert found is not None
    assert asdict(found) == {
        **asdict(now),
        "rows": asdict(rows),
        "curve": tuple(asdict(heard.Point(*point)) for point in course),
    }


def test_the_last_line_about_a_long_training_is_all_that_is_needed() -> None:
    course = [(step, 5.0 / step, None) for step in range(1, 5001)]
    lines = [
        told.training_line(told.Training("training", step=step, steps=5000), None, course[:step])
        for step in (100, 5000)
    ]
    found = read_words("\n".join(lines)).training
    assert found is not None
    assert found.step == 5000
    assert len(found.curve) == told.MOST_POINTS
    assert (found.curve[0].step, found.curve[-1].step) == (1, 5000)


def test_the_longest_and_strangest_line_is_still_heard() -> None:
    wide = '"\\\0漢😀\u2028' * 2000
    rows = told.Rows(10**12, 10**12, 10**12, (wide,) * 9)
    now = told.Training("training", 10**9, 10**9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, DIGEST, wide)
    line = told.training_line(now, rows, [(step, step / 3, step / 7) for step in range(3000)])
    found = read_words(f"noise\n{line}\nnoise").training
    assert found is not None
    assert found.rows is not None
    assert (found.state, found.steps, found.digest) == ("training", 10**9, DIGEST)
    assert len(found.rows.shown) == 5
    assert told.MOST_POINTS - 2 <= len(found.curve) <= told.MOST_POINTS
