import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconciler.adapters.git.draft import blob_id, with_skip_ci
from reconciler.adapters.git.remote import Remote
from reconciler.adapters.git.status import GitStatusBook
from reconciler.domain.report import StatusCommit
from reconciler.faults import Conflict, Fault, Forbidden, Refused
from tests.gitserver import GitServer

from .repos import NOBODY, QUICK, Upstream, book_of

BRANCH = "towline/status"


def status(message: str = "phi-4 is Ready", **files: str | None) -> StatusCommit:
    named = {name.replace("__", "/"): content for name, content in files.items()}
    return StatusCommit(
        {path: text.encode() if text is not None else None for path, text in named.items()}, message
    )


def test_the_first_commit_makes_an_orphan_branch_and_touches_no_other(
    upstream: Upstream, tmp_path: Path
) -> None:
    main = upstream.commit({"towline.yaml": "kind: Fleet\n"})
    book = book_of(upstream.path, tmp_path / "c")
    assert book.written() == {}
    commit = book.commit(status(README="# Fleet", status__default__phi="Ready"))
    assert upstream.tip(BRANCH) == commit
    assert upstream.git("rev-list", "--count", BRANCH) == "1"
    assert upstream.files(BRANCH) == {"README": "# Fleet", "status/default/phi": "Ready"}
    assert upstream.git("log", "-1", "--format=%an <%ae>|%cn|%B", BRANCH) == (
        "Towline <towline@localhost>|Towline|phi-4 is Ready\n\n[skip ci]"
    )
    assert upstream.tip() == main


def test_what_was_written_is_told_by_blob_id_and_read_back(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(a="1", b__c="2"))
    assert book.written() == {"a": blob_id(b"1"), "b/c": blob_id(b"2")}
    assert (book.read("b/c"), book.read("nothing")) == (b"2", None)
    assert book_of(upstream.path, tmp_path / "other").written() == book.written()
    assert blob_id(b"1") == hashlib.sha1(b"blob 1\x001", usedforsecurity=False).hexdigest()


def test_the_same_files_again_commit_nothing_and_push_nothing(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    first = book.commit(status(a="1"))
    written = book.written()
    assert book.commit(status("again", a="1", gone=None)) == first
    assert book.written() is written
    assert upstream.git("rev-list", "--count", BRANCH) == "1"


def test_nothing_to_write_on_no_branch_makes_no_branch(upstream: Upstream, tmp_path: Path) -> None:
    assert book_of(upstream.path, tmp_path / "c").commit(status(gone=None)) == ""
    assert upstream.tip(BRANCH) == ""


def test_files_are_changed_removed_and_put_beside_what_others_wrote(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.commit({"NOTES.md": "by hand", "status/x": "old", "badges": "a file"}, branch=BRANCH)
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(a="1", b="2"))
    book.commit(status(a=None, b="3", status__y="new", badges__z="svg"))
    assert upstream.files(BRANCH) == {
        "NOTES.md": "by hand",
        "b": "3",
        "badges/z": "svg",
        "status/x": "old",
        "status/y": "new",
    }
    assert set(book.written()) == set(upstream.files(BRANCH))


def test_names_in_any_alphabet_are_kept(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    names = ['q"uo\\te', "ünï/日本", "tab\there", "new\nline", "-x"]
    book.commit(StatusCommit(dict.fromkeys(names, b"1"), "odd"))
    assert set(book_of(upstream.path, tmp_path / "d").written()) == set(names)


@pytest.mark.parametrize("path", ["../x", "/x", "a//b", ".git/config", "a/.GIT/x", "", "a/./b", "x\0y"])
def test_a_path_no_tree_may_hold_is_a_mistake_of_ours(upstream: Upstream, tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="no path"):
        book_of(upstream.path, tmp_path / "c").commit(StatusCommit({path: b""}, "x"))


def test_the_same_branch_for_config_and_status_is_refused_at_once(upstream: Upstream, tmp_path: Path) -> None:
    remote = Remote(str(upstream.path), NOBODY, QUICK)
    with pytest.raises(ValueError, match="two names"):
        GitStatusBook(remote, "main", tmp_path / "c", "main")
    with pytest.raises(ValueError, match="author"):
        GitStatusBook(remote, BRANCH, tmp_path / "c", "main", "Eve <eve@x>\ncommitter Root <root@x> 0 +0000")


def test_a_message_that_tells_ci_to_skip_is_left_alone_and_a_hostile_one_stays_a_message(
    upstream: Upstream, tmp_path: Path
) -> None:
    assert with_skip_ci("x [skip ci]") == "x [skip ci]\n"
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status("ünï\nM 100644 inline evil\ndata 0\n\ndeleteall\n\0", a="1"))
    assert upstream.files(BRANCH) == {"a": "1"}


def test_a_tip_that_moved_is_built_upon(upstream: Upstream, tmp_path: Path) -> None:
    one, other = (book_of(upstream.path, tmp_path / name) for name in "ab")
    one.commit(status(a="1"))
    other.commit(status(b="1"))
    one.commit(status(a="2"))
    assert upstream.files(BRANCH) == {"a": "2", "b": "1"}
    assert upstream.git("rev-list", "--count", BRANCH) == "3"


def test_a_push_that_comes_between_is_built_upon_and_not_lost(upstream: Upstream, tmp_path: Path) -> None:
    """A hook of the server lets another writer's commit in just before ours, once."""
    before = upstream.commit({"theirs": "0"}, branch=BRANCH)
    upstream.git("update-ref", "refs/heads/rival", upstream.commit({"theirs": "1"}, branch=BRANCH))
    upstream.git("update-ref", f"refs/heads/{BRANCH}", before)
    flag = tmp_path / "raced"
    _hook(
        upstream,
        "pre-receive",
        f'[ -e "{flag}" ] || {{ touch "{flag}"; unset GIT_QUARANTINE_PATH; '
        f"git update-ref refs/heads/{BRANCH} refs/heads/rival; }}",
    )
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(ours="1"))
    assert flag.exists()
    assert upstream.files(BRANCH) == {"ours": "1", "theirs": "1"}


def test_five_writers_at_once_lose_nothing(upstream: Upstream, tmp_path: Path) -> None:
    faults: list[Fault] = []

    def write(name: str) -> None:
        book = book_of(upstream.path, tmp_path / name)
        for number in range(3):
            _until_written(book, status(f"{name} {number}", **{f"status__{name}": str(number)}), faults)

    threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert upstream.files(BRANCH) == {f"status/w{number}": "2" for number in range(5)}
    assert upstream.git("rev-list", "--count", BRANCH) == "15"
    assert upstream.git("rev-list", "--merges", "--count", BRANCH) == "0"
    assert all(isinstance(fault, Conflict) for fault in faults)


def test_five_writers_behind_a_git_server_lose_nothing(upstream: Upstream, tmp_path: Path) -> None:
    """Each writes files of its own, and in the end every file is as its writer wrote it last."""
    faults: list[Fault] = []
    with GitServer(upstream.path.parent) as server:
        upstream.git("config", "http.receivepack", "true")

        def write(name: str) -> None:
            book = book_of(server.url("fleet.git"), tmp_path / name)
            for number in range(4):
                files = {f"status__{name}__{each}": str(number) for each in range(3)}
                _until_written(book, status(f"{name} {number}", **files), faults)

        threads = [threading.Thread(target=write, args=(f"w{number}",)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    wanted = {f"status/w{number}/{each}": "3" for number in range(5) for each in range(3)}
    assert upstream.files(BRANCH) == wanted
    assert upstream.git("rev-list", "--count", BRANCH) == "20"
    assert all(isinstance(fault, Conflict) for fault in faults)
    upstream.git("fsck", "--strict")


def _until_written(book: GitStatusBook, wanted: StatusCommit, faults: list[Fault]) -> None:
    while True:
        try:
            book.commit(wanted)
        except Conflict as fault:
            faults.append(fault)
        else:
            return


def test_a_deleted_branch_is_begun_anew(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(a="1", b="1"))
    upstream.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    book.commit(status(a="2"))
    assert upstream.git("rev-list", "--count", BRANCH) == "1"
    assert upstream.files(BRANCH) == {"a": "2"}
    assert book.written() == {"a": blob_id(b"2")}


def test_a_rewritten_branch_is_built_upon(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(a="1"))
    upstream.commit({"other": "1"}, branch=BRANCH, orphan=True)
    book.commit(status(a="2"))
    assert upstream.files(BRANCH) == {"a": "2", "other": "1"}


def test_a_hook_that_says_no_is_refused_with_its_reason(upstream: Upstream, tmp_path: Path) -> None:
    _hook(upstream, "pre-receive", 'echo "branch is protected" >&2; exit 1')
    book = book_of(upstream.path, tmp_path / "c")
    with pytest.raises(Refused, match="branch is protected"):
        book.commit(status(a="1"))
    (upstream.path / "hooks" / "pre-receive").unlink()
    assert book.commit(status(a="1")) == upstream.tip(BRANCH)


def test_it_works_over_http_and_a_read_only_token_is_forbidden(upstream: Upstream, tmp_path: Path) -> None:
    with GitServer(upstream.path.parent, username="ann", password="s3cretpw") as server:
        book = book_of(server.url("fleet.git", "ann:s3cretpw"), tmp_path / "c")
        first = book.commit(status(a="1" * 3_000_000))
        assert book.commit(status(a="2")) != first
        upstream.git("config", "http.receivepack", "false")
        with pytest.raises(Forbidden):
            book.commit(status(a="3"))
        server.mode = "401"
        with pytest.raises(Forbidden):
            book.commit(status(a="3"))


def test_one_file_among_ten_thousand_is_one_small_push(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    files = {f"status/n{number % 10}/w{number}": b"phase: Ready\n%d" % number for number in range(10_000)}
    book.commit(StatusCommit(files, "all"))
    before = int(upstream.git("count-objects").split()[0])
    book.commit(StatusCommit({**files, "status/n1/w1": b"phase: NotReady\n"}, "one"))
    assert int(upstream.git("count-objects").split()[0]) - before == 5
    assert len(book.written()) == 10_000
    assert len(book_of(upstream.path, tmp_path / "d").written()) == 10_000


def test_a_damaged_copy_is_mended(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(a="1", b="1"))
    for thing in (tmp_path / "c/repository/objects").rglob("*"):
        if thing.is_file():
            thing.unlink()
    book.commit(status(a="2"))
    assert upstream.files(BRANCH) == {"a": "2", "b": "1"}
    assert book.read("b") == b"1"


@pytest.mark.parametrize("wait", [0.02, 0.1, 0.2, 0.3])
def test_a_writer_that_is_killed_midway_harms_nobody(upstream: Upstream, tmp_path: Path, wait: float) -> None:
    script = (
        "import sys; from pathlib import Path; from tests.adapters.git.repos import book_of\n"
        "from reconciler.domain.report import StatusCommit\n"
        "book = book_of(sys.argv[1], Path(sys.argv[2])); print('ready', flush=True)\n"
        "for n in range(999): book.commit(StatusCommit({f'f{n}': b'x' * 99999, 'n': b'%d' % n}, str(n)))"
    )
    argv = (sys.executable, "-c", script, str(upstream.path), str(tmp_path / "c"))
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(wait)
        child.kill()
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(after="1"))
    assert upstream.files(BRANCH)["after"] == "1"
    upstream.git("fsck", "--strict")


def _hook(upstream: Upstream, name: str, body: str) -> None:
    hook = upstream.path / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ncat >/dev/null\n{body}\n")
    hook.chmod(0o755)


def test_each_commit_is_counted_by_what_came_of_it(upstream: Upstream, tmp_path: Path) -> None:
    book = book_of(upstream.path, tmp_path / "c")
    book.commit(status(a="1"))
    book.commit(status(a="1"))
    _hook(upstream, "pre-receive", 'echo "branch is protected" >&2; exit 1')
    with pytest.raises(Refused):
        book.commit(status(a="2"))

    counts = {each.labels[0][1]: each.value for each in book.tallies()}
    assert counts == {"pushed": 1, "raced": 0, "failed": 1}
