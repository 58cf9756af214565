"""What becomes of objects and agent pools: which come, which go, and in which fields others differ."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.domain.identity import PoolRef
from reconciler.domain.review import Fate, FieldChange, ObjectChange
from reconciler.domain.state import DesiredObject, DesiredPool
from reconciler.planner.decide.immutable import immutable_among

from .fields import field_changes

MOST_FIELDS = 60

_POD = "spec.template"


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found about one object; `restarts` is whether its pods are made anew."""

    kind: str
    change: ObjectChange
    restarts: bool = False


def compare_objects(before: Iterable[DesiredObject], after: Iterable[DesiredObject]) -> tuple[Compared, ...]:
    """Every object that is not the same on both sides, in the order of its kind and name."""
    one, other = {each.ref: each for each in before}, {each.ref: each for each in after}
    found: list[Compared] = []
    for ref in sorted({*one, *other}):
        mine, theirs = one.get(ref), other.get(ref)
        if mine is None or theirs is None:
            fate = Fate.ADDED if mine is None else Fate.REMOVED
            found.append(Compared(ref.kind, ObjectChange(str(ref), fate)))
        elif mine.digest != theirs.digest:
            found.append(_changed(ref.kind, str(ref), mine.document, theirs.document))
    return tuple(found)


def compare_pools(before: DesiredPool | None, after: DesiredPool | None) -> Iterator[ObjectChange]:
    """The agent pool on both sides: another name is another pool, made while the former is still there."""
    if before is not None and after is not None and before.name == after.name:
        if before.digest != after.digest:
            one, other = json.loads(before.body)["properties"], json.loads(after.body)["properties"]
            yield _changed("AgentPool", str(PoolRef(after.name)), one, other).change
        return
    if after is not None:
        yield ObjectChange(str(PoolRef(after.name)), Fate.ADDED)
    if before is not None:
        yield ObjectChange(str(PoolRef(before.name)), Fate.REMOVED)


def _changed(kind: str, target: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Compared:
    found = dict(field_changes(kind, before, after))
    fixed = immutable_among(kind, tuple(found))
    told: list[FieldChange] = [each for each in found.values() if each is not None]
    fate = Fate.REPLACED if fixed else Fate.CHANGED
    change = ObjectChange(target, fate, tuple(told[:MOST_FIELDS]), max(len(told) - MOST_FIELDS, 0))
    return Compared(kind, change, restarts=any(path.startswith(_POD) for path in found))
