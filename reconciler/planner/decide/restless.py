"""While the AKS cluster takes no changes no agent pool is taken away: Azure refuses it, and what is seen of a
cluster that sleeps or wakes up is not the whole truth (azure.md, failure modes)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.cloud import AksStanding
from reconciler.domain.plan import Action, Step
from reconciler.planner.provision.lateness import frozen

from .order import POOL


def hold_removals(steps: tuple[Step, ...], aks: AksStanding | None) -> tuple[Step, ...]:
    """The same steps, with every removal of an agent pool held where the cluster takes no changes."""
    if aks is None or aks.may_change:
        return steps
    because = frozen(aks)
    return tuple(_held(step, because) if _removes(step) else step for step in steps)


def _removes(step: Step) -> bool:
    return step.action is Action.PRUNE and step.target.kind == POOL


def _held(step: Step, because: str) -> Step:
    """No approval is asked for it, so that nothing is named to approve."""
    return replace(step, action=Action.HOLD, because=because, uid="")
