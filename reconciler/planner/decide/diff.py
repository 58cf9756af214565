"""Everything asked for against everything seen: the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.domain.config import Config
from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Inventory
from reconciler.domain.plan import Action, Plan, Step, WorkspaceChange
from reconciler.domain.state import DesiredState, DesiredWorkspace, ObservedObject, ObservedState
from reconciler.planner.provision.choosing import Provisions
from reconciler.planner.provision.ground import Ground

from .changes import change_of, nodes_and_dollars
from .footing import WORKSPACES, Footing, footing_of
from .guard import Absence, hold_prunes
from .ledger import all_owned
from .order import CLUSTER_WIDE, POOL, in_order
from .pools import DELETING, Pools, index_pools, pool_steps
from .restless import hold_removals
from .steps import held_back, object_steps, prune_step

Memo = dict[Any, Any]
_ON_NODES = frozenset({"StatefulSet", "Deployment", "Job"})
_FOOTING = "footing"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the plan is judged by: how nodes are had, and the ground that stands on."""

    config: Config
    gone: Mapping[WorkspaceName, Absence]
    provisions: Provisions
    ground: Ground
    memo: Memo = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What every workspace is compared with: the world, its pools, and the footing of it all."""

    observed: ObservedState
    pools: Pools
    footing: Footing


def diff(desired: DesiredState, observed: ObservedState, inventory: Inventory, policy: Policy) -> Plan:
    """The steps from what is seen to what is asked for, and what becomes of each workspace."""
    steps: list[Step] = []
    changes: list[WorkspaceChange] = []
    kept = 0
    scene = _Scene(observed, _pools(observed, policy), _footing(desired, observed, policy.memo))
    for workspace in desired.workspaces.values():
        found, same = _workspace_steps(workspace, inventory.get(workspace.name), scene, policy)
        kept += same
        steps.extend(found)
        if found:
            changes.append(change_of(workspace, found, observed.objects, scene.pools, policy.ground))
    steps += _beside(desired, inventory, scene)
    for name in policy.gone:
        if name.name:
            steps += (*_prunes(name, inventory[name], scene), *_pools_gone(name, scene.pools, policy))
    every = hold_prunes((*steps, *_orphans(policy)), policy.config, policy.gone)
    ordered = in_order(hold_removals(every, observed.aks))
    changes.extend(_leaving_changes(ordered, scene.pools, policy))
    return Plan(ordered, tuple(changes), kept)


def _pools(observed: ObservedState, policy: Policy) -> Pools:
    spec = policy.config.fleet.spec.provisioning
    return index_pools(
        observed.pools,
        observed.nodes,
        fleet=policy.config.fleet.name,
        now=policy.ground.now,
        delete_first=spec.replace_nodes == "delete-first",
    )


def _footing(desired: DesiredState, observed: ObservedState, memo: Memo) -> Footing:
    """The very value of the pass before where it is equal: every workspace compares it."""
    found, before = footing_of(observed, desired), memo.get(_FOOTING)
    if before is None or before != found:
        before = memo[_FOOTING] = found
    kept: Footing = before
    return kept


def _workspace_steps(
    workspace: DesiredWorkspace, holding: Holding | None, scene: _Scene, policy: Policy
) -> tuple[tuple[Step, ...], int]:
    """This workspace's steps and how many of its things stay; memoised while no side is another value."""
    memo, choice = policy.memo, policy.provisions.choices.get(workspace.name)
    seen = tuple(scene.observed.objects.get(each.ref) for each in workspace.objects)
    inputs = (workspace, holding, choice, scene.pools.of(workspace), scene.footing, *seen)
    known = memo.get(workspace.name)
    if known is not None and _is_same(known[0], inputs):
        last: tuple[tuple[Step, ...], int] = known[1]
        return last
    on_pools = tuple(pool_steps(workspace, scene.pools, choice))
    answer = _compare(workspace, seen, holding, on_pools, scene)
    memo[workspace.name] = (inputs, answer)
    return answer


def _is_same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    if len(before) != len(now):
        return False
    return all(one is other or one == other for one, other in zip(before, now, strict=True))


def _compare(
    workspace: DesiredWorkspace,
    seen: tuple[ObservedObject | None, ...],
    holding: Holding | None,
    on_pools: tuple[Step, ...],
    scene: _Scene,
) -> tuple[tuple[Step, ...], int]:
    wanted = {each.ref for each in workspace.objects}
    steps = (
        *on_pools,
        *(
            step
            for each, live in zip(workspace.objects, seen, strict=True)
            for step in object_steps(each, live, holding, scene.footing)
        ),
        *_no_longer_needed(workspace.name, wanted, holding, scene),
    )
    moving = scene.pools.is_moving(workspace)
    present = _standing_firm(workspace, holding, steps, scene.footing)
    present = tuple(_after_move(step) if moving else step for step in present)
    touched = {step.target for step in present}
    return present, sum(1 for ref in wanted if ref not in touched)


def _no_longer_needed(
    name: WorkspaceName, wanted: set[Ref], holding: Holding | None, scene: _Scene
) -> Iterator[Step]:
    for owned in all_owned(holding, scene.observed) if holding else ():
        because = "the workspace no longer needs it"
        if owned.ref not in wanted and (
            step := prune_step(owned, name, because, scene.observed, scene.footing)
        ):
            yield step


def _standing_firm(
    workspace: DesiredWorkspace, holding: Holding | None, steps: tuple[Step, ...], footing: Footing
) -> tuple[Step, ...]:
    """Nothing is made for a workspace whose namespace goes, machines that cost least of all; and what was
    changed is not changed while nobody can see from what."""
    unseen, leaving = footing.kinds.get(WORKSPACES), footing.namespaces.get(workspace.name.namespace)
    if unseen and holding is not None and holding.digest not in ("", workspace.digest):
        because = f"what it was changed from cannot be seen: {unseen.sentence}"
        return tuple(held_back(step, because) if step.action is not Action.HOLD else step for step in steps)
    if leaving:
        made = (Action.CREATE, Action.REPLACE)
        return tuple(held_back(step, leaving.sentence) if step.action in made else step for step in steps)
    return steps


def _after_move(step: Step) -> Step:
    """While the new pool comes, the workload stays on the old one and serves."""
    if step.target.kind not in _ON_NODES or step.action not in (Action.UPDATE, Action.REPLACE):
        return step
    return replace(step, action=Action.HOLD, because="it moves when its new agent pool is there", uid="")


def _beside(desired: DesiredState, inventory: Inventory, scene: _Scene) -> Iterator[Step]:
    """What belongs to no one workspace: as asked for, or removed from Git."""
    for each in desired.objects:
        holding = inventory.get(WorkspaceName(each.ref.namespace, ""))
        yield from object_steps(each, _standing(each.ref, scene.observed), holding, scene.footing)
    wanted = {each.ref for each in desired.objects}
    for name, holding in inventory.items():
        for owned in () if name.name else holding.owned:
            step = prune_step(owned, name, "it was removed from Git", scene.observed, scene.footing)
            if owned.ref not in wanted and step is not None:
                yield step


def _standing(ref: Ref, observed: ObservedState) -> ObservedObject | None:
    return observed.shared.get(ref) if ref.kind in CLUSTER_WIDE else observed.objects.get(ref)


def _prunes(name: WorkspaceName, holding: Holding, scene: _Scene) -> Iterator[Step]:
    for owned in all_owned(holding, scene.observed):
        because = "its workspace was removed from Git"
        if step := prune_step(owned, name, because, scene.observed, scene.footing):
            yield step


def _pools_gone(name: WorkspaceName, pools: Pools, policy: Policy) -> Iterator[Step]:
    """The agent pools of a workspace that was removed; what Azure does not end by itself is stopped first."""
    for pool in pools.owned_by(name):
        target = PoolRef(pool.name)
        if pool.name in policy.provisions.overdue:
            because = "Azure has been busy with it for too long: it is stopped, to be removed"
            yield Step(Action.ABORT, target, name, because, uid=pool.name)
        elif pool.state != DELETING and pool.is_tagged:
            yield Step(Action.PRUNE, target, name, "its workspace was removed from Git", uid=pool.name)


def _orphans(policy: Policy) -> Iterator[Step]:
    """Pools of ours that nobody asks for, once all that speaks for waiting is over."""
    for orphan in policy.provisions.orphans:
        if not orphan.hold:
            because = f"no workspace has asked for it since {orphan.first_seen}"
            yield Step(Action.PRUNE, PoolRef(orphan.pool), None, because, uid=orphan.pool)


def _leaving_changes(steps: Iterable[Step], pools: Pools, policy: Policy) -> Iterator[WorkspaceChange]:
    by_workspace: dict[WorkspaceName, Step] = {}
    for step in steps:
        name = step.workspace
        if name in policy.gone and name is not None and name.name:
            known = by_workspace.get(name)
            by_workspace[name] = step if known is None or _says_more(step, known) else known
    for name, step in by_workspace.items():
        nodes, dollars = nodes_and_dollars(pools.owned_by(name), policy.ground.price)
        waits = step.action is Action.HOLD
        after = (nodes, dollars) if waits else (0, 0.0)
        yield WorkspaceChange(name, step.action, step.because, nodes, after[0], dollars, after[1])


def _says_more(step: Step, known: Step) -> bool:
    """What goes says more of a removal than what waits until it is seen or its namespace is gone; what waits
    for a person, or keeps machines that cost, says most."""
    is_kept = known.action is Action.HOLD and not known.uid and known.target.kind != POOL
    return is_kept and step.action is not Action.HOLD
