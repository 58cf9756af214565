"""What a look at the world adds to the logbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.domain.cloud import AksStanding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Account, Attempt, Logbook, Refusal
from reconciler.domain.state import DesiredState, DesiredWorkspace, ObservedPool, ObservedState
from reconciler.planner.decide.pools import ENDED_BADLY

from .failing import remembered, with_refusal
from .ground import Ground
from .metering import metered, without_former
from .progress import Census, noticed
from .staying_away import refused_for_staying_away

Attempts = Mapping[str, Attempt]
Seen = Mapping[str, ObservedPool]


def note(logbook: Logbook, desired: DesiredState, observed: ObservedState, ground: Ground) -> Logbook:
    """The logbook after this look; the very same value where the look taught nothing."""
    if observed.pools is None:
        return logbook
    ours = _ours(observed.pools, observed.aks, ground.config.fleet.name)
    aks = observed.aks
    census = Census(observed.nodes, is_whole=aks is None or aks.may_change)
    attempts, refusals = _attempts(logbook, ours, desired, census, ground)
    meters, accounts = metered(logbook.meters, logbook.accounts, ours, ground)
    settled = _settled(accounts, {meter.workspace for meter in meters.values()}, desired, ground)
    orphans, leaving = _orphans(logbook, ours, desired, ground), _leaving(logbook, ours, desired, ground)
    noted = Logbook(attempts, refusals, meters, settled, orphans, leaving)
    return logbook if noted == logbook else replace(noted, refusals=remembered(refusals, ground.now))


def _ours(pools: Seen, aks: AksStanding | None, fleet: str) -> Seen:
    """The fleet's pools; those of a cluster that was stopped have no machines, whatever they say."""
    found = {name: pool for name, pool in pools.items() if pool.fleet == fleet}
    if aks is None or aks.power != "Stopped":
        return found
    return {name: replace(pool, count=0) for name, pool in found.items()}


def _attempts(
    logbook: Logbook, ours: Seen, desired: DesiredState, census: Census, ground: Ground
) -> tuple[Attempts, tuple[Refusal, ...]]:
    refusals = logbook.refusals
    attempts = {
        name: _without_pool(each) if name not in ours else each
        for name, each in logbook.attempts.items()
        if _is_of_now(name, each, ours, desired, ground)
    }
    for name, pool in ours.items():
        way = _way(desired, pool)
        if way is None:
            continue
        before = attempts.get(name, Attempt(way.name, way.option, way.digest))
        after, refusal = noticed(before, pool, way, census, ground)
        if name in attempts or after != before:
            attempts[name] = after
        refusal = refusal or refused_for_staying_away(after, pool, refusals, ground)
        if refusal is not None:
            refusals = with_refusal(refusals, refusal, ground.now)
    return attempts, refusals


def _way(desired: DesiredState, pool: ObservedPool) -> DesiredWorkspace | None:
    """The workspace as it is with that pool; None where no way of its owner's has it."""
    workspace = desired.workspaces.get(pool.owner) if pool.owner else None
    return _of_pool(workspace, pool.name) if workspace else None


def _of_pool(workspace: DesiredWorkspace, pool: str) -> DesiredWorkspace | None:
    ways = (workspace, *workspace.alternatives)
    return next((each for each in ways if each.pool is not None and each.pool.name == pool), None)


def _without_pool(attempt: Attempt) -> Attempt:
    if not (attempt.stood or attempt.joined or attempt.equipped or attempt.lost):
        return attempt
    return replace(attempt, stood="", joined="", equipped="", lost="")


def _is_of_now(pool: str, attempt: Attempt, ours: Seen, desired: DesiredState, ground: Ground) -> bool:
    """Whether the attempt is still one for its workspace as that is now. What cannot be told is not
    forgotten."""
    name = attempt.workspace
    workspace = desired.workspaces.get(name)
    if workspace is None:
        return name in desired.held or bool(ground.config.unread)
    way = _of_pool(workspace, pool)
    if way is None:
        return pool in ours and attempt.digest == workspace.digest
    return attempt.digest == way.digest


def _settled(
    accounts: Mapping[WorkspaceName, Account],
    metered_for: set[WorkspaceName],
    desired: DesiredState,
    ground: Ground,
) -> Mapping[WorkspaceName, Account]:
    """Who is gone for good has no account of their own any more."""
    if ground.config.unread:
        return accounts
    here = {*metered_for, *(name for name in accounts if _is_known(name, desired, ground))}
    return without_former(accounts, here)


def _orphans(logbook: Logbook, ours: Seen, desired: DesiredState, ground: Ground) -> Mapping[str, str]:
    """When each pool was first seen that no workspace asks for. Where a file could not be read, nobody knows
    what it asks for."""
    if ground.config.unread:
        return logbook.orphans
    alone = (each for each in ours.values() if not (each.owner and _is_known(each.owner, desired, ground)))
    return {each.name: logbook.orphans.get(each.name, ground.now) for each in alone}


def _leaving(logbook: Logbook, ours: Seen, desired: DesiredState, ground: Ground) -> Mapping[str, str]:
    """Since when Azure has been about each pool of a workspace that was removed from Git. What has ended
    begins anew."""
    if ground.config.unread:
        return logbook.leaving
    gone = {
        name: pool
        for name, pool in ours.items()
        if pool.owner in ground.standing
        and pool.owner not in desired.workspaces
        and pool.owner not in desired.held
        and pool.owner not in ground.config.workspaces
    }
    return {
        name: ground.now if pool.state in ENDED_BADLY else logbook.leaving.get(name, ground.now)
        for name, pool in gone.items()
    }


def _is_known(name: WorkspaceName, desired: DesiredState, ground: Ground) -> bool:
    asked = name in desired.workspaces or name in desired.held or name in ground.config.workspaces
    return asked or name in ground.standing
