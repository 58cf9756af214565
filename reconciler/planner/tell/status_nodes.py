"""How a workspace's nodes are had and what they cost, as sections of its status file."""

from __future__ import annotations

from typing import Any

from reconciler.domain.provisioning import Move, NodeChoice, Spending
from reconciler.domain.state import Cost

from .readable import readable

HOURS_PER_MONTH = 730  # as Azure's pricing pages count a month
UNKNOWN = "unknown"


def provisioning_section(choice: NodeChoice | None) -> dict[str, Any]:
    """Keys in the order of their use, empty ones left out; nothing at all while all goes the plain way."""
    if choice is None or not _has_something_to_say(choice):
        return {}
    section = {
        "option": readable(str(choice.option)),
        "because": readable(choice.because) if _is_held(choice) else "",
        "managedDisk": choice.managed_disk,
        "passedOver": [readable(each) for each in choice.passed_over],
        **_tried(choice),
        "tryAgainAt": choice.until,
        "needsAPerson": choice.needs_a_person,
    }
    return {key: value for key, value in section.items() if value not in ("", [], 0, False)}


def cost_section(cost: Cost, spending: Spending | None) -> dict[str, Any]:
    """The price of an hour and a month, and what was spent so far, once that is more than nothing.

    `atMost` is there where some machines are spot, of which a bound is known; `soFarIsPartial` where some had
    no known price."""
    bound = cost.at_most or (spending is not None and spending.at_most)
    return {**_price(cost), **_spent(spending), **({"atMost": True} if bound else {})}


def _has_something_to_say(choice: NodeChoice) -> bool:
    waits = choice.setback is not None or choice.move is Move.WAIT or bool(choice.until)
    is_plain = str(choice.option) == choice.option.instance_type and not choice.managed_disk
    return waits or bool(choice.passed_over) or not is_plain


def _is_held(choice: NodeChoice) -> bool:
    """Whether it waits for something that Azure has not refused."""
    return choice.move is Move.WAIT and choice.setback is None


def _tried(choice: NodeChoice) -> dict[str, Any]:
    setback = choice.setback
    if setback is None:
        return {}
    return {
        "tries": choice.tries,
        "mostTries": choice.most_tries if choice.tries else 0,
        "code": readable(setback.code),
        "correlationId": readable(setback.correlation),
        "nextStep": readable(choice.next_step),
    }


def _price(cost: Cost) -> dict[str, Any]:
    if cost.dollars_per_hour is None:
        return {"dollarsPerHour": UNKNOWN}
    source = {"priceDate": cost.price_date, "priceRegion": cost.price_region or UNKNOWN}
    return {
        "dollarsPerHour": round(cost.dollars_per_hour, 4),
        "dollarsPerMonth": round(cost.dollars_per_hour * HOURS_PER_MONTH, 2),
        **(source if cost.price_date else {}),
    }


def _spent(spending: Spending | None) -> dict[str, Any]:
    if spending is None or spending.dollars == 0:
        return {}
    so_far = UNKNOWN if spending.dollars is None else round(spending.dollars, 2)
    partial = {"soFarIsPartial": True} if spending.is_partial and spending.dollars is not None else {}
    return {"soFar": so_far, **partial, "since": spending.since, "asOf": spending.at}
