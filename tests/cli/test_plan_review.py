"""`towline plan --base --head` as it is typed in a pipeline: a clone, real git, the embedded world."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli import main
from reconciler.present.review_markdown import marked
from tests.e2e.person import Person
from tests.engine.pull_request import A100, CHAT, H100, files, workspace


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    person = Person.arrives(tmp_path_factory.mktemp("pull"))
    person.push(files())
    _branch(person, "empty", {"notes.txt": "nothing to do with it"})
    _branch(person, "faster", {CHAT: files()[CHAT].replace(A100, H100)})
    _branch(person, "mistaken", {"workspaces/new.yaml": workspace("new", preset="no-such-model")})
    _branch(person, "slower", {CHAT: files()[CHAT].replace(A100, "Standard_NC80adis_H100_v5")})
    return person


def _branch(person: Person, name: str, changed: dict[str, str]) -> None:
    person.git("checkout", "-q", "-b", name, "main")
    person.write(changed)
    person.git("add", "-A")
    person.git("commit", "-q", "-m", name)
    person.git("checkout", "-q", "main")


def typed(person: Person, *words: str) -> Result:
    place = ("--repo", str(person.work), "--state", str(person.work.parent / "state"), "--offline")
    return CliRunner().invoke(main, ("plan", *place, *words), prog_name="towline")


def test_changes_are_exit_code_2_and_a_comment_that_can_be_posted(person: Person) -> None:
    result = typed(person, "--base", "main", "--head", "faster", "-o", "markdown")

    assert result.exit_code == 2, result.stderr
    assert result.stdout.startswith("**1 workspace replaced: no GPU node more or less, +$3.31/hour")
    assert marked(result.stdout) is not None
    assert "the embedded world" in result.stdout


def test_json_holds_the_figures_and_the_same_hash(person: Person) -> None:
    told = json.loads(typed(person, "--base", "main", "--head", "faster", "-o", "json").stdout)
    comment = typed(person, "--base", "main", "--head", "faster", "-o", "markdown").stdout

    assert marked(comment) == ("demo", told["hash"])
    assert told["dollars_per_hour_more"] == pytest.approx(6.98 - 3.673)
    assert [one["fate"] for one in told["workspaces"]] == ["replaced"]


def test_nothing_to_do_is_exit_code_0(person: Person) -> None:
    result = typed(person, "--base", "main", "--head", "empty")

    assert result.exit_code == 0, result.stderr
    assert "Nothing changes" in result.stdout


def test_a_mistake_it_brings_in_is_exit_code_1(person: Person) -> None:
    result = typed(person, "--base", "main", "--head", "mistaken")

    assert result.exit_code == 1
    assert "1 workspace held back" in result.stdout
    assert "no-such-model" in result.stdout


def test_a_conflict_is_one_sentence(person: Person) -> None:
    result = typed(person, "--base", "faster", "--head", "slower")

    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: it cannot be merged: both sides change the same lines in {CHAT}; merge or rebase it first\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--base", "main"), "belong together"),
        (("-o", "markdown"), "give --base and --head"),
        (("--base", "main", "--head", "HEAD", "--branch", "main"), "--branch is for a plan"),
        (("--base", "main", "--head", "nowhere"), "nowhere names no commit of this clone"),
        (("--base", "main", "--head", "-x"), "'-x' names no commit"),
    ],
)
def test_what_cannot_be_meant_is_exit_code_1(person: Person, words: tuple[str, ...], said: str) -> None:
    result = typed(person, *words)

    assert result.exit_code == 1
    assert said in result.stderr


def test_a_url_is_no_clone(tmp_path: Path) -> None:
    place = ("--repo", "https://example.com/a.git", "--state", str(tmp_path))
    result = CliRunner().invoke(main, ("plan", *place, "--base", "a", "--head", "b"))

    assert result.exit_code == 1
    assert "compare commits of a clone" in result.stderr
