"""The agent pools of the cluster as this fleet looks at them, and how many of their nodes are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredWorkspace, ObservedPool, ObservedState

from .progress import Census

Owned = Mapping[WorkspaceName, tuple[ObservedPool, ...]]


class SeenPools:
    """One look. `are_known` is False when the cloud could not be seen."""

    def __init__(self, observed: ObservedState, fleet: str) -> None:
        self.are_known = observed.pools is not None
        self.by_name = observed.pools or {}
        self.census = Census(observed.nodes)
        self._fleet = fleet
        self._by_owner = _by_owner(self.by_name, fleet)

    def live(self, workspace: DesiredWorkspace) -> ObservedPool | None:
        """The agent pool it asks for, where that is there and this workspace's."""
        pool = self.by_name.get(workspace.pool.name) if workspace.pool else None
        return pool if pool is not None and self._is_of(pool, workspace.name) else None

    def holder(self, workspace: DesiredWorkspace) -> str:
        """Whose the pool of that name is, where it is somebody else's; empty where it is not."""
        pool = self.by_name.get(workspace.pool.name) if workspace.pool else None
        if pool is None or self._is_of(pool, workspace.name):
            return ""
        return str(pool.owner or "somebody else")

    def others_of(self, workspace: DesiredWorkspace) -> tuple[ObservedPool, ...]:
        """The workspace's pools but the one it asks for here."""
        wanted = workspace.pool.name if workspace.pool else ""
        return tuple(pool for pool in self._by_owner.get(workspace.name, ()) if pool.name != wanted)

    def _is_of(self, pool: ObservedPool, name: WorkspaceName) -> bool:
        return pool.owner == name and pool.fleet == self._fleet


def _by_owner(pools: Mapping[str, ObservedPool], fleet: str) -> Owned:
    found: dict[WorkspaceName, tuple[ObservedPool, ...]] = defaultdict(tuple)
    for pool in pools.values():
        if pool.owner is not None and pool.fleet == fleet:
            found[pool.owner] = (*found[pool.owner], pool)
    return found
