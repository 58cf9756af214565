"""What a log means, and that nothing in it can do harm."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.domain.telemetry import SILENCE, Benchmark, Download, Point, Rows, Training
from reconciler.planner.hear.facts import MOST_POINTS
from reconciler.planner.hear.words import read_words

from .telling import DIGEST, MEASURED, downloading, line, training


def test_the_last_word_on_each_subject_counts() -> None:
    log = downloading(1) + "loading weights...\n" + downloading(100) + MEASURED + training(10) + training(20)
    heard = read_words(log)

    assert heard.download == Download("weights", 100, 100, 10.0)
    assert heard.download.is_over
    assert heard.benchmark == Benchmark(197.4, 106000, 0.18, 0.02, 4096, 8)
    assert heard.training is not None
    assert heard.training.step == 20


def test_all_of_a_training_is_heard() -> None:
    rows = {"trained": 90, "heldBack": 8, "unusable": 2, "shown": ["line 3: no text", "line 9: too long"]}
    log = training(
        400,
        "done",
        epoch=1.0,
        loss=1.5,
        evalLoss=1.93,
        learningRate=2e-5,
        tokensPerSecond=810.0,
        etaSeconds=0,
        digest=DIGEST,
        message="pushed",
        rows=rows,
        curve=[[1, 3.1, None], [400, 1.5, 1.93]],
    )

    assert read_words(log).training == Training(
        "done", 400, 400, 1.0, 1.5, 1.93, 2e-5, 810.0, None, DIGEST, "pushed",
        Rows(90, 8, 2, ("line 3: no text", "line 9: too long")),
        (Point(1, 3.1), Point(400, 1.5, 1.93)),
    )  # fmt: skip


@pytest.mark.parametrize("moment", ["", "2026-11-22T12:00:00Z "])
def test_a_benchmark_in_kaitos_words_is_understood(moment: str) -> None:
    log = f'KAITO_BENCHMARK_RESULT {moment}{{"vllm_total_tpm":12345.67,"ttft_avg_ms":180,"tpot_avg_ms":20}}\n'

    assert read_words(log).benchmark == Benchmark(0.0, 12345.7, 0.18, 0.02)


def test_what_towline_says_of_a_benchmark_counts_more_than_kaitos_line() -> None:
    log = MEASURED + 'KAITO_BENCHMARK_RESULT {"vllm_total_tpm": 5}\n'

    found = read_words(log).benchmark

    assert found is not None
    assert found.clients == 8


def test_a_failed_benchmark_is_heard_in_either_words() -> None:
    kaito = read_words('KAITO_BENCHMARK_RESULT {"vllm_total_tpm":-1,"ttft_avg_ms":-1,"tpot_avg_ms":-1}')
    ours = read_words(line("benchmark", error="no answer came in time"))

    assert kaito.benchmark == Benchmark(error="the benchmark found nothing")
    assert ours.benchmark == Benchmark(error="no answer came in time")


NO_WORDS = [
    "",
    "telemetry",
    '{"event": "telemetry"',
    '{"event": "telemetry", "training": {"state": 7}}',
    '{"event": "telemetry", "training": {"state": "<script>"}}',
    '{"event": "telemetry", "training": []}',
    '{"event": "telemetry", "benchmark": {"tokensPerSecond": NaN}}',
    '{"event": "telemetry", "benchmark": {"tokensPerSecond": 1e999}}',
    '{"event": "telemetry", "benchmark": {"tokensPerSecond": "197"}}',
    '{"event": "telemetry", "benchmark": {"tokensPerSecond": true}}',
    '{"event": "telemetry", "download": {"doneBytes": -5, "totalBytes": ' + "9" * 5000 + "}}",
    '{"event": "step", "training": {"state": "done"}, "of": "telemetry"}',
    '["telemetry"]',
    "[" * 100_000 + '"telemetry"',
    '{"event": "telemetry", "a": ' + "[" * 50_000,
    'a log may quote {"event": "telemetry", "training": {"state": "done"}}',
    "KAITO_BENCHMARK_RESULT {",
    "KAITO_BENCHMARK_RESULT",
    'KAITO_BENCHMARK_RESULT {"vllm_total_tpm": null}',
    '{"event": "telemetry", "training": {"state": "done", "message": "' + "x" * 70_000 + '"}}',
]


@pytest.mark.parametrize("log", NO_WORDS, ids=range(len(NO_WORDS)))
def test_what_is_no_telemetry_says_nothing(log: str) -> None:
    assert read_words(log) == SILENCE
    later = read_words(training(7) + log + "\n").training
    assert later is not None
    assert later.step == 7


def test_a_figure_that_cannot_be_does_not_cost_the_others() -> None:
    odd = training(5, loss="low", evalLoss=float("inf"), learningRate=[1], etaSeconds=-1, epoch=-3)
    heard = read_words(odd.replace("Infinity", "1e400")).training

    assert heard is not None
    assert heard == Training("training", 5, 400)


def test_sentences_are_one_line_long_and_clean() -> None:
    rows = {"shown": ["a\n\x1b[31mb\u202ec", 7, "", *["x" * 1000] * 9]}
    heard = read_words(training(5, message="\u200bno\nroom " * 500, digest="d\x00" * 900, rows=rows)).training

    assert heard is not None
    assert heard.rows is not None
    assert heard.rows.shown[0] == "a [31mbc"
    assert len(heard.rows.shown) == 5
    assert max(map(len, heard.rows.shown)) <= 300
    assert len(heard.message) <= 800
    assert len(heard.digest) <= 300
    assert heard.message.isprintable()


def test_a_curve_keeps_its_ends_and_a_bearable_length() -> None:
    odd = [[3, 9.0], ["4", 1, 1], [-1, 1, 1], [1.5, 1, 1], [5000, None, None]]
    course = [*([step, step / 7, None] for step in range(1000)), *odd]
    heard = read_words(training(5, curve=course)).training

    assert heard is not None
    steps = [each.step for each in heard.curve]
    assert len(steps) == MOST_POINTS
    assert (steps[0], steps[-1]) == (0, 999)
    assert steps == sorted(set(steps))


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = [
    "what", "doneBytes", "totalBytes", "tokensPerSecond", "contextTokens", "error", "state", "step", "loss",
    "rows", "curve", "message", "digest", "shown", "trained",
]  # fmt: skip
FACTS = st.dictionaries(st.sampled_from(KEYS), ANY | st.just("training"))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["download", "benchmark", "training"]), FACTS)
def test_whatever_it_says_its_numbers_are_finite(subject: str, facts: dict[str, Any]) -> None:
    heard = read_words(json.dumps({"event": "telemetry", subject: facts}))

    numbers = [
        *([heard.download.bytes_per_second, heard.download.done_bytes] if heard.download else ()),
        *([heard.benchmark.tokens_per_second] if heard.benchmark else ()),
        *([heard.training.epoch, heard.training.loss or 0, heard.training.share] if heard.training else ()),
    ]
    assert all(math.isfinite(each) for each in numbers)
    assert heard.download is None or heard.download.done_bytes >= 0
