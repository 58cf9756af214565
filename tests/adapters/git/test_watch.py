import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.adapters.git.file_watch import FileWatch
from tests.gitserver import clean_environment

from .repos import Upstream

PATIENCE = 10.0


@contextmanager
def watching(path: Path, branch: str = "") -> Iterator[threading.Event]:
    fired = threading.Event()
    watch = FileWatch(path, fired.set, branch)
    watch.start()
    try:
        yield fired
    finally:
        watch.stop()


def git(folder: Path, *words: str) -> None:
    person = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    subprocess.run(
        ("git", "-C", str(folder), *person, *words), env=clean_environment(), check=True, capture_output=True
    )


def test_a_push_to_a_bare_repository_is_noticed(upstream: Upstream) -> None:
    upstream.commit({"a": "1"})
    with watching(upstream.path, "main") as fired:
        upstream.commit({"a": "2"})
        assert fired.wait(PATIENCE)


def test_a_commit_in_a_work_tree_is_noticed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "work")
    with watching(tmp_path / "work") as fired:
        git(tmp_path / "work", "commit", "-q", "--allow-empty", "-m", "one")
        assert fired.wait(PATIENCE)


def test_a_commit_in_a_linked_work_tree_is_noticed(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "work")
    git(tmp_path / "work", "commit", "-q", "--allow-empty", "-m", "one")
    git(tmp_path / "work", "worktree", "add", "-q", "../linked", "-b", "side")
    with watching(tmp_path / "linked", "main") as fired:
        git(tmp_path / "work", "commit", "-q", "--allow-empty", "-m", "two")
        assert fired.wait(PATIENCE)


def test_a_branch_with_a_slash_and_packed_refs_are_noticed(upstream: Upstream) -> None:
    upstream.commit({"a": "1"})
    with watching(upstream.path, "team/main") as fired:
        upstream.commit({"a": "2"}, branch="team/main")
        assert fired.wait(PATIENCE)
        fired.clear()
        upstream.git("pack-refs", "--all")
        assert fired.wait(PATIENCE)


def test_another_branch_does_not_fire_until_ours_moves(upstream: Upstream) -> None:
    upstream.commit({"a": "1"})
    calls: list[str] = []
    watch = FileWatch(upstream.path, lambda: calls.append(upstream.tip()), "main")
    watch.start()
    try:
        upstream.commit({"s": "1"}, branch="towline/status")
        moved = upstream.commit({"a": "2"})
        while not calls:
            threading.Event().wait(0.01)
        assert set(calls) == {moved}
    finally:
        watch.stop()


def test_a_repository_that_is_deleted_and_made_anew_is_still_watched(upstream: Upstream) -> None:
    upstream.commit({"a": "1"})
    with watching(upstream.path, "main") as fired:
        shutil.rmtree(upstream.path)
        assert fired.wait(PATIENCE)
        fired.clear()
        Upstream.create(upstream.path)
        assert fired.wait(PATIENCE)
        for number in range(3):
            fired.clear()
            upstream.commit({"a": str(number)}, orphan=True)
            assert fired.wait(PATIENCE)


def test_a_repository_that_is_not_there_yet_is_noticed_when_it_comes(tmp_path: Path) -> None:
    with watching(tmp_path / "later" / "fleet.git") as fired:
        (tmp_path / "later").mkdir()
        upstream = Upstream.create(tmp_path / "later" / "fleet.git")
        assert fired.wait(PATIENCE)
        fired.clear()
        upstream.commit({"a": "1"})
        assert fired.wait(PATIENCE)
