"""What nodes have cost so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Account, Logbook, Meter
from reconciler.domain.moment import day_of, later
from reconciler.domain.provisioning import Spending

from .metering import cost_of, dollars_by

_DAY = 24 * 3600.0


def spending_of(name: WorkspaceName, logbook: Logbook, now: str) -> Spending | None:
    """What this workspace's nodes had cost when the day began; None where it had none by then.

    What is written to Git is to change once a day at most for this. `spending_until` tells it to the second.
    """
    accounts, meters = _of(name, logbook)
    today = day_of(now)
    changed = max((each.until for each in accounts), default="")
    at = today if meters or not changed else min(today, day_of(later(changed, _DAY)))
    past = (replace(each, dollars=dollars_by(each, at)) for each in accounts if each.since < at)
    return spent(past, (each for each in meters if each.since < at), at)


def spending_until(name: WorkspaceName, logbook: Logbook, now: str) -> Spending | None:
    """The same up to this very moment."""
    return spent(*_of(name, logbook), now)


def spending_by(meter: Meter, now: str) -> Spending:
    """What the machines of one meter have cost up to this moment."""
    known = None if meter.dollars_per_hour is None else cost_of(meter, now)
    return Spending(known, meter.since, now, is_partial=known is None, at_most=meter.at_most)


def spent(accounts: Iterable[Account], meters: Iterable[Meter], at: str) -> Spending | None:
    """What all of these have cost together up to a moment; None where there is none of them."""
    past, running = tuple(accounts), tuple(meters)
    if not past and not running:
        return None
    known = [each for each in running if each.dollars_per_hour is not None]
    dollars = sum(each.dollars for each in past) + sum(cost_of(each, at) for each in known)
    partial = len(known) < len(running) or any(each.is_partial for each in past)
    is_told = dollars > 0 or bool(known) or not partial
    both: tuple[Account | Meter, ...] = (*past, *running)
    since = min(each.since for each in both)
    return Spending(
        dollars if is_told else None, since, at, partial, at_most=any(each.at_most for each in both)
    )


def _of(name: WorkspaceName, logbook: Logbook) -> tuple[tuple[Account, ...], tuple[Meter, ...]]:
    account = logbook.accounts.get(name)
    running = (each for each in logbook.meters.values() if each.count and each.workspace == name)
    return (account,) if account else (), tuple(running)
