"""What the inventory is after a pass: what was made is added with its UID, what was pruned is let go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.domain.config import Config
from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Inventory, Owned
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.state import (
    DesiredObject,
    DesiredState,
    DesiredWorkspace,
    ObservedState,
)

from .footing import WORKSPACES

Made = Mapping[Ref | PoolRef, str]

_OF_A_WORKSPACE = (WORKSPACES, ("apps/v1", "StatefulSet"), ("batch/v1", "Job"), ("v1", "Service"))
"""Kinds of which a workspace has one that bears its very name."""


def found_again(inventory: Inventory, config: Config, observed: ObservedState) -> Inventory:
    """The holdings, and of workspaces in Git of which nothing is written down (any more) what is seen of them
    in the very places where we make it, with our labels and digest. What bears our labels elsewhere may be
    a person's copy: it is never taken for ours."""
    found: dict[WorkspaceName, Holding] = {}
    for name in config.workspaces.keys() - inventory.keys():
        places = (Ref(*kind, name.namespace, name.name) for kind in _OF_A_WORKSPACE)
        seen = (live for ref in places if (live := observed.objects.get(ref)) is not None)
        owned = tuple(Owned(live.ref, live.uid) for live in seen if live.digest and live.workspace == name)
        if owned:
            found[name] = Holding(config.commit, config.workspaces[name].file, "", owned)
    return {**inventory, **found} if found else inventory


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
    """What a holding owns; where it names what was to be made, the object of ours that has come to be, and
    while that cannot be seen, its name."""
    found = (each if _is_settled(each, observed) else _made(each.ref, observed) for each in holding.owned)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def _is_settled(owned: Owned, observed: ObservedState) -> bool:
    return bool(owned.uid) or _is_hidden(owned.ref, observed)


def _is_hidden(ref: Ref, observed: ObservedState) -> bool:
    """Whether nothing is known of it: what is written down of it is kept."""
    return (ref.api_version, ref.kind) in observed.unseen


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
        if _is_blind(workspace, held, observed):
            continue
        if held is None or held.digest != workspace.digest or workspace.name in touched:
            after[workspace.name] = _holding(workspace, held, made, observed, commit)
    after.update(_supporting(desired.objects, inventory, made, observed, commit))
    for name in [name for name in after if name not in desired.workspaces and name not in desired.held]:
        after[name] = replace(after[name], owned=all_owned(after[name], observed))
        _let_go(after, name, observed, desired)
    return after


def _is_blind(workspace: DesiredWorkspace, held: Holding | None, observed: ObservedState) -> bool:
    """Whether a change of it waits until somebody can see what it is changed from."""
    is_changed = held is not None and held.digest not in ("", workspace.digest)
    return is_changed and WORKSPACES in observed.unseen


def _holding(
    workspace: DesiredWorkspace,
    held: Holding | None,
    made: Made,
    observed: ObservedState,
    commit: str,
) -> Holding:
    wanted = tuple(each.ref for each in workspace.objects)
    before = all_owned(held, observed) if held else ()
    owned = tuple(_owned(wanted, made, observed, before))
    left = tuple(each for each in before if _is_left(each, wanted, observed))
    same = held is not None and held.digest == workspace.digest
    return Holding(
        held.commit if held and same else commit, workspace.file, workspace.digest, (*owned, *left)
    )


def _owned(
    wanted: Iterable[Ref], made: Made, observed: ObservedState, before: tuple[Owned, ...]
) -> Iterator[Owned]:
    """What is asked for and known to be: as it was made now, or is seen, or was written down. What is not
    seen may be hidden, or have lost our labels; by its UID it is known again."""
    known = {each.ref: each.uid for each in before}
    for ref in wanted:
        live = observed.objects.get(ref)
        uid = made.get(ref) or (live.uid if live else known.get(ref, ""))
        if uid or (ref in known and _is_hidden(ref, observed)):
            yield Owned(ref, uid)


def _is_left(owned: Owned, wanted: tuple[Ref, ...], observed: ObservedState) -> bool:
    """Survivors stay in the inventory until they are seen to be gone."""
    return owned.ref not in wanted and _survives(owned, observed)


def _survives(owned: Owned, observed: ObservedState) -> bool:
    """Whether it is still there, for all that is known. That it was asked to go is not that it is gone: a
    finalizer may hold it."""
    live = observed.objects.get(owned.ref)
    return _is_hidden(owned.ref, observed) or (live is not None and live.uid == owned.uid)


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
        before = held.owned if held else ()
        left = tuple(each for each in before if _is_left(each, wanted, observed))
        owned = (*_owned(wanted, made, observed, before), *left)
        if held is None or held.owned != owned:
            found[name] = Holding(commit, "", "", owned)
    return found


def _let_go(
    after: dict[WorkspaceName, Holding], name: WorkspaceName, observed: ObservedState, desired: DesiredState
) -> None:
    """A holding is forgotten when nothing of it is left to be seen."""
    if not name.name and any(each.ref.namespace == name.namespace for each in desired.objects):
        return
    live = any(_survives(each, observed) for each in after[name].owned)
    pools = any(pool.owner == name and pool.is_tagged for pool in (observed.pools or {}).values())
    if not live and (not name.name or (observed.pools is not None and not pools)):
        del after[name]
