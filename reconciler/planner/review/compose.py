"""Two sides to a Review."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reconciler.catalog.catalog import Catalog
from reconciler.catalog.gpu import InstanceType
from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.review import (
    Asked,
    Fate,
    Findings,
    ObjectChange,
    Prices,
    Review,
    RulesChange,
    Sight,
    Total,
    WorkspaceReview,
)
from reconciler.domain.state import DesiredWorkspace, ObservedState

from .concealed import concealed_sentence
from .objects import Compared, compare_objects
from .rules import concealed_finding
from .side import Side
from .workspaces import config_of, review_workspaces


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a Review is made of besides its two sides."""

    asked: Asked
    rules: RulesChange | None
    at: str
    is_embedded: bool
    blind: tuple[str, ...] = ()


def compose_review(base: Side, head: Side, made: Circumstances) -> Review:
    """The Review of a pull request whose merge result is `head`, judged by the base's fleet on both sides."""
    beside = compare_objects(base.desired.objects, head.desired.objects)
    workspaces = review_workspaces(base, head, beside)
    objects = tuple(_of_nobody(beside, workspaces, base, head))
    declared = {*base.config.workspaces, *head.config.workspaces}
    return Review(
        fleet=base.config.fleet.name,
        asked=made.asked,
        workspaces=workspaces,
        untouched=len(declared) - len(workspaces),
        objects=objects,
        rules=made.rules,
        findings=_findings(base.findings, head.findings),
        limits=tuple(_limits(workspaces, base, head)),
        total=_total(base, head),
        sight=_sight(workspaces, objects, base.observed, made),
        prices=_prices(base, head),
    )


def _of_nobody(
    beside: tuple[Compared, ...], workspaces: Iterable[WorkspaceReview], base: Side, head: Side
) -> Iterator[ObjectChange]:
    """Changes that are not told with a workspace already."""
    told = {each.target for one in workspaces for each in one.objects}
    claimed = {str(ref) for one in workspaces for side in (base, head) if (ref := config_of(one.name, side))}
    yield from (each.change for each in beside if each.change.target not in told & claimed)


def _findings(base: tuple[Finding, ...], head: tuple[Finding, ...]) -> Findings:
    """A mistake that only moved within its file is the same mistake."""
    before, after = {_key(each): each for each in base}, {_key(each): each for each in head}
    return Findings(
        tuple(concealed_finding(each) for key, each in after.items() if key not in before),
        tuple(concealed_finding(each) for key, each in after.items() if key in before),
        tuple(concealed_finding(each) for key, each in before.items() if key not in after),
    )


def _key(finding: Finding) -> tuple[object, ...]:
    return finding.file, finding.field, finding.message, finding.severity, finding.workspace


def _limits(workspaces: tuple[WorkspaceReview, ...], base: Side, head: Side) -> Iterator[str]:
    removed = sum(each.fate is Fate.REMOVED for each in workspaces)
    most = base.config.fleet.spec.prune.max_workspaces
    if removed > most:
        yield (
            f"{removed} workspaces are removed and the fleet allows {most} at once: none of them goes until"
            " somebody approves it in spec.approved of towline.yaml"
        )
    if head.config.unread:
        yield f"{head.unreadable}, in this pull request or elsewhere"
    yield from (concealed_sentence(each) for each in base.observed.blind)
    yield from (concealed_sentence(each) for each in head.observed.market.unknown)


def _total(base: Side, head: Side) -> Total:
    budget = base.config.fleet.spec.budget.dollars_per_hour
    one, other = (_dollars(side.desired.workspaces.values()) for side in (base, head))
    return Total(one, other, budget)


def _dollars(workspaces: Iterable[DesiredWorkspace]) -> float:
    return math.fsum(each.cost.dollars_per_hour or 0.0 for each in workspaces)


def _sight(
    workspaces: Iterable[WorkspaceReview],
    objects: Iterable[ObjectChange],
    observed: ObservedState,
    made: Circumstances,
) -> Sight:
    names, targets = {each.name for each in workspaces}, {each.target for each in objects}
    state = state_digest(observed, names, targets)
    return Sight(made.at, made.is_embedded, state, tuple(map(concealed_sentence, made.blind)))


def state_digest(
    observed: ObservedState, names: Collection[WorkspaceName], targets: Collection[str] = ()
) -> str:
    """64 hex digits over what is there of these workspaces and objects: which, whose, as we last wrote them.

    What changes by itself, such as a pod's readiness, is no part of it.
    """
    objects = sorted(
        [str(ref), each.uid, each.digest]
        for ref, each in observed.objects.items()
        if each.workspace in names or str(ref) in targets
    )
    pools = sorted(
        [each.name, each.instance_type.lower(), each.count]
        for each in (observed.pools or {}).values()
        if each.owner in names
    )
    text = json.dumps([objects, pools], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _prices(base: Side, head: Side) -> Prices:
    """The price list, and the regions whose prices were used."""
    listed = head.catalog.sizes.prices
    sizes = {each.instance_type for side in (base, head) for each in side.desired.workspaces.values()}
    regions = {region for size in sizes if (region := _region(size, head.catalog))}
    return Prices(listed.date, tuple(sorted(regions)), listed.meaning)


def _region(size: str, catalog: Catalog) -> str:
    known = catalog.instance_type(size) if size else None
    priced = isinstance(known, InstanceType) and known.price.usd_per_hour is not None
    return known.price.region or "" if priced and isinstance(known, InstanceType) else ""
