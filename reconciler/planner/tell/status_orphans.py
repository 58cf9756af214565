"""Agent pools that no workspace asks for: what they cost, since when, and when they go or why they stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.domain.moment import clock
from reconciler.domain.provisioning import Orphan

from .markdown import code, escape


def orphan_lines(orphans: Iterable[Orphan]) -> Iterator[str]:
    """A line of Markdown for each."""
    for each in orphans:
        yield f"- {code(each.pool)}: {escape(orphan_told(each))}."


def orphan_told(orphan: Orphan) -> str:
    """All but its name, in a sentence without its full stop."""
    of_whom = f", made for {orphan.owner}" if orphan.owner else ""
    machines = f"{orphan.count}× {orphan.instance_type}{of_whom}"
    found = f"found at {clock(orphan.first_seen)}{_cost(orphan)}"
    return f"{machines}; {found}; {orphan.hold or 'it is removed now'}"


def _cost(orphan: Orphan) -> str:
    """Counted from when its machines came, which is before it was found that nobody asks for it."""
    if orphan.dollars_per_hour is None:
        return ", at an unknown price"
    hourly = f", ${orphan.dollars_per_hour:,.2f} an hour"
    spending = orphan.spending
    if spending.dollars is None:
        return hourly
    return f"{hourly}, ${spending.dollars:,.2f} since {clock(spending.since)}"
