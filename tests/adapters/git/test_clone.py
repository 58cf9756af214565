"""A clone with real git: any commit of it, and the tree that merging two of them gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.git.clone import Clone, clone_at
from reconciler.faults import Missing, Refused
from tests.e2e.person import Person

FLEET = {"towline.yaml": "kind: Fleet\n", "a.yaml": "a: 1\n"}


@pytest.fixture
def person(tmp_path: Path) -> Person:
    person = Person.arrives(tmp_path)
    person.push(FLEET)
    return person


@pytest.fixture
def clone(person: Person) -> Iterator[Clone]:
    with clone_at(person.work) as clone:
        yield clone


def branch(person: Person, name: str, path: str, content: str) -> None:
    """A commit on a branch off main; main is checked out again."""
    person.git("checkout", "-q", "-b", name, "main")
    person.write({path: content})
    person.git("add", "-A")
    person.git("commit", "-q", "-m", f"change {path}")
    person.git("checkout", "-q", "main")


def commit_on_main(person: Person, path: str, content: str) -> None:
    person.write({path: content})
    person.git("add", "-A")
    person.git("commit", "-q", "-m", "main goes on")


def contents(clone: Clone, base: str, head: str) -> dict[str, str]:
    merged = clone.merged(clone.commit(base), clone.commit(head))
    read = clone.read(merged.entries)
    return {entry.path: read[entry.blob].decode() for entry in merged.entries}


def test_the_merge_holds_what_both_sides_changed(person: Person, clone: Clone) -> None:
    branch(person, "change", "b.yaml", "b: 2\n")
    commit_on_main(person, "c.yaml", "c: 3\n")

    assert contents(clone, "main", "change") == {**FLEET, "b.yaml": "b: 2\n", "c.yaml": "c: 3\n"}


def test_the_clone_itself_is_not_written(person: Person, clone: Clone) -> None:
    branch(person, "change", "b.yaml", "b: 2\n")
    commit_on_main(person, "c.yaml", "c: 3\n")
    before = person.git("count-objects", "-v"), person.git("for-each-ref"), person.git("status", "--short")
    clone.merged(clone.commit("main"), clone.commit("change"))

    after = person.git("count-objects", "-v"), person.git("for-each-ref"), person.git("status", "--short")
    assert after == before


def test_a_conflict_is_one_sentence_that_names_the_files(person: Person, clone: Clone) -> None:
    branch(person, "change", "a.yaml", "a: 2\n")
    commit_on_main(person, "a.yaml", "a: 3\n")

    with pytest.raises(Refused, match=r"^it cannot be merged: .* in a\.yaml; merge or rebase it first$"):
        clone.merged(clone.commit("main"), clone.commit("change"))


def test_histories_without_a_commit_in_common_are_told_from_shallow_ones(
    person: Person, clone: Clone, tmp_path: Path
) -> None:
    person.git("checkout", "-q", "--orphan", "other")
    person.git("commit", "-q", "-m", "another beginning")
    person.git("checkout", "-q", "main")
    with pytest.raises(Refused, match="share no history"):
        clone.merged(clone.commit("main"), clone.commit("other"))

    branch(person, "change", "b.yaml", "b: 2\n")
    commit_on_main(person, "c.yaml", "c: 3\n")
    shallow = tmp_path / "shallow"
    person.git("clone", "-q", "--depth", "1", "--no-single-branch", person.work.as_uri(), str(shallow))
    with clone_at(shallow) as cut, pytest.raises(Refused, match="git fetch --unshallow"):
        cut.merged(cut.commit("origin/main"), cut.commit("origin/change"))


def test_branches_tags_and_commits_are_found_and_nothing_else(person: Person, clone: Clone) -> None:
    person.git("tag", "-a", "v1", "-m", "a tag")
    tip = person.git("rev-parse", "HEAD").strip()

    assert {clone.commit(ref) for ref in ("main", "HEAD", "v1", tip, tip[:10])} == {tip}
    for ref in ("nowhere", "--upload-pack=touch x", "-x", "", "main:a.yaml", "main\nHEAD", "a..b"):
        with pytest.raises(Missing):
            clone.commit(ref)


def test_no_hook_filter_or_driver_of_the_clone_is_run(person: Person, clone: Clone, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    person.write({".gitattributes": "*.yaml merge=evil filter=evil\n"})
    commit_on_main(person, "z.yaml", "z: 1\n")
    branch(person, "change", "a.yaml", "a: 2\n")
    commit_on_main(person, "a.yaml", "a: 1\nb: 1\n")
    for key in ("merge.evil.driver", "filter.evil.smudge", "filter.evil.clean", "core.fsmonitor"):
        person.git("config", key, f"touch {proof}")

    with pytest.raises(Refused, match=r"a\.yaml"):
        clone.merged(clone.commit("main"), clone.commit("change"))
    assert not proof.exists()


def test_a_folder_that_is_no_clone_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="no clone"), clone_at(tmp_path):
        pass


def test_a_worktree_is_as_good_as_its_clone(person: Person, tmp_path: Path) -> None:
    branch(person, "change", "b.yaml", "b: 2\n")
    person.git("worktree", "add", "-q", str(tmp_path / "tree"), "change")

    with clone_at(tmp_path / "tree") as clone:
        assert "b.yaml" in contents(clone, "main", "HEAD")
