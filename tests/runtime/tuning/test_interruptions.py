"""Whatever ends a tuning, the next run goes on from where it was."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path

import pytest

from runtime.tuning.training.checkpoints import MARK
from tests.runtime.tuning.workplace import Workplace, await_that, messages, write_lines

pytestmark = pytest.mark.timeout(400)


def test_a_tuning_killed_outright_goes_on_from_its_newest_whole_checkpoint(workplace: Workplace) -> None:
    workplace.arguments = {"max_steps": 60, "save_steps": 5}
    process = workplace.start()
    await_that(lambda: len(_whole(workplace)) > 1, process)
    process.kill()
    process.wait()
    saved = max(_whole(workplace))
    (workplace.work / "checkpoints" / f"checkpoint-{saved + 1000}").mkdir()
    assert workplace.run() == 0
    resumed = int(workplace.told("resuming")["checkpoint"].removeprefix("checkpoint-"))
    assert resumed >= saved
    assert [row.step for row in workplace.rows() if row.loss is not None] == list(range(1, 61))
    assert workplace.message()["step"] == 60


def test_an_interrupted_course_has_the_losses_of_one_that_was_not(workplace: Workplace) -> None:
    workplace.arguments = {"max_steps": 12, "save_steps": 5}
    workplace.sections = {"LoraConfig": {"lora_dropout": 0.1}}
    assert workplace.run() == 0
    undisturbed = workplace.losses()
    again = Workplace(workplace.root / "again", workplace.model, arguments=workplace.arguments)
    again.sections = workplace.sections
    again.root.mkdir()
    process = again.start()
    await_that(lambda: 5 in _whole(again), process)
    process.kill()
    process.wait()
    assert again.run() == 0
    assert again.losses() == pytest.approx(undisturbed, abs=1e-5)


def test_a_machine_taken_away_saves_a_checkpoint_and_asks_to_be_tried_again(workplace: Workplace) -> None:
    workplace.arguments = {"max_steps": 2000, "save_strategy": "no"}
    process = workplace.start()
    await_that(lambda: len(workplace.losses()) > 2, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 75
    assert workplace.message()["state"] == "interrupted"
    assert len(_whole(workplace)) == 1
    second = workplace.start()
    await_that(lambda: workplace.events().count("resuming") == 1, second)
    second.kill()
    second.wait()


def test_a_machine_taken_away_while_it_fetches_is_left_at_once(workplace: Workplace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/rows.jsonl"
        workplace.settings = {"data": {"kind": "urls", "urls": [url], "privateHosts": ["127.0.0.1"]}}
        process = workplace.start()
        silent.accept()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 75
    assert workplace.message()["state"] == "interrupted"


def test_two_processes_stop_at_the_same_step(workplace: Workplace) -> None:
    workplace.settings = {"processes": 2}
    workplace.arguments = {"max_steps": 2000, "save_strategy": "no"}
    process = workplace.start()
    await_that(lambda: len(workplace.losses()) > 2, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(90) == 75
    (step,) = _whole(workplace)
    files = {path.name for path in (workplace.work / "checkpoints" / f"checkpoint-{step}").iterdir()}
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= files


def test_a_checkpoint_is_saved_by_the_clock_too(workplace: Workplace) -> None:
    workplace.settings = {"checkpointMinutes": 0.001}
    workplace.arguments = {"max_steps": 500, "save_strategy": "no"}
    process = workplace.start()
    await_that(lambda: bool(_whole(workplace)), process)
    process.kill()
    process.wait()


def test_a_training_process_killed_for_its_memory_is_tried_with_fewer_rows_at_once(
    workplace: Workplace,
) -> None:
    workplace.arguments = {"max_steps": 60, "save_steps": 5}
    process = workplace.start()
    await_that(lambda: len(_whole(workplace)) > 0, process)
    (child,) = _children(process.pid)
    os.kill(child, signal.SIGKILL)
    assert process.wait(120) == 0
    batches = [fact for fact in workplace.log() if fact["event"] == "batch"]
    assert [(batch["rows"], batch["times"]) for batch in batches] == [(4, 1), (2, 2)]
    assert [row.step for row in workplace.rows() if row.loss is not None] == list(range(1, 61))


def test_an_adapter_that_cannot_be_delivered_is_kept_and_only_delivered_later(workplace: Workplace) -> None:
    assert workplace.run() == 0
    shutil.rmtree(workplace.output)
    workplace.output.write_text("a file stands where the folder should be")
    assert workplace.run() == 1
    assert str(workplace.output) in workplace.message()["message"]
    workplace.output.unlink()
    (workplace.root / "log.jsonl").unlink()
    assert workplace.run() == 0
    assert workplace.events() == ["starting", "delivering", "delivered", "done"]


def test_a_checkpoint_of_another_course_is_not_resumed_from(workplace: Workplace) -> None:
    workplace.arguments = {"max_steps": 4, "save_steps": 2}
    process = workplace.start()
    await_that(lambda: bool(_whole(workplace)), process)
    process.kill()
    process.wait()
    write_lines(workplace.root / "data" / "rows.jsonl", messages(times=5))
    assert workplace.run() == 0
    assert "resuming" not in workplace.events()


def _whole(workplace: Workplace) -> list[int]:
    marks = (workplace.work / "checkpoints").glob(f"checkpoint-*/{MARK}")
    return [int(mark.parent.name.removeprefix("checkpoint-")) for mark in marks]


def _children(process: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
