"""What of a plan is one process's to do, where several do the work of a fleet.

All of them see and decide the same. What one does may stand on what another is still to do: it waits for
another pass, which the change it waits for brings about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Inventory
from reconciler.domain.plan import Action, Step
from reconciler.domain.share import Share
from reconciler.domain.state import CRD

from .order import CLUSTER_WIDE, POOL

_WAITING = (Action.KEEP, Action.HOLD)


def steps_of(share: Share, steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps, in their order, that this share does now."""
    if share.is_whole:
        return tuple(steps)
    every = tuple(steps)
    ours = every if share.leads else _after_what_others_make(every)
    return tuple(_after_what_others_unmake(share, ours))


def inventory_of(share: Share, after: Inventory, before: Inventory) -> Inventory:
    """The holdings after a pass that only this share has done: the others' are as they were."""
    if share.is_whole:
        return after
    others = {name: held for name, held in before.items() if not share.has(name)}
    return others | {name: held for name, held in after.items() if share.has(name)}


def _is_ours(step: Step, share: Share) -> bool:
    """Shard 0 does what is the fleet's as a whole; an agent pool counts against budgets and quotas of all."""
    if step.workspace is None or step.target.kind == POOL or step.target.kind in CLUSTER_WIDE:
        return share.leads
    return share.has(step.workspace)


def _after_what_others_make(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Without what stands on a namespace or a definition that is still to be made."""
    coming = [step.target for step in steps if step.action is Action.CREATE]
    namespaces = {target.name for target in coming if target.kind == "Namespace"}
    defined = any(target.kind == CRD for target in coming)

    def stands(step: Step) -> bool:
        is_inside = isinstance(step.target, Ref) and step.target.namespace in namespaces
        return is_inside or (defined and step.target.kind == "Workspace")

    return tuple(step for step in steps if not stands(step))


def _after_what_others_unmake(share: Share, steps: Iterable[Step]) -> Iterator[Step]:
    """Ours, but no agent pool goes before its workload has moved or gone, which another has to see to."""
    busy: set[WorkspaceName | None] = set()
    for step in steps:
        goes = step.target.kind == POOL and step.action in (Action.PRUNE, Action.ABORT)
        if _is_ours(step, share):
            if not (goes and step.workspace in busy):
                yield step
        elif step.action not in _WAITING:
            busy.add(step.workspace)
