"""What is ours in the cluster, by UID, and which commit asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .identity import Ref, WorkspaceName


@dataclass(frozen=True, slots=True)
class Owned:
    """An object we created or took over: the UID is the proof."""

    ref: Ref
    uid: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What one workspace holds. `commit` and `file` are those that last changed what was applied."""

    commit: str
    file: str
    digest: str
    owned: tuple[Owned, ...]


Inventory = Mapping[WorkspaceName, Holding]
