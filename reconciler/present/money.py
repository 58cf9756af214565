"""Dollars as people read them; what is not known is said to be unknown."""

from __future__ import annotations

from reconciler.planner.tell.status_file import HOURS_PER_MONTH, UNKNOWN

BOUND = "≤ "


def dollars(amount: float | None, *, at_most: bool = False) -> str:
    """`$3.67`, `≤ $3.67` of spot machines, or `unknown`."""
    if amount is None:
        return UNKNOWN
    return f"{BOUND if at_most and amount else ''}${amount:,.2f}"


def monthly(amount: float | None, *, at_most: bool = False) -> str:
    """The same over a month of 730 hours."""
    return dollars(None if amount is None else amount * HOURS_PER_MONTH, at_most=at_most)


def difference(before: float | None, after: float | None) -> str:
    """`+$3.67`, `-$3.67`, `$0.00`, or `unknown` when either is."""
    if before is None or after is None:
        return UNKNOWN
    return _signed(after - before)


def monthly_difference(before: float | None, after: float | None) -> str:
    """The same over a month of 730 hours."""
    if before is None or after is None:
        return UNKNOWN
    return _signed((after - before) * HOURS_PER_MONTH)


def _signed(amount: float) -> str:
    sign = "+" if amount > 0 else "-" if amount < 0 else ""
    return f"{sign if round(abs(amount), 2) else ''}${abs(amount):,.2f}"
