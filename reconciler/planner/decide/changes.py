"""What becomes of one workspace as a whole: the row a person reads first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.domain.identity import Ref
from reconciler.domain.plan import Action, Step, WorkspaceChange
from reconciler.domain.state import DesiredWorkspace, ObservedObject, ObservedPool

from .pools import Pools

Price = Callable[[str], float | None]

_LOUDEST = (Action.REPLACE, Action.CREATE, Action.UPDATE, Action.PRUNE, Action.HOLD, Action.KEEP)


def change_of(
    workspace: DesiredWorkspace,
    steps: tuple[Step, ...],
    objects: Mapping[Ref, ObservedObject],
    pools: Pools,
    price: Price,
) -> WorkspaceChange:
    """The workspace's nodes and dollars before and after, and the loudest of its steps."""
    before, cost_before = nodes_and_dollars(pools.owned_by(workspace.name), price)
    loudest = _loudest(workspace, steps, objects)
    because = next((step.because for step in steps if step.action is loudest), steps[0].because)
    cost_after = workspace.cost.dollars_per_hour
    return WorkspaceChange(workspace.name, loudest, because, before, workspace.nodes, cost_before, cost_after)


def nodes_and_dollars(pools: tuple[ObservedPool, ...], price: Price) -> tuple[int, float | None]:
    """How many nodes these pools have and what they cost an hour; None when a price is not known."""
    prices = [(price(pool.instance_type), pool.count) for pool in pools]
    nodes = sum(pool.count for pool in pools)
    if any(each is None for each, _ in prices):
        return nodes, None
    return nodes, sum((each or 0.0) * count for each, count in prices)


def _loudest(
    workspace: DesiredWorkspace, steps: tuple[Step, ...], objects: Mapping[Ref, ObservedObject]
) -> Action:
    """A workspace of which nothing exists yet is created; one of which something does is at most updated."""
    actions = {step.action for step in steps}
    if Action.REPLACE in actions or _moves(steps):
        return Action.REPLACE
    exists = any(each.ref in objects for each in workspace.objects)
    if Action.CREATE in actions and not exists:
        return Action.CREATE
    if actions & {Action.CREATE, Action.UPDATE, Action.PRUNE}:
        return Action.UPDATE
    return next(action for action in _LOUDEST if action in actions)


def _moves(steps: tuple[Step, ...]) -> bool:
    """Whether one agent pool is made while another of the same workspace is still there."""
    pools = [step for step in steps if step.target.kind == "AgentPool"]
    made = any(step.action is Action.CREATE for step in pools)
    return made and any(step.desired is None for step in pools)
