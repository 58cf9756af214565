import os
import resource
import zlib
from dataclasses import replace
from hashlib import sha1
from pathlib import Path

import pytest

from reconciler.adapters.git.process import folder_bytes
from reconciler.faults import Broken, Refused
from tests.gitserver import GitServer

from .repos import QUICK, Upstream, source_of


def test_a_tree_with_dot_git_and_dot_dot_is_only_listed(upstream: Upstream, tmp_path: Path) -> None:
    blob = upstream.git("hash-object", "-w", "--stdin", stdin=b"x")
    listing = b"".join(
        b"100644 %s\0%s" % (name, bytes.fromhex(blob)) for name in (b"..", b".GIT", b".git", b"a~1")
    )
    tree = upstream.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=listing)
    head = f"tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\nencoding no-such\n\n\xff\n"
    commit = upstream.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=head.encode("latin-1"))
    upstream.git("update-ref", "refs/heads/main", commit)
    source = source_of(upstream.path, tmp_path / "c")
    snapshot = source.snapshot(commit)
    assert [entry.path for entry in snapshot.entries] == ["..", ".GIT", ".git", "a~1"]
    assert snapshot.subject == "\N{REPLACEMENT CHARACTER}"
    assert source.read(snapshot.entries) == {blob: b"x"}


def test_what_is_no_commit_id_is_never_passed_to_git(upstream: Upstream, tmp_path: Path) -> None:
    source = source_of(upstream.path, tmp_path / "c")
    for word in ("--upload-pack=x", "HEAD", "main", "", "0" * 39, "0" * 40 + "\n"):
        with pytest.raises(Broken):
            source.snapshot(word)


def test_a_pack_that_is_too_large_is_refused_and_the_last_state_stays(
    upstream: Upstream, tmp_path: Path
) -> None:
    first, limits = upstream.commit({"a": "1"}), replace(QUICK, growth_bytes=1 << 20)
    with GitServer(upstream.path.parent) as server:
        places = {tmp_path / "folder": str(upstream.path), tmp_path / "http": server.url("fleet.git")}
        sources = {cache: source_of(url, cache, limits=limits) for cache, url in places.items()}
        snapshots = {cache: source.snapshot(first) for cache, source in sources.items()}
        big = upstream.commit({"noise": os.urandom(16 << 20)})
        for cache, source in sources.items():
            with pytest.raises(Refused) as caught:
                source.snapshot(big)
            assert caught.value.code == "too-large"
            assert source.snapshot(first) is snapshots[cache]
            assert source.read(snapshots[cache].entries)
            assert folder_bytes(cache / "repository/objects/pack") < 1 << 20


def test_a_gigabyte_in_a_small_pack_takes_neither_memory_nor_a_reading(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.git("config", "pack.compression", "1")
    commit = _commit_zeros(upstream, 1 << 30)
    source = source_of(upstream.path, tmp_path / "c")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    entries = {entry.path: entry for entry in source.snapshot(commit).entries}
    assert entries["zeros"].size == 1 << 30
    assert source.read(entries.values()) == {entries["small"].blob: b"1"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 512 * 1024


def _commit_zeros(upstream: Upstream, size: int) -> str:
    """A commit whose file `zeros` is that many bytes, its loose object one compressed MiB over and over."""
    chunk, header = bytes(1 << 20), b"blob %d\0" % size
    packer, digest, checksum = zlib.compressobj(1), sha1(header, usedforsecurity=False), zlib.adler32(header)
    start = packer.compress(header) + packer.flush(zlib.Z_FULL_FLUSH)
    middle = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(size // len(chunk)):
        digest.update(chunk)
        checksum = zlib.adler32(chunk, checksum)
    end = packer.flush()[:-4] + checksum.to_bytes(4)
    blob = digest.hexdigest()
    place = upstream.path / "objects" / blob[:2]
    place.mkdir(exist_ok=True)
    (place / blob[2:]).write_bytes(start + middle * (size // len(chunk)) + end)
    small = upstream.git("hash-object", "-w", "--stdin", stdin=b"1")
    tree = upstream.git("mktree", stdin=f"100644 blob {small}\tsmall\n100644 blob {blob}\tzeros\n".encode())
    return upstream.commit_tree(tree)


def test_a_tree_that_unfolds_without_end_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    inner = upstream.git("hash-object", "-w", "--stdin", stdin=b"boom")
    kind, mode = "blob", "100644"
    for _ in range(9):
        lines = "".join(f"{mode} {kind} {inner}\t{name}\n" for name in "abcdefghij")
        inner, kind, mode = upstream.git("mktree", stdin=lines.encode()), "tree", "040000"
    bomb = upstream.commit_tree(inner)
    limits = replace(QUICK, listing_bytes=1 << 20)
    with pytest.raises(Refused) as caught:
        source_of(upstream.path, tmp_path / "c", limits=limits).snapshot(bomb)
    assert caught.value.code == "too-large"


def test_a_hostile_hook_or_filter_in_the_repository_never_runs(upstream: Upstream, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    files = {
        ".gitattributes": "* filter=evil export-subst ident\n",
        ".gitmodules": f'[submodule "x"]\n\tpath = x\n\turl = -u$(touch {trap})\n\tupdate = !touch {trap}\n',
        ".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:9/\n",
        "a": "$Id$",
    }
    upstream.commit({**files, "x": b"1" * 40}, modes={"x": "160000"})
    source = source_of(upstream.path, tmp_path / "c")
    entries = source.snapshot(source.tip()).entries
    assert b"$Id$" in source.read(entries).values()
    assert not trap.exists()
