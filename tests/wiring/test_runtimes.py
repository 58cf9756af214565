"""A Python for Towline's containers: one clear sentence where it cannot be that."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconciler.faults import Refused
from reconciler.wiring.runtimes import runtime_of


def program(folder: Path, text: str) -> Path:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def refusal(python: Path, **chosen: bool) -> str:
    with pytest.raises(Refused) as told:
        runtime_of(python, **chosen)
    return str(told.value)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none").endswith(
        "none (--runtime or TOWLINE_RUNTIME) cannot be run: No such file or directory"
    )


def test_a_program_that_is_no_python_is_named(tmp_path: Path) -> None:
    assert "does not answer as a Python does" in refusal(program(tmp_path, "echo hello"))
    assert "cannot be run: Permission denied" in refusal(tmp_path)


def test_a_python_without_the_libraries_is_told_which_it_lacks() -> None:
    said = refusal(Path(sys.executable))
    assert "lacks accelerate, datasets, " in said
    assert " torch, transformers, " in said
    assert "pydantic" not in said
    assert said.endswith("`make runtime` makes a Python that has all of it")


def test_an_old_python_is_told_the_oldest_that_will_do(tmp_path: Path) -> None:
    old = program(tmp_path, "echo '[[3, 9], []]'")
    assert refusal(old).endswith("is Python 3.9, and the containers need 3.11 or newer")


def test_a_python_that_has_all_is_taken_as_it_was_named(tmp_path: Path) -> None:
    python = program(tmp_path, "echo '[[3, 12], []]'")
    link = tmp_path / "link"
    link.symlink_to(python)

    runtime = runtime_of(link, tmp_path / "hub", keeps_vllm=True)

    assert (runtime.python, runtime.hub, runtime.keeps_vllm) == (link, tmp_path / "hub", True)
    assert runtime.cache.name == "towline"
    assert (runtime.code / "runtime" / "serving" / "__main__.py").is_file()


def test_vllm_is_asked_for_only_where_it_is_to_serve(tmp_path: Path) -> None:
    answer = "case \"$*\" in *' vllm') echo '[[3, 12], [\"vllm\"]]' ;; *) echo '[[3, 12], []]' ;; esac"
    python = program(tmp_path, answer)
    assert runtime_of(python).keeps_vllm is False
    assert "lacks vllm" in refusal(python, keeps_vllm=True)
