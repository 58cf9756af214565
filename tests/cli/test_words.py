"""Words mistyped, colours declined, folders that are somebody else's, and the second Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from reconciler.cli import VERBS, main
from tests.e2e.typed import TOWLINE, environment


def typed(*words: str, **surroundings: str) -> Result:
    return CliRunner().invoke(main, words, env=surroundings, color=True, prog_name="towline")


@pytest.mark.parametrize("words", [("plan", "--brnach", "x"), ("plna",), ("size",), ("plan", "-o", "yaml")])
def test_a_mistyped_word_is_exit_code_1_since_2_means_changes(words: tuple[str, ...]) -> None:
    result = typed(*words)

    assert result.exit_code == 1
    assert "Try 'towline" in result.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    result = typed(verb, "--help")

    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: towline {verb} ")


@pytest.mark.parametrize("verb", ["plan", "check", "get", "cost", "size", "install"])
def test_a_verb_that_prints_json_documents_it(verb: str) -> None:
    assert "-o json prints {" in typed(verb, "--help").output


def test_no_color_is_heeded(tmp_path: Path) -> None:
    (tmp_path / "phi.yaml").write_text("kind: Workspace\n")

    assert "\x1b[" in typed("check", str(tmp_path)).output
    assert "\x1b[" not in typed("check", str(tmp_path), NO_COLOR="1").output


def test_a_demo_leaves_a_folder_of_somebody_else_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    result = typed("demo", "--folder", str(tmp_path))

    assert result.exit_code == 1
    assert "holds something else than a demo" in result.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("words", [("--speed", "0"), ("--kube-port", "70000"), ("--trouble", "rain")])
def test_a_sandbox_says_what_it_cannot_be(words: tuple[str, str]) -> None:
    result = typed("sandbox", *words)

    assert isinstance(result.exception, SystemExit | click.ClickException)
    assert f"Invalid value for '{words[0]}'" in result.stderr.replace("for --trouble", "for '--trouble'")


def test_a_sandbox_ends_at_the_first_signal_however_many_follow(tmp_path: Path) -> None:
    process = subprocess.Popen(
        (str(TOWLINE), "sandbox", "--state", str(tmp_path)),
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        assert b"kubectl" in process.stdout.readline()
        for each in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
            process.send_signal(each)
        assert process.wait(60) == 0
    finally:
        process.kill()


def test_a_context_beyond_what_the_model_reads_is_said_to_be_cut() -> None:
    result = typed("size", "phi-4-mini-instruct", "--context", "99999999")

    assert "Mind: the model reads 131,072 tokens, so it is sized for these." in result.output
