"""Whether Azure would say no, judged before it is asked: sizes, zones, quotas, agent pools.

Fails open: what Azure could not say holds nothing back, and neither does what was not looked at. Sources:
azure.md (skus and usages of Microsoft.Compute, failure modes), AKS' `maxAgentPools`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.domain.cloud import Market, Offering, Usage
from reconciler.domain.provisioning import Setback
from reconciler.domain.state import ObservedPool, ObservedState
from reconciler.planner.decide.pools import DELETING

from .ground import Ground
from .quotas import Need, held, needs
from .way import Verdict, Way, closed, in_the_way

_GPU_SIZES = "standard_n"
"""How the names of sizes with GPUs begin: the market need not know any other."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What may be had, less what others are given in this pass.

    `most_pools` is None where the cluster did not say, `pools` how many agent pools there are, `leaving`
    those on their way out, and `taken` the vCPUs given away by quota.
    """

    market: Market
    most_pools: int | None = None
    pools: int = 0
    leaving: tuple[ObservedPool, ...] = ()
    taken: Mapping[str, int] = field(default_factory=dict)


def stock_of(observed: ObservedState, leaving: Iterable[ObservedPool] = ()) -> Stock:
    """What this look found to be had; `leaving` are pools that this pass is going to remove."""
    pools = (observed.pools or {}).values()
    gone = {pool.name: pool for pool in (*leaving, *(each for each in pools if each.state == DELETING))}
    most = observed.aks.most_pools if observed.aks else None
    return Stock(observed.market, most, len(pools), tuple(gone.values()))


def preflight(
    way: Way, nodes: int, others: tuple[ObservedPool, ...], stock: Stock, ground: Ground
) -> Verdict | None:
    """Why so many more nodes cannot be had this way now; None when nothing is known to speak against it.

    `others` are the same workspace's other pools: while both stand there must be room for both. The quota is
    not judged just after the pool was taken away: for a while Azure still counts its machines.
    """
    if way.live is None and stock.most_pools is not None and stock.pools >= stock.most_pools:
        return _too_many(stock, stock.most_pools)
    offering = _offering(way, stock)
    if unsold := _unsold(way, offering, stock, ground):
        return closed(unsold)
    if stock.market.usages is None or (way.live is None and way.given_back_at):
        return None
    for need in needs(way, nodes, offering, ground):
        usage = stock.market.usages.get(need.quota)
        if usage is not None and (lack := _lack(need, usage, others, stock, ground)):
            return lack
    return None


def less(stock: Stock, way: Way, nodes: int, ground: Ground) -> Stock:
    """The stock after so many nodes are had this way."""
    taken = dict(stock.taken)
    for need in needs(way, nodes, _offering(way, stock), ground):
        taken[need.quota] = taken.get(need.quota, 0) + need.vcpus
    return replace(stock, taken=taken, pools=stock.pools + (way.live is None))


def _too_many(stock: Stock, most: int) -> Verdict:
    if stock.leaving:
        return closed(None, why="another agent pool goes first: the cluster has as many as it may")
    sentence = f"the cluster has {stock.pools} agent pools and may have no more than {most}"
    return closed(in_the_way(sentence, "remove agent pools that nobody needs, or take another cluster"))


def _offering(way: Way, stock: Stock) -> Offering | None:
    return (stock.market.offerings or {}).get(way.option.instance_type.lower())


def _unsold(way: Way, offering: Offering | None, stock: Stock, ground: Ground) -> Setback | None:
    """Why the size is not to be had here at all."""
    size, zone, region = way.option.instance_type, way.option.zone, _region(ground)
    if not stock.market.offerings:
        return None
    if offering is None and not size.lower().startswith(_GPU_SIZES):
        return None
    if offering is None:
        return in_the_way(f"{region} does not have {size}", "choose another VM size, or another region")
    if offering.closed:
        sentence = f"Azure does not offer {size} to this subscription in {region} ({offering.closed})"
        step = "choose another VM size, or ask Azure support to open this one"
        return in_the_way(sentence, step)
    if zone and (zone in offering.closed_zones or zone not in (offering.zones or (zone,))):
        have = ", ".join(each for each in offering.zones if each not in offering.closed_zones)
        step = f"choose zone {have}, or none" if have else "name no zone"
        return in_the_way(f"{size} is not to be had in zone {zone} of {region}", step)
    return None


def _lack(
    need: Need, usage: Usage, others: tuple[ObservedPool, ...], stock: Stock, ground: Ground
) -> Verdict | None:
    left = max(usage.left - stock.taken.get(need.quota, 0), 0)
    short = need.vcpus - left
    if short <= 0:
        return None
    if held(need, stock.leaving, ground) >= short:
        return closed(None, why=f"agent pools that are on their way out give back {need.what} first")
    given = " when others have theirs" if left < usage.left else ""
    sentence = (
        f"{need.vcpus} more {need.what} are needed in {_region(ground)} "
        f"and {need.pot} has {left} of {usage.limit} left{given}"
    )
    step = f"ask for {short} more {need.asked_as} in {_region(ground)} (Azure portal, Quotas)"
    if held(need, others, ground) >= short:
        step += ", or let the former nodes go first: spec.provisioning.replaceNodes: delete-first"
    return closed(in_the_way(sentence, step))


def _region(ground: Ground) -> str:
    return ground.config.fleet.spec.cluster.location
