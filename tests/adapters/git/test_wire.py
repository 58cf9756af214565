import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.git.commit import parse_commit
from reconciler.adapters.git.faults import fault_of_git
from reconciler.adapters.git.remote import is_unexplained
from reconciler.adapters.git.wire import ask_for, find_ref, packet, server_error, speaks_v2, split_at_flush
from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable
from tests.gitserver import GitServer, clean_environment

from .repos import source_of

A, B = "a" * 40, "b" * 40
MAIN = "refs/heads/main"


def listing(*lines: str, end: bytes = b"0000") -> bytes:
    return b"".join(packet(f"{line}\n".encode()) for line in lines) + end


def test_the_question_names_one_ref() -> None:
    assert ask_for(MAIN) == b"0014command=ls-refs\n0001001fref-prefix refs/heads/main\n0000"


def test_exactly_our_ref_is_found_among_those_that_begin_like_it() -> None:
    assert find_ref(listing(f"{A} {MAIN}", f"{B} {MAIN}-old"), MAIN) == A
    assert find_ref(listing(f"{B} {MAIN}-old"), MAIN) is None
    assert find_ref(listing(f"{A} HEAD\0multi_ack symref=HEAD:{MAIN}", f"{B} {MAIN}"), MAIN) == B
    assert find_ref(listing(f"{A} {MAIN}\0multi_ack"), MAIN) == A


def test_an_answer_cut_short_is_never_taken_for_a_missing_branch() -> None:
    for answer in (b"", listing(f"{B} refs/heads/a", end=b""), listing(f"{B} refs/heads/a", end=b"00")):
        with pytest.raises(Broken):
            find_ref(answer, MAIN)


def test_what_is_no_packet_is_broken() -> None:
    for answer in (b"<html>\n<head>", b"\xff\xff\xff\xff1234"):
        with pytest.raises(Broken):
            find_ref(answer, MAIN)


def test_the_versions_and_the_end_of_an_advertisement_are_told_apart() -> None:
    v2 = listing("version 2", "agent=git/2.39-0000", "ls-refs=unborn")
    assert speaks_v2(v2)
    assert not speaks_v2(listing(f"{A} {MAIN}\0caps"))
    assert split_at_flush(v2 + listing(f"{A} {MAIN}")) == (v2, listing(f"{A} {MAIN}"))
    assert server_error(packet(b"ERR access denied")) == "access denied"


@given(st.binary(max_size=400))
def test_no_answer_makes_it_fail_but_by_a_fault(answer: bytes) -> None:
    for read in (lambda: find_ref(answer, MAIN), lambda: speaks_v2(answer), lambda: server_error(answer)):
        try:
            read()
        except Fault:
            continue


@given(st.binary(max_size=400))
def test_no_commit_makes_it_fail_but_by_a_value_error(content: bytes) -> None:
    whole = b"tree " + A.encode() + b"\n" + content
    assert parse_commit(whole).tree == A
    with pytest.raises(ValueError, match="no tree"):
        parse_commit(b"\n" + content.replace(b"tree", b""))


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", Forbidden, "401"),
        ("fatal: Authentication failed for 'https://h/x/'", Forbidden, "401"),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 403", Forbidden, "403"),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 429", Throttled, "429"),
        (
            "fatal: unable to access 'https://h/x/': The requested URL returned error: 302",
            Refused,
            "redirect",
        ),
        ("fatal: unable to access 'https://h/x/': The requested URL returned error: 502", Broken, "5xx"),
        ("remote: Repository not found.\nfatal: repository 'https://h/x/' not found", Missing, "404"),
        ("fatal: couldn't find remote ref refs/heads/main", Missing, "ref"),
        (
            "Host key verification failed.\nfatal: Could not read from remote repository.",
            Forbidden,
            "host-key",
        ),
        (
            "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository",
            Forbidden,
            "denied",
        ),
        ("fatal: unable to access 'https://h/': Could not resolve host: h", Unreachable, "network"),
        ("fatal: write error: No space left on device", Broken, "disk"),
        ("fatal: Out of memory, malloc failed", Refused, "too-large"),
        ("!\tx:refs/heads/s\t[rejected] (fetch first)\nDone", Conflict, "race"),
        ("!\tx:y\t[remote rejected] (cannot lock ref 'y': is at a but expected b)", Conflict, "race"),
        ("!\tx:y\t[remote rejected] (pre-receive hook declined)", Refused, "hook"),
        ("fatal: transport 'ext' not allowed", Refused, "protocol"),
        ("fatal: something nobody has seen before", Unreachable, ""),
        ("", Unreachable, ""),
    ],
)
def test_what_git_says_is_mapped_by_its_known_markers(said: str, kind: type[Fault], code: str) -> None:
    fault = fault_of_git("https://h/x", said)
    assert (type(fault), fault.code) == (kind, code)
    assert is_unexplained(fault) == (code == "")
    assert "\n" not in str(fault)


def test_a_repository_with_sha256_ids_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    repository = tmp_path / "srv" / "new.git"
    words = ("git", "init", "-q", "--bare", "--object-format=sha256", str(repository))
    subprocess.run(words, check=True, env=clean_environment())
    with GitServer(tmp_path / "srv") as server:
        for url in (str(repository), server.url("new.git")):
            with pytest.raises(Refused, match="SHA-256"):
                source_of(url, tmp_path / "c").tip()


def test_a_web_page_is_no_repository(tmp_path: Path) -> None:
    with GitServer(tmp_path, mode="200") as server, pytest.raises(Broken, match="no Git repository"):
        source_of(server.url("page"), tmp_path / "c").tip()
