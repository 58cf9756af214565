"""What the inventory is after a pass: what was made is added with its UID, what was pruned is let go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.domain.config import Config
from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Inventory, Owned
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.state import (
    DesiredObject,
    DesiredState,
    DesiredWorkspace,
    ObservedObject,
    ObservedState,
)

Made = Mapping[Ref | PoolRef, str]


def inventory_begun(inventory: Inventory, steps: Iterable[Step], config: Config) -> Inventory:
    """The holdings before these steps are done: what is to be made is named, its UID not known yet, and an
    empty digest says that it was not finished. A pass may be killed before it can tell what it made."""
    begun = dict(inventory)
    for step in steps:
        name = step.workspace
        declared = config.workspaces.get(name) if name else None
        if name and declared and step.action in (Action.CREATE, Action.REPLACE):
            held = begun.get(name, Holding(config.commit, declared.file, "", ()))
            intended = (Owned(step.target, ""),) if isinstance(step.target, Ref) else ()
            begun[name] = replace(held, digest="", owned=(*held.owned, *intended))
    return begun


def all_owned(holding: Holding, observed: ObservedState) -> tuple[Owned, ...]:
    """What a holding owns; where it names what was to be made, the object of ours that has come to be."""
    found = (each if each.uid else _made(each.ref, observed) for each in holding.owned)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _made(ref: Ref, observed: ObservedState) -> Owned | None:
    live = observed.objects.get(ref)
    return Owned(ref, live.uid) if live is not None and live.digest else None


def inventory_after(
    inventory: Inventory,
    desired: DesiredState,
    observed: ObservedState,
    outcomes: tuple[Outcome, ...],
    commit: str,
) -> Inventory:
    """The holdings after these outcomes. A holding that did not change stays the very same value."""
    made = {out.step.target: out.uid for out in outcomes if out.done and out.uid}
    touched = {out.step.workspace for out in outcomes}
    after = dict(inventory)
    for workspace in desired.workspaces.values():
        held = inventory.get(workspace.name)
        if held is None or held.digest != workspace.digest or workspace.name in touched:
            after[workspace.name] = _holding(workspace, held, made, observed, commit)
    after.update(_supporting(desired.objects, inventory, made, observed, commit))
    for name in [name for name in after if name not in desired.workspaces and name not in desired.held]:
        after[name] = replace(after[name], owned=all_owned(after[name], observed))
        _let_go(after, name, outcomes, observed, desired)
    return after


def _holding(
    workspace: DesiredWorkspace,
    held: Holding | None,
    made: Made,
    observed: ObservedState,
    commit: str,
) -> Holding:
    wanted = tuple(each.ref for each in workspace.objects)
    owned = tuple(_owned(wanted, made, observed))
    before = all_owned(held, observed) if held else ()
    left = tuple(each for each in before if _is_left(each, wanted, observed))
    same = held is not None and held.digest == workspace.digest
    return Holding(
        held.commit if held and same else commit, workspace.file, workspace.digest, (*owned, *left)
    )


def _owned(wanted: Iterable[Ref], made: Made, observed: ObservedState) -> Iterable[Owned]:
    for ref in wanted:
        live = observed.objects.get(ref)
        uid = made.get(ref) or (live.uid if live else "")
        if uid:
            yield Owned(ref, uid)


def _is_left(owned: Owned, wanted: tuple[Ref, ...], observed: ObservedState) -> bool:
    """Survivors stay in the inventory until they are seen to be gone."""
    live = observed.objects.get(owned.ref)
    return owned.ref not in wanted and live is not None and live.uid == owned.uid


def _supporting(
    objects: tuple[DesiredObject, ...],
    inventory: Inventory,
    made: Made,
    observed: ObservedState,
    commit: str,
) -> Inventory:
    """Objects committed beside the workspaces, held by their namespace."""
    found: dict[WorkspaceName, Holding] = {}
    for namespace in sorted({each.ref.namespace for each in objects if each.ref.namespace}):
        name = WorkspaceName(namespace, "")
        wanted = tuple(each.ref for each in objects if each.ref.namespace == namespace)
        held = inventory.get(name)
        left = tuple(each for each in (held.owned if held else ()) if _is_left(each, wanted, observed))
        owned = (*_owned(wanted, made, observed), *left)
        if held is None or held.owned != owned:
            found[name] = Holding(commit, "", "", owned)
    return found


def _let_go(
    after: dict[WorkspaceName, Holding],
    name: WorkspaceName,
    outcomes: tuple[Outcome, ...],
    observed: ObservedState,
    desired: DesiredState,
) -> None:
    """A holding is forgotten when nothing of it is left to be seen."""
    if not name.name and any(each.ref.namespace == name.namespace for each in desired.objects):
        return
    pruned = {out.step.target for out in outcomes if out.done and out.step.action is Action.PRUNE}
    live = [each for each in after[name].owned if _survives(each, pruned, observed.objects)]
    pools = any(pool.owner == name and pool.is_tagged for pool in (observed.pools or {}).values())
    if not live and (not name.name or (observed.pools is not None and not pools)):
        del after[name]


def _survives(owned: Owned, pruned: set[Ref | PoolRef], objects: Mapping[Ref, ObservedObject]) -> bool:
    live = objects.get(owned.ref)
    return live is not None and live.uid == owned.uid and owned.ref not in pruned
