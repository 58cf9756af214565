"""What the nodes of a fleet cost, as text and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from click import style

from reconciler.catalog.price import PriceList
from reconciler.domain.moment import clock
from reconciler.domain.provisioning import Orphan, Spending
from reconciler.planner.provision.bill import Bill, Row
from reconciler.planner.tell.readable import readable
from reconciler.planner.tell.status_file import HOURS_PER_MONTH, UNKNOWN

from .columns import columns
from .money import dollars, monthly

_HEADINGS = ("NAME", "NODES", "OPTION", "$/HOUR", "$/MONTH", "SO FAR", "SINCE")
_MONEY = (1, 3, 4, 5)
_NOTHING = "-"


def only(bill: Bill, name: str) -> Bill:
    """The bill of one workspace alone, as `name` or `namespace/name`; without rows where there is none."""
    found = tuple(row for row in bill.workspaces if name in (row.name, row.name.partition("/")[2]))
    return replace(bill, workspaces=found, orphans=(), former=None)


def cost_text(bill: Bill, prices: PriceList, *, totals: bool = True) -> str:
    """A row a workspace, a row an agent pool that nobody asks for, the sums, and what the prices are."""
    rows = [_row(row) for row in bill.workspaces]
    rows += [_orphan(row) for _, row in bill.orphans]
    if bill.former is not None:
        rows.append(("former workspaces", _NOTHING, _NOTHING, _NOTHING, _NOTHING, *_so_far(bill.former)))
    if not rows:
        return f"No nodes, and none so far.\n\n{_prices(bill, prices)}"
    if totals:
        rows.append(_total(bill))
    table = columns([_HEADINGS, *rows], right=_MONEY)
    notes = "\n".join(_notes(bill))
    return "\n\n".join(part for part in (table, notes, _prices(bill, prices)) if part)


def cost_json(bill: Bill, prices: PriceList) -> dict[str, Any]:
    """`workspaces`, `orphans`, `former`, `fleet`, `as_of` and `prices`; dollars are null when not known."""
    spendings = _spendings(bill)
    known, unknown = _rate(bill.rows)
    return {
        "as_of": bill.at,
        "workspaces": [{"workspace": row.name, **_plain(row)} for row in bill.workspaces],
        "orphans": [_plain_orphan(orphan, row) for orphan, row in bill.orphans],
        "former": _spent(bill.former),
        "fleet": {
            "nodes": _nodes(bill.rows),
            "dollars_per_hour": known,
            "dollars_per_month": known * HOURS_PER_MONTH,
            "at_most": any(row.at_most for row in bill.rows),
            "unknown_prices": unknown,
            **_spent(_sum(spendings)),
        },
        "prices": {
            "date": prices.date,
            "source": prices.source,
            "meaning": prices.meaning,
            "regions": list(bill.regions),
        },
    }


def _row(row: Row) -> tuple[str, ...]:
    return (
        readable(row.name, 80),
        _of(row),
        readable(" + ".join(map(str, row.options)), 100) or _NOTHING,
        dollars(row.dollars_per_hour, at_most=row.at_most),
        monthly(row.dollars_per_hour, at_most=row.at_most),
        *(_so_far(row.spending) if row.is_counted else ("not counted", _NOTHING)),
    )


def _of(row: Row) -> str:
    if row.nodes is None:
        return f"{row.wanted} asked for"
    return str(row.nodes) if row.wanted is None else f"{row.nodes}/{row.wanted}"


def _so_far(spending: Spending | None) -> tuple[str, str]:
    if spending is None:
        return dollars(0.0), _NOTHING
    return _sign(spending.is_partial, spending.at_most, dollars(spending.dollars)), clock(spending.since)


def _sign(is_partial: bool, at_most: bool, told: str) -> str:
    """The amount with what it lacks: some price is not known, or known as a bound, or both."""
    if told in (UNKNOWN, dollars(0.0)) or not (is_partial or at_most):
        return told
    return f"{'~' if is_partial and at_most else '≥' if is_partial else '≤'} {told}"


def _orphan(row: Row) -> tuple[str, ...]:
    cells = _row(row)
    return (style(f"pool {cells[0]}: nobody asks for it", fg="yellow"), str(row.nodes), *cells[2:])


def _total(bill: Bill) -> tuple[str, ...]:
    known, unknown = _rate(bill.rows)
    at_most, partial = any(row.at_most for row in bill.rows), unknown > 0
    cells = (
        "the fleet",
        str(_nodes(bill.rows)),
        "",
        _sign(partial, at_most, dollars(known)),
        _sign(partial, at_most, monthly(known)),
        *_so_far(_sum(_spendings(bill))),
    )
    return tuple(style(cell, bold=True) if cell else cell for cell in cells)


def _notes(bill: Bill) -> Iterator[str]:
    """What a figure does not say by itself."""
    for orphan, _ in bill.orphans:
        whose = f" It was made for {readable(orphan.owner, 80)}." if orphan.owner else ""
        until = orphan.hold or "it is removed with the next pass"
        yield f"Pool {readable(orphan.pool, 40)}: {readable(until, 300)}.{whose}"
    if any(row.at_most or (row.spending and row.spending.at_most) for row in bill.rows):
        yield "≤: spot machines cost less than on-demand ones, by how much is not known in advance."
    unknown = [row.name for row in bill.rows if row.dollars_per_hour is None]
    if unknown:
        yield f"≥: no public price is known of the nodes of {readable(', '.join(unknown), 300)}."
    if any(not row.is_counted for row in bill.workspaces):
        yield "Nodes that are not agent pools made by Towline are told as they are asked for, not counted."


def _prices(bill: Bill, prices: PriceList) -> str:
    where = f" in {', '.join(bill.regions)}" if bill.regions else ""
    elsewhere = bill.location and bill.regions and bill.location not in bill.regions
    differ = f"; the cluster is in {bill.location}, where they may differ" if elsewhere else ""
    told = f"Prices of {prices.date}{where}{differ}: {prices.meaning}. Source: {prices.source}."
    return style(told, dim=True)


def _rate(rows: Iterable[Row]) -> tuple[float, int]:
    """Dollars an hour of all whose price is known, and how many have none."""
    each = [row.dollars_per_hour for row in rows]
    known = [price for price in each if price is not None]
    return math.fsum(known), len(each) - len(known)


def _nodes(rows: Iterable[Row]) -> int:
    return sum(row.nodes or 0 for row in rows)


def _spendings(bill: Bill) -> tuple[Spending, ...]:
    each = (*(row.spending for row in bill.rows), bill.former)
    return tuple(spending for spending in each if spending is not None)


def _sum(spendings: Sequence[Spending]) -> Spending | None:
    if not spendings:
        return None
    known = [each.dollars for each in spendings if each.dollars is not None]
    return Spending(
        sum(known) if known else None,
        min(each.since for each in spendings),
        spendings[0].at,
        is_partial=any(each.is_partial for each in spendings),
        at_most=any(each.at_most for each in spendings),
    )


def _plain(row: Row) -> dict[str, Any]:
    month = None if row.dollars_per_hour is None else row.dollars_per_hour * HOURS_PER_MONTH
    return {
        "nodes": row.nodes,
        "nodes_wanted": row.wanted,
        "options": [str(each) for each in row.options],
        "dollars_per_hour": row.dollars_per_hour,
        "dollars_per_month": month,
        "at_most": row.at_most,
        "is_counted": row.is_counted,
        **(_spent(row.spending) if row.is_counted else dict.fromkeys(_spent(None))),
    }


def _plain_orphan(orphan: Orphan, row: Row) -> dict[str, Any]:
    why = {"first_seen": orphan.first_seen, "due": orphan.due, "hold": orphan.hold}
    return {"pool": orphan.pool, "made_for": orphan.owner, **_plain(row), **why}


def _spent(spending: Spending | None) -> dict[str, Any]:
    """What was never spent is nothing since never."""
    if spending is None:
        return {"so_far": 0.0, "so_far_at_most": False, "so_far_is_partial": False, "since": ""}
    return {
        "so_far": spending.dollars,
        "so_far_at_most": spending.at_most,
        "so_far_is_partial": spending.is_partial,
        "since": spending.since,
    }
