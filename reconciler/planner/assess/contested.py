"""What is said of the fields of an object that are left to others."""

from __future__ import annotations

from reconciler.domain.moment import clock
from reconciler.domain.plan import Claim, Outcome

_BY_NOBODY = "changed by a mutating webhook, or by the server itself, whenever Towline sets {it}"


def with_contests(message: str, left: tuple[Outcome, ...]) -> str:
    """The message, and what is left to others beside: the first of it, and how much more there is."""
    if not left:
        return message
    more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
    return f"{message}; {contested(left[0])}{more}"


def contested(outcome: Outcome) -> str:
    """Which fields of which object, who sets them, and for how long they are left alone: one sentence, to
    stand after another."""
    claims = outcome.claims
    managers = " and ".join(dict.fromkeys(each.manager for each in claims if each.manager))
    many = len(claims) > 1
    if not managers:
        said = _BY_NOBODY.format(it="them" if many else "it")
    else:
        fought = any(each.fought for each in claims)
        said = f"set again and again by {managers}" if fought else f"owned by {managers}"
    whose = "the workspace" if outcome.step.workspace else "the object"
    moment = f"until {clock(outcome.until)}, or " if outcome.until else ""
    return (
        f"{_fields(claims)} of {outcome.step.target} {'are' if many else 'is'} {said}; Towline leaves"
        f" {'them' if many else 'it'} alone {moment}until {whose} changes in Git"
    )


def _fields(claims: tuple[Claim, ...]) -> str:
    first, more = claims[0].field, len(claims) - 1
    if more == 1:
        return f"{first} and {claims[1].field}"
    return f"{first} and {more} more fields" if more else first
