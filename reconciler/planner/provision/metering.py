"""The meters of the machines that are there, and the accounts of those that were.

A meter runs from the moment a pool is asked for, since Azure bills its machines as they come, until the pool
is seen to be gone. Azure's own bill may be less: what it takes to make a machine is not told.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Account, Meter
from reconciler.domain.moment import day_of, is_moment, seconds_between
from reconciler.domain.state import ObservedPool

from .ground import Ground

SPOT = "Spot"
FORMER = WorkspaceName("", "")
"""Whose account is that of all workspaces that are gone."""

Meters = Mapping[str, Meter]
Accounts = Mapping[WorkspaceName, Account]


def metered(
    meters: Meters, accounts: Accounts, pools: Mapping[str, ObservedPool], ground: Ground
) -> tuple[Meters, Accounts]:
    """Meters and accounts after seeing these pools, which are all of ours. A change of count, size or price
    ends a meter and begins another."""
    running: dict[str, Meter] = {}
    settled = dict(accounts)
    for name, meter in meters.items():
        pool = pools.get(name)
        if pool is not None and _fresh(pool, meter.since, ground) == meter:
            running[name] = meter
        else:
            _settle(settled, meter, ground.now)
    for name, pool in pools.items():
        if name not in running:
            since = ground.now if name in meters else _began(pool, ground.now)
            running[name] = _fresh(pool, since, ground)
    return running, settled


def without_former(accounts: Accounts, here: set[WorkspaceName]) -> Accounts:
    """The accounts of those who are `here`; the rest is added up under `FORMER`."""
    gone = {name: each for name, each in accounts.items() if name != FORMER and name not in here}
    if not gone:
        return accounts
    left = {name: each for name, each in accounts.items() if name not in gone}
    for each in gone.values():
        left[FORMER] = _added(left.get(FORMER), each)
    return left


def cost_of(meter: Meter, now: str) -> float:
    """Dollars from when it began until now; 0 where the price is not known, or the clock went back."""
    hours = max(seconds_between(meter.since, now), 0.0) / 3600
    return (meter.dollars_per_hour or 0.0) * hours


def dollars_by(account: Account, day: str) -> float:
    """What it was at the beginning of a day, that of its last change or a later one."""
    return account.dollars if account.until <= day else account.by_day


def _fresh(pool: ObservedPool, since: str, ground: Ground) -> Meter:
    count = _machines(pool)
    price = ground.price(pool.instance_type) if count else 0.0
    dollars = None if price is None else price * count
    owner = pool.owner or FORMER
    spot = pool.properties.get("scaleSetPriority") == SPOT
    return Meter(owner, pool.instance_type, count, dollars, since, at_most=spot)


def _machines(pool: ObservedPool) -> int:
    """How many cost: none of a stopped pool."""
    power = pool.properties.get("powerState")
    stopped = isinstance(power, Mapping) and power.get("code") == "Stopped"
    return 0 if stopped else max(pool.count, 0)


def _began(pool: ObservedPool, now: str) -> str:
    """Since when a pool that was not metered before has its machines: since it was made, by its tags."""
    return pool.created if is_moment(pool.created) and pool.created <= now else now


def _settle(accounts: dict[WorkspaceName, Account], meter: Meter, now: str) -> None:
    if meter.count:
        partial = meter.dollars_per_hour is None
        before = cost_of(meter, day_of(now))
        spent = Account(cost_of(meter, now), meter.since, partial, now, meter.at_most, before)
        accounts[meter.workspace] = _added(accounts.get(meter.workspace), spent)


def _added(one: Account | None, other: Account) -> Account:
    if one is None:
        return other
    until = max(one.until, other.until)
    return Account(
        dollars=one.dollars + other.dollars,
        since=min(one.since, other.since),
        is_partial=one.is_partial or other.is_partial,
        until=until,
        at_most=one.at_most or other.at_most,
        by_day=dollars_by(one, day_of(until)) + dollars_by(other, day_of(until)),
    )
