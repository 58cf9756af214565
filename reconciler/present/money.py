"""Dollars as people read them; what is not known is said to be unknown."""

from __future__ import annotations

from reconciler.planner.tell.status_file import HOURS_PER_MONTH, UNKNOWN


def dollars(amount: float | None) -> str:
    """`$3.67`, or `unknown`."""
    return UNKNOWN if amount is None else f"${amount:,.2f}"


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
