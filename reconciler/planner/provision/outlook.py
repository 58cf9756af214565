"""All that is looked at to choose how nodes are had: the ways, how each stands, and what holds everything."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.domain.logbook import Attempt, Logbook
from reconciler.domain.provisioning import Kind, Move
from reconciler.domain.state import DesiredState, DesiredWorkspace, ObservedPool, ObservedState
from reconciler.planner.decide.pools import DELETING, ENDED_BADLY, SUCCEEDED

from .closings import closed_by
from .ground import Ground
from .own_nodes import judge_own, nodes_with_pods
from .preflight import Stock, preflight
from .seen_pools import SeenPools
from .setbacks import frozen
from .stages import judge
from .way import Verdict, Way, closed


class Outlook:
    """One pass. `still` is why nothing is done with agent pools in it, empty when they may be changed."""

    def __init__(self, observed: ObservedState, logbook: Logbook, ground: Ground) -> None:
        self.observed = observed
        self.logbook = logbook
        self.ground = ground
        self.pools = SeenPools(observed, ground.config.fleet.name)
        self.still = _still(observed)

    def way(self, workspace: DesiredWorkspace) -> Way:
        """How it stands with having the nodes like this."""
        live, holder = self.pools.live(workspace), self.pools.holder(workspace)
        option, refusals = workspace.option, self.logbook.refusals
        family = self.ground.family(option.instance_type) if refusals else ""
        vcpus = workspace.nodes * self.ground.vcpus(option.instance_type) if refusals else 0
        refusal = closed_by(option, family, refusals, self.ground.now, vcpus) if refusals else None
        return Way(workspace, live, holder, self._attempt(workspace), refusal)

    def stands(self, workspace: DesiredWorkspace) -> bool:
        """Whether its agent pool is there and not on its way out."""
        live = self.pools.live(workspace)
        return live is not None and live.state != DELETING

    def is_ready(self, way: Way) -> bool:
        """Whether any node of its agent pool is Ready."""
        return way.live is not None and self.pools.census.ready(way.live.name, gpus=False) > 0

    def weigh(self, way: Way, stock: Stock) -> tuple[Verdict, int]:
        """What is to be done about this way, and how many more nodes Azure is asked for by it."""
        if way.is_own:
            return judge_own(way, self.observed, self.ground), 0
        verdict = judge(way, self.pools.census, self.ground)
        nodes = self._more_nodes(way, verdict)
        if not nodes and verdict.move not in (Move.AGAIN, Move.ANEW):
            return verdict, 0
        others = self.pools.others_of(way.workspace)
        if way.live is None and (former := self._former(others)):
            return closed(None, why=f"agent pool {former.name} is given back first, as the fleet says"), 0
        obstacle = preflight(way, nodes, others, stock, self.ground)
        if obstacle is None:
            return verdict, nodes
        return closed(obstacle.setback, why=obstacle.why, stays=self._serves(way, verdict)), 0

    def whereabouts(self, ways: tuple[DesiredWorkspace, ...]) -> DesiredWorkspace:
        """The way its nodes are had while nothing can be done about them: what stands, else where nodes or
        pods of it are, else what was tried last, else the one preferred."""
        if len(ways) == 1:
            return ways[0]
        return next(self._signs(ways), ways[0])

    def _attempt(self, workspace: DesiredWorkspace) -> Attempt | None:
        attempt = self.logbook.attempts.get(workspace.pool.name) if workspace.pool else None
        return attempt if attempt is not None and attempt.digest == workspace.digest else None

    def _more_nodes(self, way: Way, verdict: Verdict) -> int:
        """A pool that failed for a lack of quota got nothing; of one that failed otherwise nobody knows."""
        wanted, live = way.workspace.pool.count if way.workspace.pool else 0, way.live
        if live is None:
            return wanted if verdict.move is Move.GO else 0
        if verdict.move is Move.GO and live.state == SUCCEEDED:
            return max(wanted - live.count, 0)
        permanent = verdict.setback is not None and verdict.setback.kind is Kind.PERMANENT
        if verdict.move is Move.AGAIN and permanent:
            return max(wanted - self.pools.census.registered(live.name), 0)
        return 0

    def _former(self, others: tuple[ObservedPool, ...]) -> ObservedPool | None:
        """A pool that goes before its successor comes, where the fleet has it so."""
        if self.ground.config.fleet.spec.provisioning.replace_nodes != "delete-first":
            return None
        return next((pool for pool in others if pool.state not in ENDED_BADLY), None)

    def _serves(self, way: Way, verdict: Verdict) -> bool:
        """Whether its pool carries pods, so that no other is taken in its place."""
        if way.live is not None and verdict.move is Move.GO:
            return way.live.count > 0
        return self.is_ready(way)

    def _signs(self, ways: tuple[DesiredWorkspace, ...]) -> Iterator[DesiredWorkspace]:
        live = [(each, pool) for each in ways if (pool := self.pools.live(each))]
        yield from (each for each, pool in live if pool.state not in (DELETING, *ENDED_BADLY))
        yield from (each for each, _ in live)
        named = [each for each in ways if each.pool is not None]
        yield from (each for each in named if each.pool and self.pools.census.registered(each.pool.name))
        yield from (each for each in ways if each.pool is None and nodes_with_pods(each.name, self.observed))
        tried = ((each, attempt) for each in named if (attempt := self._attempt(each)))
        yield from (each for each, _ in sorted(tried, key=lambda pair: pair[1].begun, reverse=True))


def leaving(desired: DesiredState, observed: ObservedState, ground: Ground) -> tuple[ObservedPool, ...]:
    """Pools of workspaces that were removed from Git: they go in this pass or a later one."""
    if ground.config.unread:
        return ()
    return tuple(
        pool
        for pool in (observed.pools or {}).values()
        if pool.owner is not None
        and pool.fleet == ground.config.fleet.name
        and pool.owner in ground.standing
        and not (pool.owner in ground.config.workspaces or pool.owner in desired.workspaces)
    )


def _still(observed: ObservedState) -> str:
    if observed.pools is None:
        return "the cloud cannot be seen"
    if observed.aks is not None and not observed.aks.may_change:
        return frozen(observed.aks)
    return ""
