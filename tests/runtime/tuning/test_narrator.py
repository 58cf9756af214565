"""What is told of a tuning to those who watch from outside, and how often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runtime.tuning.data.checking import CheckedData
from runtime.tuning.narrator import EVERY_SECONDS, Narrator
from runtime.tuning.progress.rows import Row, append

DATA = CheckedData("examples.jsonl", "text", 12, 2, ("a.jsonl, line 3: is not JSON",), "sha256:0", 10, 2)


class Told:
    """A narrator by a clock that is set by hand, and what it said."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.now = 1000.0
        self.rows = folder / "progress.jsonl"
        self.message = folder / "termination-log"
        self.message.touch()
        self.narrator = Narrator(self.rows, self.message, lambda: self.now)
        self._capsys = capsys
        self._lines: list[str] = []

    def train(self, step: int, seconds: float) -> None:
        """One more step was logged, after so many seconds."""
        append(Row(step, 100, step / 50, loss=4.0 / step, eta_seconds=100.0 - step), self.rows)
        self.now += seconds
        self.narrator.follow()

    def facts(self) -> list[dict[str, Any]]:
        """The lines of telemetry so far."""
        self._lines += self._capsys.readouterr().out.splitlines()
        told = map(json.loads, self._lines)
        return [fact["training"] for fact in told if fact["event"] == "telemetry"]


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    return Told(tmp_path, capsys)


def test_while_it_trains_it_is_told_at_most_every_fifteen_seconds(told: Told) -> None:
    told.narrator.enter("loading")
    for step in range(1, 62):
        told.train(step, seconds=1.0)
    facts = told.facts()
    assert [fact["state"] for fact in facts] == ["loading", *["training"] * 5]
    assert [fact["step"] for fact in facts[1:]] == [1, *(1 + n * int(EVERY_SECONDS) for n in range(1, 5))]
    assert [len(fact["curve"]) for fact in facts] == [0, 1, 16, 31, 46, 61]
    assert facts[-1]["curve"][-1] == [61, 4.0 / 61, None]


def test_every_line_tells_all_that_is_known_and_the_last_one_why_it_ended(told: Told) -> None:
    told.narrator.judged(DATA)
    told.narrator.enter("loading")
    told.train(1, seconds=1.0)
    told.train(2, seconds=1.0)
    told.narrator.enter("delivering", "Nobody answers.")
    told.narrator.end("done", "the adapter is delivered", "sha256:1")
    facts = told.facts()
    rows = {"trained": 10, "heldBack": 2, "unusable": 2, "shown": ["a.jsonl, line 3: is not JSON"]}
    assert all(fact["rows"] == rows for fact in facts)
    assert facts[-2]["message"] == "Nobody answers."
    assert (facts[-1]["digest"], facts[-1]["etaSeconds"]) == ("sha256:1", 0.0)
    assert facts[-1]["curve"] == [[1, 4.0, None], [2, 2.0, None]]
    assert json.loads(told.message.read_text())["digest"] == "sha256:1"


def test_steps_done_again_after_a_crash_stand_once_in_the_curve(told: Told) -> None:
    told.narrator.enter("loading")
    told.train(1, seconds=1.0)
    told.train(2, seconds=1.0)
    append(Row(1, 100, 0.0), told.rows)  # goes on from the checkpoint of step 1
    told.train(2, seconds=EVERY_SECONDS)
    assert told.facts()[-1]["curve"] == [[1, 4.0, None], [2, 2.0, None]]
