"""Agent pools of ours that no workspace asks for: told with what they cost, removed when all speaks for it.

Grace, two observations, a complete list and a cluster at rest are azure.md's controller rule 3: a pool that
seems to be nobody's while a cluster wakes up may be somebody's in a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.domain.logbook import Logbook
from reconciler.domain.moment import clock, day_of, is_moment, later, seconds_between
from reconciler.domain.provisioning import Orphan, Spending
from reconciler.domain.state import DesiredState, ObservedPool, ObservedState
from reconciler.planner.decide.pools import DELETING, ENDED_BADLY, SUCCEEDED

from .ground import Ground
from .setbacks import frozen
from .spending import spending_by

MOST_A_PASS = 3
_STOPPING = "Canceling"


def orphans_of(
    desired: DesiredState, observed: ObservedState, logbook: Logbook, ground: Ground
) -> tuple[Orphan, ...]:
    """In order of name. None while a file could not be read: nobody knows what it asks for."""
    if ground.config.unread or not observed.pools:
        return ()
    found = [
        _orphan(observed.pools[name], observed, logbook, ground)
        for name in sorted(observed.pools)
        if _is_alone(observed.pools[name], desired, ground)
    ]
    return tuple(_a_few(found))


def overdue(observed: ObservedState, logbook: Logbook, ground: Ground) -> frozenset[str]:
    """Pools of workspaces that were removed from Git, which Azure has been making or removing for longer than
    the Fleet allows."""
    limits = ground.config.fleet.spec.provisioning.limits
    late: set[str] = set()
    for name, since in logbook.leaving.items():
        pool = (observed.pools or {}).get(name)
        if pool is None or pool.state in (SUCCEEDED, _STOPPING, *ENDED_BADLY):
            continue
        minutes = limits.delete_minutes if pool.state == DELETING else limits.create_minutes
        if seconds_between(since, ground.now) > minutes * 60:
            late.add(name)
    return frozenset(late)


def _is_alone(pool: ObservedPool, desired: DesiredState, ground: Ground) -> bool:
    name = pool.owner
    if pool.fleet != ground.config.fleet.name:
        return False
    if name is None:
        return True
    asked = name in desired.workspaces or name in desired.held or name in ground.config.workspaces
    return not asked and name not in ground.standing


def _orphan(pool: ObservedPool, observed: ObservedState, logbook: Logbook, ground: Ground) -> Orphan:
    first_seen = logbook.orphans.get(pool.name, "") or ground.now
    grace = ground.config.fleet.spec.provisioning.orphan_grace_minutes
    made = pool.created if is_moment(pool.created) else ""
    price = ground.price(pool.instance_type)
    orphan = Orphan(
        pool=pool.name,
        owner=str(pool.owner or ""),
        instance_type=pool.instance_type,
        count=pool.count,
        first_seen=first_seen,
        due=later(max(first_seen, made), grace * 60),
        spending=_spending(pool, logbook, first_seen, ground.now),
        dollars_per_hour=None if price is None else price * pool.count,
    )
    return replace(orphan, hold=_hold(orphan, pool, observed, ground))


def _spending(pool: ObservedPool, logbook: Logbook, first_seen: str, now: str) -> Spending:
    """Up to the beginning of the day, so that what is told does not change with every pass."""
    meter = logbook.meters.get(pool.name)
    if meter is None:
        return Spending(None, first_seen, first_seen, is_partial=True)
    return spending_by(meter, max(day_of(now), meter.since))


def _hold(orphan: Orphan, pool: ObservedPool, observed: ObservedState, ground: Ground) -> str:
    """Why it stays for now; empty when nothing speaks for it any more."""
    if pool.state == DELETING:
        return "it is being deleted"
    if not pool.is_tagged:
        return "somebody took away the tags that say whose it is: give them back, or delete it by hand"
    if pool.owner is None:
        return "its tags do not say which workspace it was made for"
    if not ground.config.fleet.spec.provisioning.delete_orphans:
        return "the fleet keeps such pools: spec.provisioning.deleteOrphans is false"
    if observed.aks is None:
        return "how the AKS cluster stands is not known"
    if not observed.aks.is_at_rest:
        return frozen(observed.aks)
    if not observed.objects:
        return "nothing of the fleet is seen in the cluster"
    if ground.now < orphan.due or not orphan.first_seen < ground.now:
        return f"it goes at {clock(orphan.due)} if nobody asks for it until then"
    return ""


def _a_few(orphans: Iterable[Orphan]) -> Iterator[Orphan]:
    """Not all at once: a mistake would be seen in time."""
    going = 0
    for each in orphans:
        going += not each.hold
        late = not each.hold and going > MOST_A_PASS
        yield replace(each, hold=f"no more than {MOST_A_PASS} are removed at a time") if late else each
