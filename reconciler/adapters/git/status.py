"""The status branch: committed without a work tree, pushed without force, put on a newer tip if need be."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import SystemRandom
from types import MappingProxyType
from typing import TypeVar

from reconciler.domain.config import Entry
from reconciler.domain.report import StatusCommit
from reconciler.domain.tally import Tally
from reconciler.faults import Broken, Conflict, Fault

from .address import check_branch
from .cache import DRAFT, GitCache
from .commit import parse_commit
from .draft import Draft, blob_id, draft_stream, with_skip_ci
from .objects import Damaged
from .remote import Remote

AUTHOR = "Towline <towline@localhost>"
NAME_AND_MAIL = re.compile(r"[^<>\x00-\x1f]+ <[^<>\x00-\x1f]*>")
SHORTEST_PAUSE = 0.05  # seconds; twice as long at most after each lost race

Done = TypeVar("Done")


class GitStatusBook:
    """Fills the port `StatusBook`. Keeps what others put on the branch; never merges, never forces.

    `cache` is a folder of its own. Raises `ValueError` when the status branch is the config branch, for such
    a commit would wake its own reader. Not for two threads at once.
    """

    def __init__(
        self, remote: Remote, branch: str, cache: Path, config_branch: str, author: str = AUTHOR
    ) -> None:
        if check_branch(branch) == config_branch:
            raise ValueError(
                f"the status branch and the config branch are both {branch!r}; give them two names"
            )
        if not NAME_AND_MAIL.fullmatch(author):
            raise ValueError("the author of status commits reads `Name <mail>`")
        self.branch = branch
        self._remote, self._author = remote, author
        self._cache = GitCache(cache, remote, "--depth=1")
        self._tip: str | None = None
        self._own = ""
        self._looked = False
        self._entries: Mapping[str, Entry] = MappingProxyType({})
        self._written: Mapping[str, str] = MappingProxyType({})
        self._may_write: Callable[[], None] = anybody_may
        self._commits = Counter({"pushed": 0, "raced": 0, "failed": 0})

    def ask_before_writing(self, may_write: Callable[[], None]) -> None:
        """From now on call this before every push; it raises Deposed where we may not write any more."""
        self._may_write = may_write

    def written(self) -> Mapping[str, str]:
        """Path to blob id as last seen; the very same value until that changes. The first call looks."""
        if not self._looked:
            self.refresh()
        return self._written

    def refresh(self) -> None:
        """Look at the remote's branch again: one exact-ref request, and a fetch only when it moved."""
        tip = self._remote.tip(self.branch)
        if tip != self._tip or not self._looked:
            self._mending(lambda: self._adopt(tip))
        self._looked = True

    def read(self, path: str) -> bytes | None:
        """What a path holds, None when there is no such file."""
        self.written()
        entry = self._entries.get(path)
        if entry is None:
            return None
        most = self._remote.limits.listing_bytes
        return self._mending(lambda: self._cache.objects.blobs((entry,), most)).get(entry.blob)

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """What those of these paths hold that are there, by path."""
        self.written()
        entries = [entry for path in paths if (entry := self._entries.get(path)) is not None]
        if not entries:
            return {}
        most = self._remote.limits.blob_bytes
        found = self._mending(lambda: self._cache.objects.blobs(entries, most))
        return {entry.path: found[entry.blob] for entry in entries if entry.blob in found}

    def commit(self, status: StatusCommit) -> str:
        """Write these files on top of what is there and push; the tip's id, empty while there is no branch.

        Nothing is committed when the branch already holds just that. Raises `Conflict` after `push_attempts`
        lost races, `Refused` or `Forbidden` when the server will not have it.
        """
        try:
            return self._committed(status)
        except Fault:
            self._commits["failed"] += 1
            raise

    def commit_after_own(self, status: StatusCommit) -> str:
        """The same where our own last commit is still the tip, else nothing: empty. Whether we may write is
        not asked: whoever else may has written there, or has had nothing to say."""
        self.refresh()
        files = self._changes(status.files) if self._own and self._tip == self._own else {}
        return (self._push(files, with_skip_ci(status.message), anybody_may) if files else "") or ""

    def tallies(self) -> tuple[Tally, ...]:
        """Status commits by what came of them: those that lost a race were made anew."""
        about = "Commits to the status branch by what came of them; a race that was lost is run again."
        told = self._commits.items()
        return tuple(Tally("towline_status_commits", about, (("result", how),), count) for how, count in told)

    def _committed(self, status: StatusCommit) -> str:
        for attempt in range(self._remote.limits.push_attempts):
            _pause(attempt)
            self.refresh()
            files = self._changes(status.files)
            if not files:
                return self._tip or ""
            if commit := self._push(files, with_skip_ci(status.message), self._may_write):
                return commit
        raise Conflict(f"{self._remote}: others kept writing to branch {self.branch}", code="race")

    def _changes(self, files: Mapping[str, bytes | None]) -> Mapping[str, bytes | None]:
        removed = {path: None for path, content in files.items() if content is None and path in self._written}
        given = {path: content for path, content in files.items() if content is not None}
        return removed | {
            path: data for path, data in given.items() if self._written.get(path) != blob_id(data)
        }

    def _push(
        self, files: Mapping[str, bytes | None], message: str, may_write: Callable[[], None]
    ) -> str | None:
        """The commit's id, or None when somebody else's push came first."""
        stream = draft_stream(Draft(DRAFT, self._tip or "", self._author, message, files))
        commit = self._mending(lambda: self._cache.write(stream))
        may_write()
        try:
            self._remote.push(self._cache.folder, f"{commit}:refs/heads/{self.branch}")
        except Conflict:
            self._commits["raced"] += 1
            return None
        self._commits["pushed"] += 1
        self._own = commit
        self._mending(lambda: self._adopt(commit))
        self._cache.tidy()
        return commit

    def _adopt(self, tip: str | None) -> None:
        """Know what this tip holds, or a newer one that was there by the time it was fetched."""
        if tip and self._cache.objects.commit(tip) is None:
            self._cache.fetch(self.branch)
            tip = self._cache.fetched()
        entries = {entry.path: entry for entry in self._listed(tip)} if tip else {}
        self._tip, self._entries = tip, MappingProxyType(entries)
        self._written = MappingProxyType({path: entry.blob for path, entry in entries.items()})

    def _listed(self, tip: str) -> tuple[Entry, ...]:
        try:
            raw = parse_commit(self._cache.objects.commit(tip) or b"")
        except ValueError as failure:
            raise Broken(f"commit {tip[:12]} cannot be read: {failure}", code="commit") from None
        return self._cache.objects.entries(raw.tree)

    def _mending(self, work: Callable[[], Done]) -> Done:
        """Work; where our copy turns out to be damaged, fetch it anew and work once more."""
        try:
            return work()
        except Damaged:
            self._cache.rebuild(self.branch if self._tip else "")
        try:
            return work()
        except Damaged as damaged:
            raise Broken(
                f"{self._remote}: the status branch cannot be read: {damaged}", code="damaged"
            ) from None


def anybody_may() -> None:
    """Whoever is alone may write."""


def _pause(attempt: int) -> None:
    if attempt:
        time.sleep(SystemRandom().uniform(0, SHORTEST_PAUSE * 2**attempt))
