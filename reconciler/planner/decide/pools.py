"""The steps of one workspace's agent pool.

Only the fields we set are compared, and without regard to case: Azure echoes the caller's casing of a VM
size and fills in what was left out. A pool's name is drawn from what its owner chose and Azure cannot change,
so another choice is another pool: the new one is made first, the old one goes when the new one stands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.domain.identity import PoolRef, WorkspaceName
from reconciler.domain.plan import Action, Step
from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.state import DesiredPool, DesiredWorkspace, ObservedObject, ObservedPool
from reconciler.planner.health import is_ready
from reconciler.planner.health import node as judge_node

from .immutable import immutable_among

SUCCEEDED = "Succeeded"
DELETING = "Deleting"
ENDED_BADLY = frozenset({"Failed", "Canceled"})
AGENT_POOL = "kubernetes.azure.com/agentpool"
CREATED_TAG = "towline-created"
_SERVERS_OWN = frozenset(
    {"currentOrchestratorVersion", "eTag", "nodeImageVersion", "provisioningState", "status"}
)


@dataclass(frozen=True, slots=True)
class Pools:
    """The cluster's agent pools by name and, of this fleet, by owner; all nodes; and the moment. `by_name` is
    None when the cloud cannot be seen; `delete_first` is whether old nodes are given back before new ones
    are asked for."""

    by_name: Mapping[str, ObservedPool] | None
    by_owner: Mapping[WorkspaceName, tuple[ObservedPool, ...]]
    nodes: tuple[ObservedObject, ...] = ()
    now: str = ""
    delete_first: bool = False

    def owned_by(self, name: WorkspaceName) -> tuple[ObservedPool, ...]:
        """Every pool tagged as this workspace's."""
        return self.by_owner.get(name, ())

    def of(self, workspace: DesiredWorkspace) -> tuple[object, ...]:
        """All that is seen of this workspace's pools: what its steps are decided by."""
        moving = self.is_moving(workspace)
        return (self.by_name is None, self.named(workspace), self.owned_by(workspace.name), moving)

    def stands(self, workspace: DesiredWorkspace) -> bool:
        """Whether the pool asked for is done and its nodes can take the workload over."""
        live = self.named(workspace)
        if workspace.pool is None:
            return True
        gpus = workspace.gpus_per_node > 0
        return (
            live is not None and live.state == SUCCEEDED and self.ready_nodes(live, gpus=gpus) >= live.count
        )

    def is_moving(self, workspace: DesiredWorkspace) -> bool:
        """Whether a former pool still serves while the one asked for is on its way."""
        wanted = workspace.pool.name if workspace.pool else ""
        former = any(pool.name != wanted for pool in self.owned_by(workspace.name))
        return former and not self.delete_first and not self.stands(workspace)

    def ready_nodes(self, pool: ObservedPool, *, gpus: bool = False) -> int:
        """How many nodes of a pool are Ready, with GPUs where that is asked."""
        documents = (node.document for node in self.nodes)
        mine = (each for each in documents if each["metadata"].get("labels", {}).get(AGENT_POOL) == pool.name)
        return sum(is_ready(judge_node(each, {}, gpus=gpus)) for each in mine)

    def named(self, workspace: DesiredWorkspace) -> ObservedPool | None:
        """The pool asked for, as it is."""
        return (self.by_name or {}).get(workspace.pool.name) if workspace.pool else None


def index_pools(
    pools: Mapping[str, ObservedPool] | None,
    nodes: tuple[ObservedObject, ...] = (),
    *,
    fleet: str,
    now: str = "",
    delete_first: bool = False,
) -> Pools:
    """The same pools, findable by their owner; another fleet's are nobody's here."""
    by_owner: dict[WorkspaceName, tuple[ObservedPool, ...]] = {}
    for pool in (pools or {}).values():
        if pool.owner is not None and pool.fleet == fleet:
            by_owner[pool.owner] = (*by_owner.get(pool.owner, ()), pool)
    return Pools(pools, by_owner, nodes, now, delete_first)


def pool_steps(workspace: DesiredWorkspace, pools: Pools, choice: NodeChoice | None) -> Iterator[Step]:
    """What must be done about the pool asked for, and about former pools of the same workspace."""
    chosen = choice or NodeChoice(workspace.option, Move.GO)
    if workspace.pool is not None:
        yield from _wanted(workspace.pool, pools, chosen)
    yield from _former(workspace, pools, chosen)


def _wanted(pool: DesiredPool, pools: Pools, choice: NodeChoice) -> Iterator[Step]:
    target = PoolRef(pool.name)
    live = (pools.by_name or {}).get(pool.name)
    if pools.by_name is None:
        yield Step(Action.HOLD, target, pool.workspace, "the cloud cannot be seen", pool)
    elif live is not None and live.owner != pool.workspace:
        because = f"an agent pool of that name belongs to {live.owner or 'somebody else'}"
        yield Step(Action.HOLD, target, pool.workspace, because, pool)
    elif live is None and choice.move is Move.GO:
        made = _stamped(pool, pools.now)
        yield Step(Action.CREATE, target, pool.workspace, choice.because or "it is not there", made)
    elif choice.move is Move.WAIT:
        yield Step(Action.HOLD, target, pool.workspace, choice.because, pool)
    elif live is not None:
        yield from _moved(pool, live, choice)


def _moved(pool: DesiredPool, live: ObservedPool, choice: NodeChoice) -> Iterator[Step]:
    target = PoolRef(pool.name)
    match choice.move:
        case Move.ABORT:
            yield Step(Action.ABORT, target, pool.workspace, choice.because, pool, uid=live.name)
        case Move.ANEW:
            yield Step(Action.REPLACE, target, pool.workspace, choice.because, pool, uid=live.name)
        case Move.GIVE_BACK:
            yield Step(Action.PRUNE, target, pool.workspace, choice.because, pool, uid=live.name)
        case Move.AGAIN:
            again = merged(pool, live)
            yield Step(Action.UPDATE, target, pool.workspace, choice.because, again, uid=live.etag)
        case Move.GO if live.state == SUCCEEDED:
            yield from _changed(pool, live)


def _changed(pool: DesiredPool, live: ObservedPool) -> Iterator[Step]:
    """What Azure cannot change and nobody chose is left as it was made: it would take other machines."""
    differing = tuple(_differences(json.loads(pool.body)["properties"], live.properties))
    fixed = immutable_among("AgentPool", differing)
    fields = tuple(each for each in differing if each not in fixed)
    if fields:
        because = f"{fields[0]} differs"
        yield Step(
            Action.UPDATE,
            PoolRef(pool.name),
            pool.workspace,
            because,
            merged(pool, live),
            fields,
            live.etag,
        )


def _differences(desired: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[str]:
    for key, value in desired.items():
        match value, live.get(key):
            case dict() as wanted, found:
                if any((found or {}).get(name) != each for name, each in wanted.items()):
                    yield key
            case str() as wanted, str() as found if wanted.lower() == found.lower():
                continue
            case list() as wanted, list() as found if sorted(map(str, wanted)) == sorted(map(str, found)):
                continue
            case wanted, found if wanted != found and (wanted or found):
                yield key


def _former(workspace: DesiredWorkspace, pools: Pools, choice: NodeChoice) -> Iterator[Step]:
    wanted = workspace.pool.name if workspace.pool else ""
    for pool in pools.owned_by(workspace.name):
        if pool.name == wanted or pool.state == DELETING:
            continue
        target = PoolRef(pool.name)
        if because := _why_go(workspace, pool, pools, choice):
            yield Step(Action.PRUNE, target, workspace.name, because, uid=pool.name)
        else:
            because = "it serves until the pool that takes its place is there"
            yield Step(Action.HOLD, target, workspace.name, because)


def _why_go(workspace: DesiredWorkspace, pool: ObservedPool, pools: Pools, choice: NodeChoice) -> str:
    """Why a former pool may go now, empty while it may not. For nodes that are not to be had nothing is given
    back."""
    if pools.stands(workspace):
        return "another pool took its place"
    if pool.state in ENDED_BADLY and not pools.ready_nodes(pool):
        return "Azure could not make it, and the nodes are had in another way"
    if pools.delete_first and not (choice.move is Move.WAIT and choice.setback):
        return "its nodes are given back before others are asked for, as the fleet says"
    return ""


def merged(pool: DesiredPool, live: ObservedPool) -> DesiredPool:
    """The pool as it is, with our fields in it: a PUT replaces all of a pool, and what others set stays."""
    kept = {
        key: value for key, value in live.properties.items() if key not in _SERVERS_OWN and value is not None
    }
    body = json.loads(pool.body)
    for key, value in body["properties"].items():
        kept[key] = {**(kept.get(key) or {}), **value} if isinstance(value, dict) else value
    return _with_body(pool, {**body, "properties": kept})


def _stamped(pool: DesiredPool, now: str) -> DesiredPool:
    """With the moment in its tags: a pool's age is told by nothing else."""
    if not now:
        return pool
    body = json.loads(pool.body)
    tags = body["properties"].setdefault("tags", {})
    tags[CREATED_TAG] = now
    return _with_body(pool, body)


def _with_body(pool: DesiredPool, body: Mapping[str, Any]) -> DesiredPool:
    return replace(pool, body=json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
