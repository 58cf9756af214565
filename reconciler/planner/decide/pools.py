"""The steps of one workspace's agent pool.

Only the fields we set are compared, and without regard to case: Azure echoes the caller's casing of a VM
size and fills in what was left out. The pool's name is drawn from its VM size, so another size is another
pool: the new one is made first, the old one goes when the new one stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.domain.identity import PoolRef, WorkspaceName
from reconciler.domain.plan import Action, Step
from reconciler.domain.state import DesiredPool, DesiredWorkspace, ObservedObject, ObservedPool
from reconciler.planner.health import is_ready
from reconciler.planner.health import node as judge_node

from .immutable import immutable_among

SUCCEEDED = "Succeeded"
FAILED = "Failed"
DELETING = "Deleting"
AGENT_POOL = "kubernetes.azure.com/agentpool"


@dataclass(frozen=True, slots=True)
class Pools:
    """The cluster's agent pools by name and by owner, and all nodes; `by_name` is None when the cloud cannot
    be seen."""

    by_name: Mapping[str, ObservedPool] | None
    by_owner: Mapping[WorkspaceName, tuple[ObservedPool, ...]]
    nodes: tuple[ObservedObject, ...] = ()

    def owned_by(self, name: WorkspaceName) -> tuple[ObservedPool, ...]:
        """Every pool tagged as this workspace's."""
        return self.by_owner.get(name, ())

    def of(self, workspace: DesiredWorkspace) -> tuple[object, ...]:
        """All that is seen of this workspace's pools: what its steps are decided by."""
        moving = self.is_moving(workspace)
        return (self.by_name is None, self._named(workspace), self.owned_by(workspace.name), moving)

    def stands(self, workspace: DesiredWorkspace) -> bool:
        """Whether the pool asked for is done and its nodes can take the workload over."""
        live = self._named(workspace)
        if workspace.pool is None:
            return True
        return live is not None and live.state == SUCCEEDED and self._has_nodes(workspace, live)

    def is_moving(self, workspace: DesiredWorkspace) -> bool:
        """Whether a former pool still serves while the one asked for is on its way."""
        wanted = workspace.pool.name if workspace.pool else ""
        former = any(pool.name != wanted for pool in self.owned_by(workspace.name))
        return former and not self.stands(workspace)

    def _has_nodes(self, workspace: DesiredWorkspace, pool: ObservedPool) -> bool:
        documents = (node.document for node in self.nodes)
        mine = (each for each in documents if each["metadata"].get("labels", {}).get(AGENT_POOL) == pool.name)
        gpus = workspace.gpus_per_node > 0
        return sum(is_ready(judge_node(each, {}, gpus=gpus)) for each in mine) >= pool.count

    def _named(self, workspace: DesiredWorkspace) -> ObservedPool | None:
        return (self.by_name or {}).get(workspace.pool.name) if workspace.pool else None


def index_pools(pools: Mapping[str, ObservedPool] | None, nodes: tuple[ObservedObject, ...] = ()) -> Pools:
    """The same pools, findable by their owner."""
    by_owner: dict[WorkspaceName, tuple[ObservedPool, ...]] = {}
    for pool in (pools or {}).values():
        if pool.owner is not None:
            by_owner[pool.owner] = (*by_owner.get(pool.owner, ()), pool)
    return Pools(pools, by_owner, nodes)


def pool_steps(workspace: DesiredWorkspace, pools: Pools) -> Iterator[Step]:
    """What must be done about the pool asked for, and about former pools of the same workspace."""
    if workspace.pool is not None:
        yield from _wanted(workspace.pool, pools)
    yield from _former(workspace, pools)


def _wanted(pool: DesiredPool, pools: Pools) -> Iterator[Step]:
    target = PoolRef(pool.name)
    live = (pools.by_name or {}).get(pool.name)
    if pools.by_name is None:
        yield Step(Action.HOLD, target, pool.workspace, "the cloud cannot be seen", pool)
    elif live is None:
        yield Step(Action.CREATE, target, pool.workspace, "it is not there", pool)
    elif live.owner != pool.workspace:
        because = f"an agent pool of that name belongs to {live.owner or 'somebody else'}"
        yield Step(Action.HOLD, target, pool.workspace, because, pool)
    elif live.state == FAILED:
        because = f"Azure could not make it: {live.error or 'no reason given'}"
        yield Step(Action.HOLD, target, pool.workspace, because, pool, uid=live.name)
    elif live.state == SUCCEEDED:
        yield from _changed(pool, live)


def _changed(pool: DesiredPool, live: ObservedPool) -> Iterator[Step]:
    fields = tuple(_differences(json.loads(pool.body)["properties"], live.properties))
    if not fields:
        return
    fixed = immutable_among("AgentPool", fields)
    if fixed:
        because = f"{fixed[0]} cannot be changed in place"
        yield Step(Action.REPLACE, PoolRef(pool.name), pool.workspace, because, pool, fields, live.name)
    else:
        because = f"{fields[0]} differs"
        yield Step(Action.UPDATE, PoolRef(pool.name), pool.workspace, because, pool, fields, live.etag)


def _differences(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[str]:
    for key, value in desired.items():
        match value, live.get(key):
            case dict() as wanted, found:
                if any((found or {}).get(name) != each for name, each in wanted.items()):
                    yield key
            case str() as wanted, str() as found if wanted.lower() == found.lower():
                continue
            case wanted, found if wanted != found and (wanted or found):
                yield key


def _former(workspace: DesiredWorkspace, pools: Pools) -> Iterator[Step]:
    wanted = workspace.pool.name if workspace.pool else ""
    for pool in pools.owned_by(workspace.name):
        if pool.name == wanted or pool.state == DELETING:
            continue
        target = PoolRef(pool.name)
        if pools.stands(workspace):
            yield Step(Action.PRUNE, target, workspace.name, "another pool took its place", uid=pool.name)
        else:
            because = "it serves until the pool that takes its place is there"
            yield Step(Action.HOLD, target, workspace.name, because)
