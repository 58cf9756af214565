"""Whether Git lets Towline read and push, learned without writing anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.preflight import Branches, git_checks
from reconciler.domain.preflight import Answer
from tests.e2e.person import STATUS, Person
from tests.gitserver import GitServer

BOTH = Branches("main", STATUS)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    person = Person.arrives(tmp_path)
    person.push({"README.md": "models\n"})
    return person


def refs(person: Person) -> str:
    return person.git("ls-remote", "origin")


def test_a_repository_that_may_be_read_and_pushed_to_is_well_and_stays_as_it_was(person: Person) -> None:
    before = refs(person)
    read, written = git_checks(str(person.bare), BOTH, Credentials())
    assert (read.answer, written.answer) == (Answer.YES, Answer.YES)
    assert "branch main at " in read.said
    assert written.said == f"{STATUS} may be pushed; the first pass makes it"
    assert refs(person) == before


def test_a_status_branch_that_is_there_already_is_told_as_such(person: Person) -> None:
    person.git("push", "-q", "origin", f"main:refs/heads/{STATUS}")
    before = refs(person)
    _, written = git_checks(str(person.bare), BOTH, Credentials())
    assert (written.answer, written.said) == (Answer.YES, f"{STATUS} is there and may be pushed to")
    assert refs(person) == before


def test_without_a_branch_named_the_default_one_is_asked_for(person: Person) -> None:
    read, _ = git_checks(str(person.bare), Branches("", STATUS), Credentials())
    assert "branch main at " in read.said


def test_a_branch_that_is_not_there_is_told(person: Person) -> None:
    read, _ = git_checks(str(person.bare), Branches("live", STATUS), Credentials())
    assert (read.answer, "no branch live" in read.said, "--branch" in read.mend) == (Answer.NO, True, True)


def test_whoever_is_not_known_is_told_how_to_say_who_he_is(person: Person) -> None:
    with GitServer(person.bare.parent, username="ann", password="hunter2") as server:
        (check,) = git_checks(server.url(person.bare.name), BOTH, Credentials("ann", "wrong"))
    assert check.answer is Answer.NO
    assert "TOWLINE_GIT_TOKEN" in check.mend
    assert "wrong" not in str(check)


def test_whoever_may_read_but_not_push_is_told(person: Person) -> None:
    person.git("-C", str(person.bare), "config", "http.receivepack", "false")
    with GitServer(person.bare.parent) as server:
        read, written = git_checks(server.url(person.bare.name), BOTH, Credentials())
    assert (read.answer, written.answer) == (Answer.YES, Answer.NO)
    assert "allowed to write" in written.mend


def test_a_server_out_of_reach_is_told(person: Person) -> None:
    with GitServer(person.bare.parent) as server:
        url = server.url(person.bare.name)
    (check,) = git_checks(url, BOTH, Credentials())
    assert (check.answer, "HTTPS_PROXY" in check.mend) == (Answer.NO, True)


def test_an_address_that_is_not_let_in_is_told(tmp_path: Path) -> None:
    (check,) = git_checks("ext::sh -c id", BOTH, Credentials())
    assert (check.answer, "--repo" in check.said) == (Answer.NO, True)
