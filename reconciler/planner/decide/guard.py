"""What may not be deleted yet, and why.

What cannot be read is not deleted: every prune must point at a well-formed absence. That is, a commit whose
every file was read, that descends from the commit which last declared the workspace, and that does not take
away more workspaces at once than the Fleet allows without a person's approval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.domain.config import Config
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.inventory import Holding, Inventory
from reconciler.domain.plan import Action, Step, plan_hash


@dataclass(frozen=True, slots=True)
class Absence:
    """A workspace that holds something and is declared no more; `because` is empty when it is well-formed."""

    name: WorkspaceName
    because: str = ""


def absences(
    config: Config, inventory: Inventory, descends: Callable[[str, str], bool]
) -> Mapping[WorkspaceName, Absence]:
    """The holdings that no document of this revision declares any more; of objects committed beside the
    workspaces, held under a namespace alone, those of which nothing may be concluded."""
    gone = {name: holding for name, holding in inventory.items() if name not in config.workspaces}
    found = {name: Absence(name, _ill_formed(holding, config, descends)) for name, holding in gone.items()}
    return {name: absence for name, absence in found.items() if name.name or absence.because}


def _ill_formed(holding: Holding, config: Config, descends: Callable[[str, str], bool]) -> str:
    if config.unread:
        return f"{config.unread[0]} could not be read, so nothing of this commit counts as removed"
    if not config.workspaces:
        return "the commit declares no workspace at all"
    if not descends(config.commit, holding.commit):
        return f"the branch was rewritten: it does not contain {holding.commit[:7]}, which declared it"
    return ""


def hold_prunes(
    steps: tuple[Step, ...], config: Config, gone: Mapping[WorkspaceName, Absence]
) -> tuple[Step, ...]:
    """The same steps, with every prune that must wait turned into a hold.

    An approval names what is held and nothing else: what goes on meanwhile must not make it void.
    """
    prunes = tuple(step for step in steps if step.action is Action.PRUNE)
    leaving = {name for step in prunes if (name := step.workspace) in gone and name and name.name}
    found = ((step, _why_not(step, config, gone, len(leaving))) for step in prunes)
    waiting = {step: because for step, because in found if because}
    waiting |= {step: because for step in prunes if (because := _still_needed(step, waiting))}
    approval = plan_hash(tuple(waiting))
    if approval in config.fleet.spec.approved:
        return steps
    return tuple(_held(step, waiting[step], approval) if step in waiting else step for step in steps)


def _held(step: Step, because: str, approval: str) -> Step:
    ask = f"{because}; to delete it all the same, add {approval} to spec.approved in towline.yaml"
    return replace(step, action=Action.HOLD, because=ask)


def _still_needed(step: Step, waiting: Mapping[Step, str]) -> str:
    """What belongs to no one workspace waits with those of its namespace: they may have it mounted."""
    if step.workspace is None or step.workspace.name:
        return ""
    namespace = step.workspace.namespace
    there = (each.workspace for each in waiting if each.workspace and each.workspace.name)
    whose = next((name for name in there if name.namespace == namespace), None)
    return f"{whose} may still use it" if whose else ""


def _why_not(step: Step, config: Config, gone: Mapping[WorkspaceName, Absence], leaving: int) -> str:
    if config.unread:
        return f"{config.unread[0]} could not be read"
    absence = gone.get(step.workspace) if step.workspace else None
    if absence is None:
        return ""
    limit = config.fleet.spec.prune.max_workspaces
    if absence.because:
        return absence.because
    if leaving > limit:
        return f"{leaving} workspaces would be removed at once and the fleet allows {limit}"
    return ""


def approval_needed(steps: tuple[Step, ...]) -> str:
    """The hash that would release the held prunes, empty when none is held."""
    held = tuple(
        replace(step, action=Action.PRUNE)
        for step in steps
        if step.action is Action.HOLD and step.uid and not step.desired
    )
    return plan_hash(held) if held else ""
