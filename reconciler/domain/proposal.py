"""The next commit, offered for review: a branch that adds a tuned adapter to the workspace that serves it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .identity import WorkspaceName

PROPOSED = "towline.dev/proposed"
"""The annotation of a tuning's Job that outlives the daemon: what was proposed of it."""
TRAILER = "Towline-Proposal"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One commit on top of `base`, to be the tip of `branch`. `replaces` is the commit that stands there now,
    empty where there must be no such branch; `executable` are the paths that keep that bit."""

    tuning: WorkspaceName
    digest: str
    targets: tuple[WorkspaceName, ...]
    branch: str
    base: str
    files: Mapping[str, bytes]
    title: str
    body: str
    replaces: str = ""
    executable: frozenset[str] = field(default=frozenset())

    @property
    def message(self) -> str:
        """The commit's message; the trailer says whose adapter it is."""
        return f"{self.title}\n\n{self.body.strip()}\n\n{TRAILER}: {self.tuning}@{self.digest}\n"


@dataclass(frozen=True, slots=True)
class Offer:
    """The tip of a branch of proposals as it is at the remote. `is_ours`: nobody committed it but we."""

    commit: str
    message: str
    is_ours: bool

    def names(self, tuning: WorkspaceName, digest: str = "") -> bool:
        """Whether it proposes an adapter of this tuning, or the one of that digest."""
        said = f"{TRAILER}: {tuning}@{digest}"
        lines = self.message.splitlines()
        return said in lines if digest else any(line.startswith(said) for line in lines)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was proposed of a tuning: the adapter's digest, on which branch, to whom."""

    digest: str
    branch: str
    targets: tuple[WorkspaceName, ...]

    def __str__(self) -> str:
        return f"{self.digest} {self.branch} {','.join(map(str, self.targets))}"


def read_proposed(text: str) -> Proposed | None:
    """The annotation's value read back; None where it says nothing that we would have written."""
    words = text.split()
    if len(words) != 3:
        return None
    digest, branch, names = words
    pairs = [name.partition("/") for name in names.split(",")]
    return Proposed(digest, branch, tuple(WorkspaceName(space, name) for space, _, name in pairs))
