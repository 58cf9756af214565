"""A clone on this machine, looked at through any of its commits, and what merging two of them gives.

The clone is read and never written: what a merge makes lies in a folder of our own, which borrows the clone's
objects. Its configuration, hooks, attributes' drivers and filters play no part, and nobody is asked for more.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.domain.config import Entry, Snapshot
from reconciler.faults import Broken, Missing, Refused

from .commit import parse_commit
from .credentials import Credentials
from .limits import GitLimits
from .objects import Damaged, GitObjects
from .process import Bounds, Ended, run
from .remote import Remote
from .wire import SHA1

CONFLICT, USAGE = 1, 129
_MOST_NAMED = 5


class Clone:
    """The commits of one clone."""

    def __init__(self, clone: Path, folder: Path, limits: GitLimits) -> None:
        self._remote = Remote(str(clone), Credentials(), limits)
        self._clone, self._folder, self._limits = clone, folder, limits
        self._objects = GitObjects(folder, self._remote)

    def commit(self, ref: str) -> str:
        """The commit a branch, a tag or an id names. `Missing` where there is none in this clone."""
        if not ref or ref.startswith("-"):
            raise Missing(f"{_plain(ref)!r} names no commit", code="ref")
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        ended = _in_clone(self._clone, words, self._remote)
        found = ended.output.decode(errors="replace").strip()
        if ended.status != 0 or not SHA1.fullmatch(found):
            hint = "fetch it first, or give another name of it, such as origin/main"
            raise Missing(f"{_plain(ref)} names no commit of this clone; {hint}", code="ref")
        return found

    def snapshot(self, commit: str) -> Snapshot:
        """The tree of that commit."""
        with _whole():
            content = self._objects.commit(commit)
            if content is None:
                raise Missing(f"commit {commit[:12]} is not in this clone; fetch it first", code="ref")
            raw = parse_commit(content)
            return Snapshot(commit, raw.tree, raw.subject, raw.author, self._objects.entries(raw.tree))

    def merged(self, base: str, head: str) -> Snapshot:
        """The tree of `head` merged into `base`, under the commit `head`. `Refused` on a conflict."""
        words = ("merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", base, head)
        ended = self._git(words)
        tree, *conflicts = ended.output.decode("utf-8", "replace").rstrip("\0").split("\0")
        if ended.status == CONFLICT and SHA1.fullmatch(tree):
            raise Refused(_in_conflict(conflicts), code="conflict")
        if ended.status != 0:
            raise self._unmerged(ended, base, head)
        with _whole():
            told = parse_commit(self._objects.commit(head) or b"")
            return Snapshot(head, tree, told.subject, told.author, self._objects.entries(tree))

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id; submodules and large files are left out."""
        with _whole():
            return self._objects.blobs(entries, self._limits.blob_bytes)

    def _unmerged(self, ended: Ended, base: str, head: str) -> Refused:
        if ended.status == USAGE:
            return Refused("git 2.38 or newer is needed to merge without a working tree", code="git")
        common = self._git(("merge-base", base, head))
        if common.status != 0:
            shallow = (self._folder / "shallow").exists()
            mend = "it is a shallow clone: git fetch --unshallow" if shallow else "they share no history"
            return Refused(f"the two have no commit in common in this clone; {mend}", code="unrelated")
        return Refused(f"git cannot merge them: {_plain(ended.said)}", code="git")

    def _git(self, words: Sequence[str]) -> Ended:
        return run(("git", *words), self._remote.environment(self._folder), _bounds(self._limits))


@contextmanager
def clone_at(path: Path, limits: GitLimits | None = None) -> Iterator[Clone]:
    """The clone around a path, while the block lasts. `Missing` where there is none."""
    limits = limits or GitLimits()
    remote = Remote(str(path), Credentials(), limits)
    words = ("rev-parse", "--path-format=absolute", "--git-path", "objects", "--git-path", "shallow")
    ended = _in_clone(path, words, remote)
    if ended.status != 0:
        raise Missing(f"there is no clone of a Git repository at {path}", code="repository")
    objects, shallow = (Path(each) for each in ended.output.decode(errors="surrogateescape").split("\n")[:2])
    with TemporaryDirectory(prefix="towline-") as scratch:
        folder = Path(scratch) / "borrowing"
        _borrow(folder, objects, shallow, remote)
        yield Clone(path, folder, limits)


def _borrow(folder: Path, objects: Path, shallow: Path, remote: Remote) -> None:
    """An empty repository that finds the clone's objects. Source: gitrepository-layout(5), alternates."""
    folder.mkdir()
    ended = run(
        ("git", "init", "--quiet", "--bare", "--template="),
        remote.environment(folder),
        _bounds(remote.limits),
    )
    if ended.status != 0 or "\n" in str(objects):
        raise Broken(f"no repository can be made to merge in: {_plain(ended.said)}", code="cache")
    info = folder / "objects" / "info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "alternates").write_text(f"{objects}\n", encoding="utf-8", errors="surrogateescape")
    if shallow.exists():
        shutil.copyfile(shallow, folder / "shallow")


def _in_clone(path: Path, words: Sequence[str], remote: Remote) -> Ended:
    folder = path if path.is_dir() else path.parent
    return run(("git", "-C", str(folder), *words), remote.environment(None), _bounds(remote.limits))


def _bounds(limits: GitLimits) -> Bounds:
    return Bounds(limits.local_seconds, 2 * limits.listing_bytes, limits.memory_bytes)


def _in_conflict(names: Sequence[str]) -> str:
    told = [_plain(each) for each in names if each]
    more = f" and {len(told) - _MOST_NAMED} more" if len(told) > _MOST_NAMED else ""
    where = f" in {', '.join(told[:_MOST_NAMED])}{more}" if told else ""
    return f"it cannot be merged: both sides change the same lines{where}; merge or rebase it first"


@contextmanager
def _whole() -> Iterator[None]:
    """What is not there, or not readable, of a clone that is not ours to mend."""
    try:
        yield
    except Damaged as damaged:
        raise Broken(f"the clone cannot be read whole: {_plain(str(damaged))}", code="damaged") from None
    except ValueError as failure:
        raise Broken(f"a commit of the clone cannot be read: {failure}", code="commit") from None


def _plain(text: str) -> str:
    """A name others chose, or what git said of it, on one line and without what cannot be seen."""
    return "".join(each if each.isprintable() else " " for each in text[:300]).strip()
