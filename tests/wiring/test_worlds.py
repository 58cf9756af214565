"""One embedded world a folder, and what is said where it cannot start."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.faults import Conflict, Refused
from reconciler.settings import Settings
from reconciler.wiring.worlds import has_sandbox, sandbox_folder, sandbox_settings, start_sandbox, world_of


def test_a_second_world_in_a_folder_is_refused_and_the_first_lives_on(tmp_path: Path) -> None:
    with start_sandbox(sandbox_settings(tmp_path)):
        with (
            pytest.raises(Conflict, match="another embedded world runs"),
            start_sandbox(sandbox_settings(tmp_path)),
        ):
            pass
        assert has_sandbox(tmp_path)
    assert not has_sandbox(tmp_path)


def test_whoever_comes_second_uses_the_world_that_runs(tmp_path: Path) -> None:
    settings = Settings(repo=".", state=tmp_path)
    with world_of(settings) as first, world_of(settings) as second:
        assert second.arm_endpoint == first.arm_endpoint
    assert not has_sandbox(sandbox_folder(tmp_path))


def test_its_kubeconfig_is_kept_out_of_a_repository_it_lies_in(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with start_sandbox(sandbox_settings(tmp_path / ".towline" / "sandbox")) as sandbox:
        assert sandbox.kubeconfig.exists()
        told = subprocess.run(
            ["git", "-C", str(tmp_path), "status", "--short"], check=True, capture_output=True
        )
    assert told.stdout == b""


@pytest.mark.parametrize("file", ["world.jsonl", "tls.pem"])
def test_a_damaged_world_says_what_to_remove(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("garbage{")

    with (
        pytest.raises(Refused, match=f"is damaged .* remove {tmp_path}"),
        start_sandbox(sandbox_settings(tmp_path)),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        pytest.raises(Refused, match="cannot live in"),
        start_sandbox(sandbox_settings(tmp_path / "file" / "state")),
    ):
        pass
