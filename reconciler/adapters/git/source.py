"""A config repository behind Git: a poll that costs one short answer, a fetch only when something came."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from reconciler.domain.config import Entry, Snapshot
from reconciler.faults import Broken, Missing

from .address import check_branch
from .cache import GitCache, missing
from .commit import parse_commit
from .credentials import Credentials
from .limits import GitLimits, Traffic
from .objects import Damaged
from .remote import Remote
from .wire import SHA1

Read = TypeVar("Read")


class GitSource:
    """Fills the port `Source` with one branch of a Git repository. `cache` is a folder of its own.

    Raises `ValueError` for an address or branch that is not let in; later only `Fault`s. What it has once
    shown it can show again without the network. One thread reads; `tip` may be asked from any.
    """

    def __init__(
        self, url: str, branch: str, cache: Path, credentials: Credentials, limits: GitLimits
    ) -> None:
        self.branch = check_branch(branch)
        self.remote = Remote(url, credentials, limits)
        self._cache = GitCache(cache, self.remote)
        self._last: Snapshot | None = None
        self._blobs = _Remembered(limits.remembered_bytes)

    @property
    def traffic(self) -> Traffic:
        """What has been asked of the server and received so far."""
        return self.remote.traffic

    def tip(self) -> str:
        """The commit the branch points at: one exact-ref request, nothing fetched."""
        commit = self.remote.tip(self.branch)
        if commit is None:
            raise missing(self.remote, self.branch)
        return commit

    def snapshot(self, commit: str) -> Snapshot:
        """The tree of that commit, fetched if it is not here yet; the very same value for the same commit."""
        if self._last is None or self._last.commit != commit:
            self._last = self._mending(lambda: self._look(_checked(commit)))
        return self._last

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id; submodules and files larger than `blob_bytes` are left out."""
        wanted = {entry.blob: entry for entry in entries}
        known = self._blobs.among(wanted)
        if absent := [entry for blob, entry in wanted.items() if blob not in known]:
            fresh = self._mending(lambda: self._cache.objects.blobs(absent, self.remote.limits.blob_bytes))
            self._blobs.keep(fresh)
            known |= fresh
        return known

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`; False when it is not known."""
        return self._cache.objects.descends(_checked(commit), _checked(ancestor))

    def close(self) -> None:
        """Hang up."""
        self.remote.close()

    def _look(self, commit: str) -> Snapshot:
        content = self._cache.objects.commit(commit)
        if content is None:
            self._cache.fetch(self.branch)
            content = self._cache.objects.commit(commit)
        if content is None:
            raise Missing(f"commit {commit[:12]} is no longer on branch {self.branch}", code="moved")
        try:
            raw = parse_commit(content)
        except ValueError as failure:
            raise Broken(f"commit {commit[:12]} cannot be read: {failure}", code="commit") from None
        return Snapshot(commit, raw.tree, raw.subject, raw.author, self._entries(raw.tree))

    def _entries(self, tree: str) -> tuple[Entry, ...]:
        if self._last is not None and self._last.tree == tree:
            return self._last.entries
        return self._cache.objects.entries(tree)

    def _mending(self, look: Callable[[], Read]) -> Read:
        """Look; where our copy turns out to be damaged, fetch it anew and look once more."""
        try:
            return look()
        except Damaged:
            self._cache.rebuild(self.branch)
        try:
            return look()
        except Damaged as damaged:
            raise Broken(
                f"{self.remote} cannot be read even from a fresh copy: {damaged}", code="damaged"
            ) from None


class _Remembered:
    """The blobs read last, together no larger than `most` bytes."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._blobs: OrderedDict[str, bytes] = OrderedDict()

    def among(self, wanted: Iterable[str]) -> dict[str, bytes]:
        known = {blob: self._blobs[blob] for blob in wanted if blob in self._blobs}
        for blob in known:
            self._blobs.move_to_end(blob)
        return known

    def keep(self, blobs: Mapping[str, bytes]) -> None:
        for blob, content in blobs.items():
            self._size += 0 if blob in self._blobs else len(content)
            self._blobs[blob] = content
        while self._size > self._most:
            self._size -= len(self._blobs.popitem(last=False)[1])


def _checked(commit: str) -> str:
    if not SHA1.fullmatch(commit):
        raise Broken("a commit id is forty hex digits", code="commit")
    return commit
