"""What the nodes of a fleet cost now and have cost so far, row by row, up to this very moment."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Logbook, Meter
from reconciler.domain.provisioning import Orphan, Spending
from reconciler.domain.state import DesiredState, DesiredWorkspace

from .ground import Ground
from .metering import FORMER
from .spending import spending_by, spending_until, spent


@dataclass(frozen=True, slots=True)
class Row:
    """The nodes of one workspace, or one agent pool that nobody asks for.

    `nodes` are those that are there, of the `wanted`; None where that cannot be said. `dollars_per_hour` is
    what they cost together, None where a price is not known, `at_most` where some are spot machines. Nodes
    that are no agent pools of ours, Karpenter's and own ones, are not seen here: `is_counted` is False, and
    what is told is what was asked for.
    """

    name: str
    options: tuple[Option, ...]
    nodes: int | None
    wanted: int | None
    dollars_per_hour: float | None
    at_most: bool = False
    spending: Spending | None = None
    is_counted: bool = True


@dataclass(frozen=True, slots=True)
class Bill:
    """All rows. `former` is what workspaces have cost that are gone; `regions` are those the prices are of,
    `location` is the cluster's own."""

    workspaces: tuple[Row, ...]
    orphans: tuple[tuple[Orphan, Row], ...]
    former: Spending | None
    at: str
    regions: tuple[str, ...] = ()
    location: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row, those that nobody asks for last."""
        return (*self.workspaces, *(row for _, row in self.orphans))


def bill_of(desired: DesiredState, orphans: Iterable[Orphan], logbook: Logbook, ground: Ground) -> Bill:
    """The bill of a fleet as it is asked for and as its machines were counted."""
    alone = {each.pool: each for each in orphans}
    running = {pool: each for pool, each in logbook.meters.items() if each.count and pool not in alone}
    names = {*desired.workspaces, *desired.held, *(each.workspace for each in running.values())} - {FORMER}
    names.update(name for name in logbook.accounts if _is_here(name, ground))
    gone = tuple(account for name, account in logbook.accounts.items() if name not in names)
    nobodys = tuple(each for each in running.values() if each.workspace == FORMER)
    return Bill(
        tuple(_row(each, desired.workspaces.get(each), running, logbook, ground) for each in sorted(names)),
        tuple((each, _orphan(each, logbook, ground.now)) for _, each in sorted(alone.items())),
        spent(gone, nobodys, ground.now),
        ground.now,
        _regions(desired, logbook, ground),
        ground.config.fleet.spec.cluster.location,
    )


def _is_here(name: WorkspaceName, ground: Ground) -> bool:
    return name != FORMER and (name in ground.config.workspaces or name in ground.standing)


def _row(
    name: WorkspaceName,
    asked: DesiredWorkspace | None,
    running: Mapping[str, Meter],
    logbook: Logbook,
    ground: Ground,
) -> Row:
    meters = {pool: each for pool, each in running.items() if each.workspace == name}
    if asked is not None and asked.pool is None and not meters:
        return _as_asked(asked)
    bought = tuple(_option(pool, each, logbook) for pool, each in sorted(meters.items()))
    return Row(
        str(name),
        tuple(dict.fromkeys(bought)) or ((asked.option,) if asked else ()),
        sum(each.count for each in meters.values()),
        asked.nodes if asked else None,
        _dollars(meters.values()),
        any(each.at_most for each in meters.values()),
        spending_until(name, logbook, ground.now),
    )


def _as_asked(asked: DesiredWorkspace) -> Row:
    cost = asked.cost
    option = asked.option if asked.option.instance_type else Option(asked.instance_type)
    options = (option,) if option.instance_type else (Option("", CapacityType.OWN),)
    return Row(
        str(asked.name), options, None, asked.nodes, cost.dollars_per_hour, cost.at_most, is_counted=False
    )


def _option(pool: str, meter: Meter, logbook: Logbook) -> Option:
    """How these machines are had; where nothing is written down of it, as far as the meter knows."""
    attempt = logbook.attempts.get(pool)
    if attempt is not None and attempt.option.instance_type.lower() == meter.instance_type.lower():
        return attempt.option
    terms = CapacityType.SPOT if meter.at_most else CapacityType.ON_DEMAND
    return Option(meter.instance_type, terms)


def _dollars(meters: Iterable[Meter]) -> float | None:
    prices = [each.dollars_per_hour for each in meters]
    known = [each for each in prices if each is not None]
    return math.fsum(known) if len(known) == len(prices) else None


def _orphan(orphan: Orphan, logbook: Logbook, now: str) -> Row:
    meter = logbook.meters.get(orphan.pool)
    if meter is None or not meter.count:
        option = Option(orphan.instance_type)
        return Row(orphan.pool, (option,), orphan.count, 0, orphan.dollars_per_hour, spending=orphan.spending)
    return Row(
        orphan.pool,
        (_option(orphan.pool, meter, logbook),),
        meter.count,
        0,
        meter.dollars_per_hour,
        meter.at_most,
        spending_by(meter, now),
    )


def _regions(desired: DesiredState, logbook: Logbook, ground: Ground) -> tuple[str, ...]:
    asked = {each.instance_type for each in desired.workspaces.values()}
    sizes = asked | {each.instance_type for each in logbook.meters.values()}
    known = (ground.machine(size) for size in sizes if size)
    regions = (each.price.region for each in known if each and each.price.usd_per_hour is not None)
    return tuple(sorted({region for region in regions if region}))
