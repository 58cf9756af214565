"""Which workspaces are one process's to act on, where several do the work of a fleet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

from .identity import WorkspaceName

BUCKETS = 64
"""Into so many parts workspaces are sorted by their names, for the inventory and for shares alike."""


@dataclass(frozen=True, slots=True)
class Share:
    """The shards `held` of `shards`. Who holds shard 0 does what is the fleet's as a whole, too: what the
    cluster stands on, objects beside the workspaces, agent pools, the fleet's own page. `because` says who
    holds what, where nothing is held; `lapsed` is whether that is so only for what was held could not be
    renewed, and nobody else is known to hold it."""

    held: frozenset[int] = frozenset({0})
    shards: int = 1
    because: str = field(default="", compare=False)
    lapsed: bool = False

    @property
    def leads(self) -> bool:
        """Whether what is the fleet's as a whole is ours."""
        return 0 in self.held

    @property
    def is_whole(self) -> bool:
        """Whether nobody else has a part."""
        return len(self.held) == self.shards

    def has(self, workspace: WorkspaceName) -> bool:
        """Whether this workspace is ours to act on."""
        return self.is_whole or self.has_bucket(bucket(workspace))

    def has_bucket(self, number: int) -> bool:
        """Whether the workspaces of this bucket are ours."""
        return number % self.shards in self.held


WHOLE = Share()


@lru_cache(maxsize=1 << 16)
def bucket(name: WorkspaceName) -> int:
    """0 to 63, the same for ever: by SHA-256, for Python's own hash differs from process to process. What
    stands beside the workspaces of a namespace, which has no name, is in bucket 0."""
    if not name.name:
        return 0
    return int.from_bytes(hashlib.sha256(str(name).encode()).digest()[:2], "big") % BUCKETS
