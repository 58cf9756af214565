"""Everything asked for against everything seen: the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.domain.config import Config
from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Inventory
from reconciler.domain.plan import Action, Plan, Step, WorkspaceChange
from reconciler.domain.state import (
    DesiredObject,
    DesiredState,
    DesiredWorkspace,
    ObservedObject,
    ObservedState,
    is_ours,
)
from reconciler.planner.provision.choosing import Provisions
from reconciler.planner.provision.ground import Ground

from .changes import change_of, nodes_and_dollars
from .drift import drift
from .guard import Absence, hold_prunes
from .immutable import immutable_among
from .ledger import all_owned
from .order import CLUSTER_WIDE, in_order
from .pools import DELETING, Pools, index_pools, pool_steps
from .restless import hold_removals

Memo = dict[Any, Any]
_ON_NODES = frozenset({"StatefulSet", "Deployment", "Job"})


@dataclass(frozen=True, slots=True)
class Policy:
    """What the plan is judged by: how nodes are had, and the ground that stands on."""

    config: Config
    gone: Mapping[WorkspaceName, Absence]
    provisions: Provisions
    ground: Ground
    memo: Memo = field(default_factory=dict)


def diff(desired: DesiredState, observed: ObservedState, inventory: Inventory, policy: Policy) -> Plan:
    """The steps from what is seen to what is asked for, and what becomes of each workspace."""
    steps: list[Step] = []
    changes: list[WorkspaceChange] = []
    kept = 0
    spec = policy.config.fleet.spec.provisioning
    pools = index_pools(
        observed.pools,
        observed.nodes,
        fleet=policy.config.fleet.name,
        now=policy.ground.now,
        delete_first=spec.replace_nodes == "delete-first",
    )
    for workspace in desired.workspaces.values():
        held = inventory.get(workspace.name)
        found, same = _workspace_steps(workspace, observed, pools, held, policy)
        kept += same
        steps.extend(found)
        if found:
            changes.append(change_of(workspace, found, observed.objects, pools, policy.ground))
    for each in desired.objects:
        steps.extend(_object_steps(each, _standing(each.ref, observed), None))
    stale = tuple(_stale_supporting(desired, observed, inventory))
    leaving = tuple(
        step
        for name in policy.gone
        if name.name
        for step in (*_prunes(name, inventory[name], observed), *_pools_gone(name, pools, policy))
    )
    every = hold_prunes((*steps, *stale, *leaving, *_orphans(policy)), policy.config, policy.gone)
    ordered = in_order(hold_removals(every, observed.aks))
    changes.extend(_leaving_changes(ordered, pools, policy))
    return Plan(ordered, tuple(changes), kept)


def _standing(ref: Ref, observed: ObservedState) -> ObservedObject | None:
    return observed.shared.get(ref) if ref.kind in CLUSTER_WIDE else observed.objects.get(ref)


def _workspace_steps(
    workspace: DesiredWorkspace,
    observed: ObservedState,
    pools: Pools,
    holding: Holding | None,
    policy: Policy,
) -> tuple[tuple[Step, ...], int]:
    """This workspace's steps and how many of its things stay; memoised while no side is another value."""
    memo, choice = policy.memo, policy.provisions.choices.get(workspace.name)
    seen = tuple(observed.objects.get(each.ref) for each in workspace.objects)
    inputs = (workspace, holding, choice, pools.of(workspace), *seen)
    known = memo.get(workspace.name)
    if known is not None and _is_same(known[0], inputs):
        last: tuple[tuple[Step, ...], int] = known[1]
        return last
    answer = _compare(workspace, seen, observed, (*pool_steps(workspace, pools, choice),), pools, holding)
    memo[workspace.name] = (inputs, answer)
    return answer


def _is_same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    if len(before) != len(now):
        return False
    return all(one is other or one == other for one, other in zip(before, now, strict=True))


def _compare(
    workspace: DesiredWorkspace,
    seen: tuple[ObservedObject | None, ...],
    observed: ObservedState,
    on_pools: tuple[Step, ...],
    pools: Pools,
    holding: Holding | None,
) -> tuple[tuple[Step, ...], int]:
    wanted = {each.ref for each in workspace.objects}
    steps = [
        *on_pools,
        *(
            step
            for each, live in zip(workspace.objects, seen, strict=True)
            for step in _object_steps(each, live, holding)
        ),
        *(_prune(owned.ref, owned.uid, workspace.name, "the workspace no longer needs it", observed)
          for owned in (all_owned(holding, observed) if holding else ())
          if owned.ref not in wanted),
    ]  # fmt: skip
    moving = pools.is_moving(workspace)
    present = tuple(_after_move(step) if moving else step for step in steps if step is not None)
    touched = {step.target for step in present}
    return present, sum(1 for ref in wanted if ref not in touched)


def _after_move(step: Step) -> Step:
    """While the new pool comes, the workload stays on the old one and serves."""
    if step.target.kind not in _ON_NODES or step.action not in (Action.UPDATE, Action.REPLACE):
        return step
    return replace(step, action=Action.HOLD, because="it moves when its new agent pool is there", uid="")


def _object_steps(
    desired: DesiredObject, live: ObservedObject | None, holding: Holding | None
) -> Iterator[Step]:
    if live is None:
        yield Step(Action.CREATE, desired.ref, desired.workspace, "it is not there", desired)
        return
    if desired.ref.kind in CLUSTER_WIDE and not is_ours(live):
        return
    if live.deleting:
        yield Step(Action.HOLD, desired.ref, desired.workspace, "it is still being deleted", desired)
        return
    fields = drift(desired.document, live.document)
    if live.digest == desired.digest and not fields:
        return
    fixed = immutable_among(desired.ref.kind, fields)
    if fixed and _is_finished(live):
        yield from _rerun(desired, live, holding, fixed)
    elif fixed:
        because = f"{fixed[0]} cannot be changed in place"
        yield Step(Action.REPLACE, desired.ref, desired.workspace, because, desired, fields, live.uid)
    else:
        yield Step(Action.UPDATE, desired.ref, desired.workspace, _why(fields), desired, fields, live.uid)


def _why(fields: tuple[str, ...]) -> str:
    if not fields:
        return "fields of ours were given up"
    more = f" and {len(fields) - 1} more" if len(fields) > 1 else ""
    return f"{fields[0]} differs{more}"


def _is_finished(live: ObservedObject) -> bool:
    if live.ref.kind != "Job":
        return False
    conditions = live.document.get("status", {}).get("conditions") or ()
    return any(each.get("type") == "Complete" and each.get("status") == "True" for each in conditions)


def _rerun(
    desired: DesiredObject, live: ObservedObject, holding: Holding | None, fixed: tuple[str, ...]
) -> Iterator[Step]:
    """A finished tuning runs again only when the person changed it, never because our templates did."""
    template = live.document["metadata"].get("annotations", {}).get("towline.dev/declared", "")
    declared = desired.document["metadata"].get("annotations", {}).get("towline.dev/declared", "")
    if holding is not None and template and template != declared:
        because = f"the finished tuning was changed: {fixed[0]}"
        yield Step(Action.REPLACE, desired.ref, desired.workspace, because, desired, fixed, live.uid)


def _stale_supporting(desired: DesiredState, observed: ObservedState, inventory: Inventory) -> Iterator[Step]:
    wanted = {each.ref for each in desired.objects}
    for name, holding in inventory.items():
        if name.name:
            continue
        for owned in holding.owned:
            step = _prune(owned.ref, owned.uid, name, "it was removed from Git", observed)
            if owned.ref not in wanted and step is not None:
                yield step


def _prunes(name: WorkspaceName, holding: Holding, observed: ObservedState) -> Iterator[Step]:
    for owned in all_owned(holding, observed):
        step = _prune(owned.ref, owned.uid, name, "its workspace was removed from Git", observed)
        if step is not None:
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


def _prune(ref: Ref, uid: str, name: WorkspaceName, because: str, observed: ObservedState) -> Step | None:
    """A prune of exactly the object the inventory names; an object of another UID is somebody else's."""
    live = observed.objects.get(ref)
    if live is None or live.uid != uid or live.deleting:
        return None
    return Step(Action.PRUNE, ref, name, because, uid=uid)


def _orphans(policy: Policy) -> Iterator[Step]:
    """Pools of ours that nobody asks for, once all that speaks for waiting is over."""
    for orphan in policy.provisions.orphans:
        if not orphan.hold:
            because = f"no workspace has asked for it since {orphan.first_seen}"
            yield Step(Action.PRUNE, PoolRef(orphan.pool), None, because, uid=orphan.pool)


def _leaving_changes(steps: Iterable[Step], pools: Pools, policy: Policy) -> Iterator[WorkspaceChange]:
    by_workspace: dict[WorkspaceName, Step] = {}
    for step in steps:
        if step.workspace in policy.gone and step.workspace is not None and step.workspace.name:
            by_workspace.setdefault(step.workspace, step)
    for name, step in by_workspace.items():
        nodes, dollars = nodes_and_dollars(pools.owned_by(name), policy.ground.price)
        waits = step.action is Action.HOLD
        after = (nodes, dollars) if waits else (0, 0.0)
        yield WorkspaceChange(name, step.action, step.because, nodes, after[0], dollars, after[1])
