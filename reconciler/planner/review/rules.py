"""A pull request that changes `towline.yaml`: what it changes, and what that does once it is merged.

Nothing else of the pull request is judged by it: who may change the rules may not judge by them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.domain.finding import Finding
from reconciler.domain.fleet import Fleet
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.review import Effect, FieldChange, RulesChange
from reconciler.domain.state import DesiredWorkspace

from .concealed import concealed_sentence
from .fields import field_changes
from .side import Side, machines_of


def rules_change(
    before: Fleet, after: Fleet | None, findings: tuple[Finding, ...], head: Side, own: Side | None
) -> RulesChange | None:
    """What is to be said of the file; None where it says the same. `own` is the pull request judged by its
    own file, None where that is not to be relied on."""
    if after is None:
        return RulesChange(fields=(), is_removed=True)
    fields = tuple(_fields(before, after))
    if not fields and not findings:
        return None
    told = tuple(concealed_finding(each) for each in findings)
    if own is None:
        return RulesChange(fields, told, dollars_per_hour=None)
    return RulesChange(fields, told, tuple(_effects(head, own)), _dearer_by(head, own))


def concealed_finding(finding: Finding) -> Finding:
    """The same mistake without what looks like a credential."""
    return replace(
        finding,
        file=concealed_sentence(finding.file),
        field=concealed_sentence(finding.field),
        message=concealed_sentence(finding.message),
        mend=concealed_sentence(finding.mend),
    )


def _fields(before: Fleet, after: Fleet) -> Iterator[FieldChange]:
    one, other = (each.model_dump(mode="json", by_alias=True) for each in (before, after))
    yield from (each for _, each in field_changes("Fleet", one, other) if each is not None)


def _effects(head: Side, own: Side) -> Iterator[Effect]:
    for name in sorted({*head.config.workspaces, *own.config.workspaces}):
        if said := _effect(name, head, own):
            yield Effect(name, said)


def _effect(name: WorkspaceName, head: Side, own: Side) -> str:
    before, after = head.desired.workspaces.get(name), own.desired.workspaces.get(name)
    if name not in own.config.workspaces:
        return "is removed"
    if after is None:
        why = next(iter(own.held(name)), "")
        return f"is held back: {why}" if before is not None else ""
    if before is None:
        return "goes ahead" if name in head.config.workspaces else "is added"
    return _difference(before, after)


def _difference(before: DesiredWorkspace, after: DesiredWorkspace) -> str:
    one, other = machines_of(before), machines_of(after)
    if (one.option, one.nodes) != (other.option, other.nodes):
        return f"moves from {one.nodes} × {one.option} to {other.nodes} × {other.option}"
    pools = [each.pool.name if each.pool else "" for each in (before, after)]
    if pools[0] != pools[1]:
        return "moves to other nodes"
    digests = [{each.digest for each in side.objects} for side in (before, after)]
    return "" if digests[0] == digests[1] else "is changed"


def _dearer_by(head: Side, own: Side) -> float | None:
    one, other = _dollars(head.desired.workspaces.values()), _dollars(own.desired.workspaces.values())
    return None if one is None or other is None else other - one


def _dollars(workspaces: Iterable[DesiredWorkspace]) -> float | None:
    prices = [each.cost.dollars_per_hour for each in workspaces]
    known = [each for each in prices if each is not None]
    return math.fsum(known) if len(known) == len(prices) else None
