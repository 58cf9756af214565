"""What becomes of one workspace as a whole: the row a person reads first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.domain.identity import Ref
from reconciler.domain.plan import Action, Overlap, Step, WorkspaceChange
from reconciler.domain.state import DesiredWorkspace, ObservedObject, ObservedPool
from reconciler.planner.provision.ground import Ground

from .pools import Pools

USUAL_MINUTES = 26
"""How long AKS took to make a GPU pool of Standard_ND96asr_v4, by azure-cli's recorded traffic of 2022."""

Price = Callable[[str], float | None]

_LOUDEST = (
    Action.REPLACE,
    Action.CREATE,
    Action.UPDATE,
    Action.PRUNE,
    Action.ABORT,
    Action.HOLD,
    Action.KEEP,
)


def change_of(
    workspace: DesiredWorkspace,
    steps: tuple[Step, ...],
    objects: Mapping[Ref, ObservedObject],
    pools: Pools,
    ground: Ground,
) -> WorkspaceChange:
    """The workspace's nodes and dollars before and after, and the loudest of its steps."""
    before, cost_before = nodes_and_dollars(pools.owned_by(workspace.name), ground.price)
    loudest = _loudest(workspace, steps, objects)
    waits = loudest is Action.HOLD
    return WorkspaceChange(
        workspace.name,
        loudest,
        next((step.because for step in steps if step.action is loudest), steps[0].because),
        before,
        before if waits else workspace.nodes,
        cost_before,
        cost_before if waits else workspace.cost.dollars_per_hour,
        workspace.cost.at_most,
        _overlap(workspace, steps, pools, ground),
    )


def nodes_and_dollars(pools: tuple[ObservedPool, ...], price: Price) -> tuple[int, float | None]:
    """How many nodes these pools have and what they cost an hour; None when a price is not known."""
    prices = [(price(pool.instance_type), pool.count) for pool in pools]
    nodes = sum(pool.count for pool in pools)
    if any(each is None for each, _ in prices):
        return nodes, None
    return nodes, sum((each or 0.0) * count for each, count in prices)


def _overlap(
    workspace: DesiredWorkspace, steps: tuple[Step, ...], pools: Pools, ground: Ground
) -> Overlap | None:
    """For how long the former nodes and the new ones cost together; None where only one of them does."""
    serving = {step.target.name for step in steps if step.action is Action.HOLD and step.desired is None}
    former = tuple(pool for pool in pools.owned_by(workspace.name) if pool.name in serving)
    if not former or workspace.pool is None:
        return None
    limits = ground.config.fleet.spec.provisioning.limits
    most = limits.create_minutes + limits.join_minutes + limits.gpu_minutes
    _, before = nodes_and_dollars(former, ground.price)
    after = workspace.cost.dollars_per_hour
    both = None if before is None or after is None else before + after
    at_most = workspace.cost.at_most or any(_is_spot(pool) for pool in former)
    return Overlap(USUAL_MINUTES / 60, most / 60, both, at_most)


def _is_spot(pool: ObservedPool) -> bool:
    return pool.properties.get("scaleSetPriority") == "Spot"


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
