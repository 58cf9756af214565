import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.config import Entry
from reconciler.faults import Fault, Missing

from .repos import QUICK, Upstream, source_of


def test_a_snapshot_lists_the_tree_and_reads_it(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.commit(
        {"towline.yaml": "kind: Fleet\n", "workspaces/a.yaml": "a: 1\n"}, "Add Phi\n\nmore"
    )
    source = source_of(upstream.path, tmp_path / "c")
    snapshot = source.snapshot(source.tip())
    assert (snapshot.commit, snapshot.subject, snapshot.author) == (commit, "Add Phi", "Ann")
    assert snapshot.tree == upstream.git("rev-parse", f"{commit}^{{tree}}")
    assert [(entry.path, entry.size, entry.mode) for entry in snapshot.entries] == [
        ("towline.yaml", 12, 0o100644),
        ("workspaces/a.yaml", 5, 0o100644),
    ]
    contents = source.read(snapshot.entries)
    assert [contents[entry.blob] for entry in snapshot.entries] == [b"kind: Fleet\n", b"a: 1\n"]


def test_an_unchanged_commit_or_tree_costs_nothing(upstream: Upstream, tmp_path: Path) -> None:
    first = upstream.commit({"a": "1"})
    source = source_of(upstream.path, tmp_path / "c")
    snapshot = source.snapshot(first)
    second = upstream.commit({"a": "1"}, "the same tree again")
    assert source.snapshot(first) is snapshot
    assert source.traffic.fetches == 1
    assert source.snapshot(second).entries is snapshot.entries


def test_a_commit_that_is_here_needs_no_network(upstream: Upstream, tmp_path: Path) -> None:
    first, second = upstream.commit({"a": "1"}), upstream.commit({"a": "2"})
    source_of(upstream.path, tmp_path / "c").snapshot(second)
    upstream.path.rename(tmp_path / "gone.git")
    later = source_of(upstream.path, tmp_path / "c")
    assert later.read(later.snapshot(second).entries).popitem()[1] == b"2"
    assert later.snapshot(first).commit == first
    with pytest.raises(Missing):
        later.tip()


def test_symlinks_submodules_and_odd_names_come_through_as_what_they_are(
    upstream: Upstream, tmp_path: Path
) -> None:
    names = (
        "ünïcode.yaml",
        "with\nnewline",
        'quo"te',
        "tab\there",
        "a\\b",
        "caf\udce9",
        "C:x",
        "-x",
        "~1",
        "x" * 255,
    )
    files = {name: name.encode("utf-8", "surrogateescape") for name in names}
    files |= {"link": b"/etc/passwd", "module": b"1" * 40, "run": b"#!"}
    upstream.commit(files, modes={"link": "120000", "module": "160000", "run": "100755"})
    source = source_of(upstream.path, tmp_path / "c")
    entries = {entry.path: entry for entry in source.snapshot(source.tip()).entries}
    assert set(entries) == set(files)
    assert (entries["link"].mode, entries["module"].mode, entries["run"].mode) == (
        0o120000,
        0o160000,
        0o100755,
    )
    contents = source.read(entries.values())
    assert entries["module"].blob not in contents
    assert {contents[entries[name].blob] for name in names} == {files[name] for name in names}


def test_a_file_larger_than_the_limit_is_listed_and_not_read(upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit({"big": b"x" * (QUICK.blob_bytes + 1), "just": b"x" * QUICK.blob_bytes, "small": b"1"})
    source = source_of(upstream.path, tmp_path / "c")
    entries = {entry.path: entry for entry in source.snapshot(source.tip()).entries}
    contents = source.read(entries.values())
    assert entries["big"].blob not in contents
    assert len(contents[entries["just"].blob]) == QUICK.blob_bytes


def test_what_is_remembered_is_bounded_and_everything_is_still_read(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.commit({f"f{number}": bytes([number]) * 1000 for number in range(50)})
    source = source_of(upstream.path, tmp_path / "c", limits=replace(QUICK, remembered_bytes=5000))
    entries = source.snapshot(source.tip()).entries
    for _ in range(2):
        assert len(source.read(entries)) == 50
    assert len(source.read(entries[:1])) == 1


def test_a_rewritten_branch_is_followed_and_known_as_no_descendant(
    upstream: Upstream, tmp_path: Path
) -> None:
    first = upstream.commit({"a": "1"})
    second = upstream.commit({"a": "2"})
    source = source_of(upstream.path, tmp_path / "c")
    source.snapshot(second)
    assert source.descends(second, first)
    rewritten = upstream.commit({"b": "3"}, orphan=True)
    snapshot = source.snapshot(source.tip())
    assert [entry.path for entry in snapshot.entries] == ["b"]
    assert not source.descends(rewritten, second)
    assert not source.descends(rewritten, "0" * 40)


def test_a_deleted_branch_is_missing_and_the_last_state_stays(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.commit({"a": "1"})
    source = source_of(upstream.path, tmp_path / "c")
    snapshot = source.snapshot(commit)
    upstream.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(Missing):
        source.tip()
    with pytest.raises(Missing):
        source.snapshot("1" * 40)
    assert source.snapshot(commit) is snapshot


@pytest.mark.parametrize(
    "damage", ["pack", "index", "head", "locks", "refs", "empty", "config", "alternates"]
)
def test_a_damaged_cache_mends_itself(upstream: Upstream, tmp_path: Path, damage: str) -> None:
    upstream.commit({f"f{number}": str(number) * 100 for number in range(50)})
    cache = tmp_path / "c"
    first = source_of(upstream.path, cache)
    first.snapshot(first.tip())
    second = upstream.commit({"f1": "new"})
    _damage(cache / "repository", damage)
    source = source_of(upstream.path, cache)
    snapshot = source.snapshot(second)
    assert len(source.read(snapshot.entries)) == 50
    third = upstream.commit({"f1": "newer"})
    assert source.snapshot(third).commit == third


def _damage(folder: Path, damage: str) -> None:
    packs = folder / "objects" / "pack"
    for pack in packs.iterdir():
        pack.chmod(0o644)
    match damage:
        case "pack":
            for pack in packs.glob("*.pack"):
                pack.write_bytes(pack.read_bytes()[:-200])
        case "index":
            for index in packs.glob("*.idx"):
                index.write_bytes(b"")
        case "head":
            (folder / "HEAD").write_bytes(b"\0" * 20)
        case "locks":
            for name in (
                "config.lock",
                "packed-refs.lock",
                "refs/towline/tip.lock",
                "shallow.lock",
                "HEAD.lock",
            ):
                (folder / name).write_bytes(b"")
        case "refs":
            (folder / "refs/towline/tip").write_text("1" * 40 + "\n")
        case "empty":
            for pack in packs.iterdir():
                pack.unlink()
        case "config":
            (folder / "config").write_text("[core\n")
        case "alternates":
            (folder / "objects/info").mkdir(exist_ok=True)
            (folder / "objects/info/alternates").write_text("/nonexistent\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_folder_that_belongs_to_somebody_else_is_read_when_named(
    upstream: Upstream, tmp_path: Path
) -> None:
    commit = upstream.commit({"a": "1"})
    for path in (upstream.path, *upstream.path.rglob("*")):
        os.chown(path, 12345, 12345)
    source = source_of(upstream.path, tmp_path / "c")
    assert source.snapshot(source.tip()).commit == commit


def test_a_fetch_that_is_killed_midway_is_taken_up_again(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.commit({f"f{number}": os.urandom(100_000) for number in range(40)})
    script = (
        "import sys; from pathlib import Path; from tests.adapters.git.repos import source_of\n"
        "print('ready', flush=True); source_of(sys.argv[1], Path(sys.argv[2])).snapshot(sys.argv[3])"
    )
    for milliseconds in (20, 60, 120):
        argv = (sys.executable, "-c", script, str(upstream.path), str(tmp_path / "c"), commit)
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            with_timeout(child, milliseconds / 1000)
            child.kill()
    assert len(source_of(upstream.path, tmp_path / "c").snapshot(commit).entries) == 40


def with_timeout(child: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def test_two_sources_may_share_a_cache(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.commit({"a": "1"})
    one, other = (source_of(upstream.path, tmp_path / "c") for _ in range(2))
    assert one.snapshot(commit).entries == other.snapshot(commit).entries
    assert other.traffic.fetches == 0


def test_many_fetches_leave_few_packs(upstream: Upstream, tmp_path: Path) -> None:
    source = source_of(upstream.path, tmp_path / "c")
    for number in range(42):
        source.snapshot(upstream.commit({"a": str(number)}))
    packs = list((tmp_path / "c/repository/objects/pack").glob("*.pack"))
    assert len(packs) < 42
    assert source.read(source.snapshot(source.tip()).entries).popitem()[1] == b"41"


def test_an_entry_of_another_repository_is_simply_not_found(upstream: Upstream, tmp_path: Path) -> None:
    source = source_of(upstream.path, tmp_path / "c")
    source.snapshot(upstream.commit({"a": "1"}))
    assert source.read([Entry("x", "1" * 40, 1, 0o100644)]) == {}


def test_every_fault_of_a_source_is_a_fault(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    upstream.commit({"a": "1"})
    with pytest.raises(Fault):
        source_of(upstream.path, tmp_path / "file").snapshot(upstream.tip())
