"""Only a checkpoint that is whole, and of the same course, is gone on from."""

from __future__ import annotations

from pathlib import Path

from runtime.tuning.training.checkpoints import mark_whole, newest_whole


def checkpoint(folder: Path, step: int) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    (path / "adapter_model.safetensors").write_bytes(b"weights")
    (path / "trainer_state.json").write_text("{}")
    return path


def test_the_newest_by_step_is_taken_not_by_name_or_time(tmp_path: Path) -> None:
    for step in (100, 20, 9):
        mark_whole(checkpoint(tmp_path, step), "course")
    assert newest_whole(tmp_path, "course") == tmp_path / "checkpoint-100"


def test_one_that_was_being_written_is_passed_over(tmp_path: Path) -> None:
    mark_whole(checkpoint(tmp_path, 5), "course")
    checkpoint(tmp_path, 10)
    assert newest_whole(tmp_path, "course") == tmp_path / "checkpoint-5"


def test_one_that_lost_a_file_or_a_byte_since_is_passed_over(tmp_path: Path) -> None:
    mark_whole(checkpoint(tmp_path, 5), "course")
    mark_whole(checkpoint(tmp_path, 10), "course")
    mark_whole(checkpoint(tmp_path, 15), "course")
    (tmp_path / "checkpoint-15" / "trainer_state.json").unlink()
    (tmp_path / "checkpoint-10" / "adapter_model.safetensors").write_bytes(b"weight")
    assert newest_whole(tmp_path, "course") == tmp_path / "checkpoint-5"


def test_one_of_another_course_is_passed_over(tmp_path: Path) -> None:
    mark_whole(checkpoint(tmp_path, 5), "another")
    assert newest_whole(tmp_path, "course") is None


def test_without_a_folder_training_begins_at_the_start(tmp_path: Path) -> None:
    assert newest_whole(tmp_path / "none", "course") is None
