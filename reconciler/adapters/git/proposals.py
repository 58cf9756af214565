"""Commits offered for review: each on a branch of its own, pushed only where the branch is as it was seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from reconciler.domain.proposal import Offer, Proposal
from reconciler.faults import Broken, Conflict

from .address import check_branch
from .cache import DRAFT, GitCache
from .commit import parse_commit
from .draft import Draft, draft_stream
from .objects import Damaged
from .remote import Remote
from .status import AUTHOR, anybody_may

Done = TypeVar("Done")


class GitProposals:
    """Fills the port `Proposals`. `cache` is a folder of its own. Not for two threads at once."""

    def __init__(self, remote: Remote, config_branch: str, cache: Path, author: str = AUTHOR) -> None:
        self._remote, self._config_branch, self._author = remote, config_branch, author
        self._cache = GitCache(cache, remote, "--depth=1")
        self._may_write: Callable[[], None] = anybody_may

    def ask_before_writing(self, may_write: Callable[[], None]) -> None:
        """From now on call this before every push; it raises Deposed where we may not write any more."""
        self._may_write = may_write

    @property
    def place(self) -> str:
        """The repository's address, without any credential."""
        return str(self._remote)

    def find(self, branch: str) -> Offer | None:
        """The tip of that branch: one exact-ref request, and a fetch where it is not known here."""
        tip = self._remote.tip(branch)
        return self._mending(lambda: self._offer(branch, tip)) if tip else None

    def propose(self, proposal: Proposal) -> str:
        """Commit on top of the config branch's own commit and push; the commit's id.

        Raises `Conflict` where the config branch has moved on, or somebody else moved or made the branch;
        `Refused` or `Forbidden` when the server will not have it.
        """
        branch = check_branch(proposal.branch)
        commit = self._mending(lambda: self._commit(proposal))
        lease = f"--force-with-lease=refs/heads/{branch}:{proposal.replaces}"
        self._may_write()
        self._remote.push(self._cache.folder, f"{commit}:refs/heads/{branch}", lease)
        self._cache.tidy()
        return commit

    def _offer(self, branch: str, tip: str) -> Offer:
        """What the tip says; of a branch that moved meanwhile, what its newer tip says."""
        content = self._cache.objects.commit(tip)
        if content is None:
            self._cache.fetch(branch)
            tip = self._cache.fetched()
            content = self._cache.objects.commit(tip)
        try:
            raw = parse_commit(content or b"")
        except ValueError as failure:
            raise Broken(f"commit {tip[:12]} cannot be read: {failure}", code="commit") from None
        return Offer(tip, raw.message, raw.committer == self._author)

    def _commit(self, proposal: Proposal) -> str:
        if self._cache.objects.commit(proposal.base) is None:
            self._cache.fetch(self._config_branch)
        if self._cache.objects.commit(proposal.base) is None:
            raise Conflict(
                f"{self._remote}: branch {self._config_branch} is no longer at {proposal.base[:12]}",
                code="moved",
            )
        files, executable = dict(proposal.files), proposal.executable
        draft = Draft(DRAFT, proposal.base, self._author, proposal.message, files, executable)
        return self._cache.write(draft_stream(draft))

    def _mending(self, work: Callable[[], Done]) -> Done:
        """Work; where our copy turns out to be damaged, begin a new one and work once more."""
        try:
            return work()
        except Damaged:
            self._cache.rebuild("")
        try:
            return work()
        except Damaged as damaged:
            raise Broken(f"{self._remote}: proposals cannot be kept: {damaged}", code="damaged") from None
