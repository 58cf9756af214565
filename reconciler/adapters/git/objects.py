"""What our own bare copy holds: a commit, the files of a tree, their contents. Nobody else is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reconciler.domain.config import Entry

from .process import Bounds, Ended, run
from .remote import Remote

LISTED = re.compile(rb"(\d+) (\w+) ([0-9a-f]{40}) +(\d+|-)\t(.*)", re.DOTALL)
SUBMODULE = 0o160000


class Damaged(Exception):
    """Our copy cannot be read; never leaves this room."""


class GitObjects:
    """The objects of the bare repository `folder`, read by git's plumbing."""

    def __init__(self, folder: Path, remote: Remote) -> None:
        self._folder, self._remote = folder, remote

    def commit(self, commit: str) -> bytes | None:
        """The raw commit object, None when it is not here. Raises `Damaged`."""
        if not (self._folder / "objects").is_dir():
            return None
        for _, kind, content in self._objects((commit,)):
            if kind != "commit":
                raise Damaged(f"{commit} is a {kind}")
            return content
        return None

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """Every file of a tree, odd names kept by surrogates. Raises `Damaged`, `Refused` past the limit."""
        ended = self.git("ls-tree", "-r", "-l", "-z", "--full-tree", tree)
        return tuple(_entry(line) for line in ended.output.split(b"\0") if line)

    def blobs(self, entries: Iterable[Entry], most: int) -> Mapping[str, bytes]:
        """Contents by id; what is larger than `most` bytes, or is no file, is left out. Raises `Damaged`."""
        wanted = {each.blob: each.size for each in entries if each.size <= most and each.mode != SUBMODULE}
        found: dict[str, bytes] = {}
        for some in _portions(wanted, self._remote.limits.listing_bytes):
            found |= {identity: content for identity, _, content in self._objects(some)}
        return found

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`, both being here."""
        argv = ("git", "merge-base", "--is-ancestor", ancestor, commit)
        return run(argv, self._remote.environment(self._folder), self._bounds()).status == 0

    def git(self, *words: str, stdin: bytes = b"") -> Ended:
        """A git command on our own copy. Raises `Damaged`: it asks nothing of anybody else."""
        ended = run(("git", *words), self._remote.environment(self._folder), self._bounds(), stdin)
        if ended.status != 0:
            raise Damaged(self._remote.credentials.scrub(ended.said[:400]))
        return ended

    def _objects(self, identities: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
        """Id, kind and content of each object that is here."""
        output = self.git("cat-file", "--batch", stdin=_lines(identities)).output
        at = 0
        while at < len(output):
            end = output.index(b"\n", at)
            words = output[at:end].decode(errors="replace").split(" ")
            at = end + 1
            if words[-1] != "missing":
                yield words[0], words[1], output[at : at + int(words[2])]
                at += int(words[2]) + 1

    def _bounds(self) -> Bounds:
        limits = self._remote.limits
        return Bounds(limits.local_seconds, 2 * limits.listing_bytes, limits.memory_bytes)


def _lines(identities: Iterable[str]) -> bytes:
    return "".join(f"{identity}\n" for identity in identities).encode()


def _entry(line: bytes) -> Entry:
    matched = LISTED.fullmatch(line)
    if matched is None:
        raise Damaged("git ls-tree printed a line of another form")
    mode, _, identity, size, path = matched.groups()
    name = path.decode("utf-8", "surrogateescape")
    return Entry(name, identity.decode(), 0 if size == b"-" else int(size), int(mode, 8))


def _portions(sizes: Mapping[str, int], together: int) -> Iterator[list[str]]:
    """So many at a time that together they stay within one answer."""
    some, total = list[str](), 0
    for identity, size in sizes.items():
        if some and total + size > together:
            yield some
            some, total = [], 0
        some.append(identity)
        total += size
    if some:
        yield some
