"""What was heard is told when there is news in it, and remembered on the workload."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.moment import later
from reconciler.domain.state import ObservedObject
from reconciler.domain.telemetry import SILENCE, Benchmark, Download, Point, Rows, Telemetry, Training
from reconciler.planner.decide.drift import drift
from reconciler.planner.hear.notches import moved_on
from reconciler.planner.hear.record import ANNOTATION, Record, fields_of, read_record, written
from reconciler.planner.hear.speaker import Speaker, speaker_of
from reconciler.planner.hear.words import read_words

from .telling import DIGEST, MEASURED, NOW, downloading, ended, pod, serving_set, training, tuning_job


def speaker(seen: ObservedObject | None = None, *pods: ObservedObject) -> Speaker:
    seen = seen or serving_set()
    found = speaker_of(seen, seen.document, pods or (pod(),), measures=True)
    assert found is not None
    return found


def told_of(log: str, every: float = 5.0) -> list[Record]:
    """What is told while a pod's log grows line by line."""
    records: list[Record] = []
    lines = log.splitlines(keepends=True)
    for index in range(len(lines)):
        before = records[-1] if records else None
        now = later(NOW, index * every)
        news = moved_on(speaker(), before, read_words("".join(lines[: index + 1])), now)
        records.extend([news] if news else [])
    return records


def test_silence_is_no_news() -> None:
    assert moved_on(speaker(), None, SILENCE, NOW) is None
    assert moved_on(speaker(), Record("set-1", NOW, Telemetry("pod-1")), SILENCE, NOW) is None


def test_a_download_is_told_every_tenth() -> None:
    log = "".join(downloading(done, 1000) for done in range(5, 1001, 5))

    told = [each.telemetry.download.done_bytes for each in told_of(log, 0.1) if each.telemetry.download]

    assert told == [5, *range(100, 1001, 100)]


def test_a_download_of_unknown_size_is_told_at_its_start_and_every_ten_minutes() -> None:
    log = "".join(downloading(done, 0) for done in range(1, 301))

    assert len(told_of(log, 5)) == 1 + 300 * 5 // 600


def test_a_tuning_is_told_some_twenty_five_times_in_all() -> None:
    states = ("starting", "fetched", "checked", "loading")
    steps = [training(step, loss=3 - step / 400) for step in range(1, 401)]
    end = [training(400, "delivering"), training(400, "done", digest=DIGEST)]
    told = told_of("".join([*(training(0, state) for state in states), *steps, *end]))

    assert 25 <= len(told) <= 30
    assert told[-1].telemetry.training is not None
    assert told[-1].telemetry.training.digest == DIGEST


def test_a_slow_tuning_is_told_every_ten_minutes_while_it_moves() -> None:
    log = training(1) + training(1) * 200 + training(2, loss=2.5)

    told = [each.telemetry.training.step for each in told_of(log) if each.telemetry.training]

    assert told == [1, 2]


def test_a_benchmark_is_told_at_once() -> None:
    (first, second) = told_of(downloading(100) + MEASURED)

    assert first.telemetry.benchmark is None
    assert second.telemetry.benchmark is not None
    assert second.telemetry.download == first.telemetry.download


def test_what_a_log_has_lost_is_not_forgotten() -> None:
    before = Record("set-1", NOW, replace(read_words(downloading(100)), pod="pod-1"))

    news = moved_on(speaker(), before, read_words(MEASURED), NOW)

    assert news is not None
    assert news.telemetry.download is not None


def test_what_an_earlier_pod_said_stands_until_the_new_one_speaks() -> None:
    before = Record("set-1", NOW, Telemetry("earlier", benchmark=Benchmark(9.0)))

    assert moved_on(speaker(), before, SILENCE, NOW) is None
    news = moved_on(speaker(), before, read_words(downloading(1)), NOW)
    assert news is not None
    assert news.telemetry == Telemetry("pod-1", Download("weights", 1, 100, 10.0))


def test_the_last_words_end_what_was_heard() -> None:
    message = json.dumps({"state": "failed", "step": 30, "steps": 400, "message": "out of memory"})
    over = pod("phi-a", "pod-1", "job-1", terminated=ended(message, 1))
    heard = read_words(training(20, curve=[[10, 2.0, None]], rows={"trained": 5}))

    news = moved_on(speaker(tuning_job(), over), None, heard, NOW)
    without_log = moved_on(speaker(tuning_job(), over), None, SILENCE, NOW)

    assert news is not None
    assert news.telemetry.training == Training(
        "failed", 30, 400, message="out of memory", rows=Rows(5, 0, 0), curve=(Point(10, 2.0),)
    )
    assert without_log is not None
    assert without_log.telemetry.training == Training("failed", 30, 400, message="out of memory")


FULL = Record(
    "set-1",
    NOW,
    Telemetry(
        "pod-1",
        Download("weights", 5, 10, 1.5),
        Benchmark(1.0, 2.0, 0.5, 0.25, 4096, 8),
        Training("training", 5, 10, 0.5, 1.5, 2.5, 1e-5, 100.0, 60.0, DIGEST, "so", Rows(1, 2, 3, ("a",)),
                 (Point(1, 2.0), Point(2, None, 3.0))),
    ),
    "phi-1",
)  # fmt: skip


def test_what_is_recorded_is_read_again() -> None:
    seen = serving_set(record=FULL)

    assert read_record(seen, seen.document) == FULL
    assert json.loads(written(FULL))["training"]["curve"] == [[1, 2.0, None], [2, None, 3.0]]


def test_a_record_stays_far_below_what_an_annotation_may_hold() -> None:
    course = [[step, 12345.678 + step, 0.000123456] for step in range(1000)]
    rows = {"trained": 10**12, "heldBack": 10**12, "unusable": 10**12, "shown": ["\u4f60" * 900] * 9}
    heard = read_words(training(5, curve=course, rows=rows, message="\u4f60" * 9000, digest="x" * 9000))

    text = written(Record("set-1", NOW, replace(heard, pod="pod-1")))

    assert len(text.encode()) < 16_384


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "{}", '{"of": "set-1"}', '{"of": "set-1", "at": "yesterday"}', "x" * 100_000],
)
def test_an_annotation_that_somebody_spoilt_tells_nothing(text: str) -> None:
    document: dict[str, Any] = serving_set().document
    document["metadata"]["annotations"] = {ANNOTATION: text}

    assert read_record(serving_set(), document) is None


def test_a_record_of_an_object_that_was_replaced_tells_nothing() -> None:
    copied = replace(serving_set(record=FULL), uid="set-2")

    assert read_record(copied, copied.document) is None


def test_a_benchmark_of_an_earlier_pod_template_tells_nothing() -> None:
    seen = serving_set(newest="phi-2", record=FULL)
    found = read_record(seen, seen.document)

    assert found is not None
    assert found.telemetry == replace(FULL.telemetry, benchmark=None)


def test_a_record_is_no_drift() -> None:
    bare, noted = serving_set().document, serving_set(record=FULL).document

    assert drift(bare, noted) == ()
    assert fields_of(FULL) == {"metadata": {"annotations": {ANNOTATION: written(FULL)}}}
