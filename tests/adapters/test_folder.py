"""A folder and its past as sources: real files, real links, real Git."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.adapters.folder.folder import Folder
from reconciler.adapters.folder.past import FolderPast
from reconciler.adapters.git.draft import blob_id
from reconciler.faults import Broken, Missing


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def committed(folder: Path, message: str = "change") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "workspaces").mkdir()
    (tmp_path / "workspaces" / "a.yaml").write_text("a: 1\n")
    (tmp_path / "README.md").write_text("# hello\n")
    git(tmp_path, "init", "-q")
    return tmp_path


def test_files_are_listed_as_git_would_and_only_yaml_is_read(repository: Path) -> None:
    folder = Folder(repository)
    snapshot = folder.snapshot("now")
    assert [(entry.path, entry.mode, entry.size) for entry in snapshot.entries] == [
        ("README.md", 0o100644, 8),
        ("workspaces/a.yaml", 0o100644, 5),
    ]
    assert [entry.blob for entry in snapshot.entries] == ["", blob_id(b"a: 1\n")]
    assert folder.read(snapshot.entries) == {blob_id(b"a: 1\n"): b"a: 1\n"}
    assert snapshot.commit == "now"


def test_the_tip_changes_with_what_lies_there(repository: Path) -> None:
    before = Folder(repository).tip()
    assert Folder(repository).tip() == before
    (repository / "workspaces" / "a.yaml").write_text("a: 2\n")
    assert Folder(repository).tip() != before


def test_a_single_file_is_a_folder_of_one(repository: Path) -> None:
    snapshot = Folder(repository / "workspaces" / "a.yaml").snapshot("")
    assert [entry.path for entry in snapshot.entries] == ["a.yaml"]


def test_links_are_listed_and_never_followed(repository: Path) -> None:
    outside = repository.parent / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("token: hunter2\n")
    (repository / "file.yaml").symlink_to(outside / "secret.yaml")
    (repository / "folder").symlink_to(outside)
    (repository / "loop").symlink_to(repository)
    (repository / "dangling.yaml").symlink_to("nowhere")
    folder = Folder(repository)
    snapshot = folder.snapshot("")
    links = [entry.path for entry in snapshot.entries if entry.mode == 0o120000]
    assert links == ["dangling.yaml", "file.yaml", "folder", "loop"]
    assert not any(b"hunter2" in content for content in folder.read(snapshot.entries).values())


def test_pipes_are_no_files_and_are_not_opened(repository: Path) -> None:
    os.mkfifo(repository / "pipe.yaml")
    snapshot = Folder(repository).snapshot("")
    assert {entry.path: entry.mode for entry in snapshot.entries}["pipe.yaml"] == 0


def test_large_files_are_listed_and_not_read(repository: Path) -> None:
    (repository / "big.yaml").write_bytes(b"#" * (1024 * 1024 + 1))
    folder = Folder(repository)
    snapshot = folder.snapshot("")
    assert {entry.path: entry.blob for entry in snapshot.entries}["big.yaml"] == ""


def test_names_that_are_not_text_are_kept(repository: Path) -> None:
    Path(os.fsdecode(os.fsencode(repository) + b"/caf\xe9.yaml")).write_text("a: 1\n")
    assert "caf\udce9.yaml" in [entry.path for entry in Folder(repository).snapshot("").entries]


def test_three_hundred_folders_in_each_other_are_walked(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    assert Folder(tmp_path).snapshot("").entries == ()


def test_a_path_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        Folder(tmp_path / "nothing").tip()


def test_the_past_is_read_from_git(repository: Path) -> None:
    first = committed(repository)
    (repository / "workspaces" / "a.yaml").write_text("a: 2\n")
    committed(repository)
    past = FolderPast(repository, "HEAD~1")
    assert past.tip() == first
    snapshot = past.snapshot(past.tip())
    assert [entry.path for entry in snapshot.entries] == ["README.md", "workspaces/a.yaml"]
    assert past.read([snapshot.entries[1]]) == {blob_id(b"a: 1\n"): b"a: 1\n"}
    assert past.descends("HEAD", first)
    assert not past.descends(first, "HEAD")


def test_the_past_of_a_folder_or_a_file_holds_only_that(repository: Path) -> None:
    committed(repository)
    below = FolderPast(repository / "workspaces", "HEAD")
    assert [entry.path for entry in below.snapshot(below.tip()).entries] == ["a.yaml"]
    alone = FolderPast(repository / "workspaces" / "a.yaml", "HEAD")
    assert [entry.path for entry in alone.snapshot(alone.tip()).entries] == ["a.yaml"]


def test_a_folder_that_was_not_there_yet_was_empty(repository: Path) -> None:
    committed(repository)
    (repository / "new").mkdir()
    past = FolderPast(repository / "new", "HEAD")
    assert past.snapshot(past.tip()).entries == ()
    assert past.read([]) == {}


@pytest.mark.parametrize("ref", ["nothing", "--all", "HEAD:README.md", "-h", "", "HEAD~5"])
def test_a_ref_that_is_no_commit_is_missing(repository: Path, ref: str) -> None:
    committed(repository)
    with pytest.raises(Missing):
        FolderPast(repository, ref).tip()


def test_a_folder_outside_git_has_no_past(tmp_path: Path) -> None:
    with pytest.raises((Missing, Broken)):
        FolderPast(tmp_path, "HEAD").tip()


def test_hooks_and_settings_of_the_repository_do_not_run(repository: Path) -> None:
    committed(repository)
    witness = repository.parent / "witness"
    script = repository.parent / "run.sh"
    script.write_text(f"#!/bin/sh\ntouch {witness}\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "uploadpack.packObjectsHook"):
        git(repository, "config", key, str(script))
    past = FolderPast(repository, "HEAD")
    past.read(past.snapshot(past.tip()).entries)
    assert not witness.exists()
