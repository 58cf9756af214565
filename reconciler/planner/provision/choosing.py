"""Which of the ways its owner accepts a workspace's nodes are had by, and what to do about them now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.domain.cloud import CapacityType
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Logbook
from reconciler.domain.provisioning import Move, NodeChoice, Orphan
from reconciler.domain.state import DesiredState, DesiredWorkspace, ObservedState
from reconciler.planner.decide.pools import DELETING, ENDED_BADLY

from .budget import Excess, Purse, purse_of, unpaid
from .deciding import Decision, decide
from .ground import Ground
from .managed_disk import on_managed_disk
from .orphans import orphans_of, overdue
from .outlook import Outlook, leaving
from .own_nodes import nodes_with_pods
from .preflight import Stock, less, stock_of
from .way import Verdict, Way


@dataclass(frozen=True, slots=True)
class Provisions:
    """What is asked for with one way of having nodes chosen for each workspace; the choices, of those whose
    nodes are an agent pool; the pools of ours that nobody asks for; and those on their way out with which
    Azure has been busy for too long."""

    desired: DesiredState
    choices: Mapping[WorkspaceName, NodeChoice]
    orphans: tuple[Orphan, ...] = ()
    overdue: frozenset[str] = frozenset()


def wants_market(desired: DesiredState, observed: ObservedState) -> bool:
    """Whether anything is to be made or mended, so that it matters what may be had."""
    if observed.pools is None or (observed.aks is not None and not observed.aks.may_change):
        return False
    return any(
        _wants_nodes(each, observed)
        for each in desired.workspaces.values()
        if each.pool is not None or each.alternatives
    )


def provision(desired: DesiredState, observed: ObservedState, logbook: Logbook, ground: Ground) -> Provisions:
    """Choose for every workspace, those that the fleet has first, then by name: what one is given the next
    cannot have. What stands is kept to; one of which something is to be made is held where no way can be paid
    for."""
    wanted, held = dict(desired.workspaces), dict(desired.held)
    choices: dict[WorkspaceName, NodeChoice] = {}
    outlook, purse = Outlook(observed, logbook, ground), purse_of(ground.config)
    stock = stock_of(observed, leaving(desired, observed, ground))
    most_tries = ground.config.fleet.spec.provisioning.max_tries
    for workspace in _in_turn(desired, ground, purse):
        name = workspace.name
        decision = _decided(workspace, outlook, stock, purse)
        if isinstance(decision, Excess):
            held[name] = (*wanted.pop(name).findings, unpaid(workspace, decision, ground.config))
            continue
        purse = purse.without(decision.way.workspace)
        stock = less(stock, decision.way, decision.nodes, ground) if decision.nodes else stock
        if _is_chosen_for(workspace):
            choices[name] = decision.choice(most_tries)
            wanted[name] = _as_chosen(workspace, decision.way.workspace, choices[name])
    chosen = replace(desired, workspaces=wanted, held=held)
    orphans = orphans_of(desired, observed, logbook, ground)
    return Provisions(chosen, choices, orphans, overdue(observed, logbook, ground))


def _wants_nodes(workspace: DesiredWorkspace, observed: ObservedState) -> bool:
    """Whether it has no agent pool that stands, or one too small, in any of its ways."""
    for way in (workspace, *workspace.alternatives):
        pool = (observed.pools or {}).get(way.pool.name) if way.pool else None
        if pool is None or pool.owner != workspace.name or pool.state in (DELETING, *ENDED_BADLY):
            continue
        return way.pool is not None and pool.count < way.pool.count
    has_own = workspace.option.capacity_type is CapacityType.OWN
    return not (has_own and nodes_with_pods(workspace.name, observed))


def _in_turn(desired: DesiredState, ground: Ground, purse: Purse) -> Iterable[DesiredWorkspace]:
    """Those something is to be judged of: without a budget only those whose nodes are agent pools."""
    judged = (each for each in desired.workspaces.values() if purse.is_bounded or _is_chosen_for(each))
    return sorted(judged, key=lambda each: (each.name not in ground.standing, each.name))


def _is_chosen_for(workspace: DesiredWorkspace) -> bool:
    return workspace.pool is not None or bool(workspace.alternatives)


def _decided(workspace: DesiredWorkspace, outlook: Outlook, stock: Stock, purse: Purse) -> Decision | Excess:
    if _is_chosen_for(workspace):
        return decide(workspace, outlook, stock, purse)
    excess = None if workspace.name in outlook.ground.standing else purse.beyond(workspace)
    return excess or Decision(Way(workspace), Verdict(Move.GO))


def _as_chosen(workspace: DesiredWorkspace, chosen: DesiredWorkspace, choice: NodeChoice) -> DesiredWorkspace:
    """The workspace as that way has it; what was found about it holds for all its ways."""
    if chosen is not workspace and workspace.findings:
        chosen = replace(chosen, findings=workspace.findings)
    return on_managed_disk(chosen) if choice.managed_disk else chosen
