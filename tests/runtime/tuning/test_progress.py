"""Rows, the Standing made of them, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

from prometheus_client import generate_latest

from runtime.tuning.progress.metrics import registry_of
from runtime.tuning.progress.rows import Row, append, course, parse, read
from runtime.tuning.progress.standing import MOST_BYTES, Standing, termination_message


def trained(step: int, loss: float = 1.0) -> Row:
    return Row(step, 10, step / 10, loss=loss)


def evaluated(step: int) -> Row:
    return Row(step, 10, step / 10, eval_loss=2.0)


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    rows = (evaluated(0), trained(1), trained(2))
    for row in rows:
        append(row, tmp_path / "progress.jsonl")
    assert read(tmp_path / "progress.jsonl") == rows
    assert read(tmp_path / "none.jsonl") == ()


def test_a_line_cut_short_is_no_row() -> None:
    assert parse('{"step": 1, "steps": 10, "ep') is None
    assert parse('{"step": 1}') is None
    assert parse("7") is None


def test_steps_that_were_done_again_count_once() -> None:
    lost = (trained(1), trained(2), trained(3, 9.0), trained(4, 9.0))
    again = (Row(2, 10, 0.2), trained(3), trained(4), evaluated(4))
    assert course((*lost, *again)) == (trained(1), trained(2), trained(3), trained(4), evaluated(4))


def test_steps_that_were_lost_do_not_count_even_before_they_are_done_again() -> None:
    assert course((trained(1), trained(2), trained(3), Row(2, 10, 0.2))) == (trained(1), trained(2))


def test_a_standing_keeps_the_last_that_is_known_of_each() -> None:
    now = Standing().after([evaluated(0), trained(1, 3.0), trained(2, 2.5)])
    assert (now.step, now.steps, now.loss, now.eval_loss) == (2, 10, 2.5, 2.0)


def test_the_termination_message_fits_whatever_it_has_to_say() -> None:
    for letter in ("x", "ü", '"', "🚢", "\n"):
        text = termination_message(Standing(state="failed", step=3, message=letter * 9000))
        assert len(text.encode()) <= MOST_BYTES
        told = json.loads(text)
        assert (told["state"], told["step"]) == ("failed", 3)
        assert told["message"].startswith(letter * 300)


def test_a_short_message_is_told_whole_and_nothing_unknown_with_it() -> None:
    told = json.loads(termination_message(Standing(state="done", message="delivered", digest="sha256:1")))
    assert told == {
        "state": "done", "step": 0, "steps": 0, "epoch": 0.0, "digest": "sha256:1", "message": "delivered",
    }  # fmt: skip


def test_metrics_tell_what_is_known_and_nothing_else() -> None:
    now = Standing(state="training").after([trained(3, 2.5)])
    text = generate_latest(registry_of(lambda: now)).decode()
    assert "towline_tuning_step 3.0" in text
    assert "towline_tuning_loss 2.5" in text
    assert "towline_tuning_eval_loss " not in text.replace("# HELP towline_tuning_eval_loss ", "").replace(
        "# TYPE towline_tuning_eval_loss ", ""
    )
    assert 'towline_tuning_state{state="training"} 1.0' in text
    assert 'towline_tuning_state{state="done"} 0.0' in text
