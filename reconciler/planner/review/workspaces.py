"""What becomes of each workspace: its fate, its nodes, its objects, and for how long it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.review import NOTHING, Fate, ObjectChange, WorkspaceReview
from reconciler.domain.state import DesiredWorkspace

from .fit import fit_of
from .objects import Compared, compare_objects, compare_pools
from .pause import overlap_of, pause_of
from .side import Side, machines_of
from .supply import supply_of
from .telling import exposed, told_changes

_GRAVITY = {fate: place for place, fate in enumerate(Fate)}


@dataclass(frozen=True, slots=True)
class Pair:
    """One workspace that both sides ask for."""

    before: DesiredWorkspace
    after: DesiredWorkspace

    @property
    def other_nodes(self) -> bool:
        """Whether other nodes take the place of those it has."""
        one, other = self.before, self.after
        pools = (one.pool.name if one.pool else "", other.pool.name if other.pool else "")
        return pools[0] != pools[1] or one.instance_type.lower() != other.instance_type.lower()


def review_workspaces(base: Side, head: Side, beside: tuple[Compared, ...]) -> tuple[WorkspaceReview, ...]:
    """Those something becomes of, the gravest first. `beside` are changes of objects committed beside them:
    those of a workspace's own ConfigMap are told with it."""
    names = sorted({*base.config.workspaces, *head.config.workspaces})
    found = (_review(name, base, head, _own(name, base, head, beside)) for name in names)
    return tuple(sorted((each for each in found if each), key=lambda each: (_GRAVITY[each.fate], each.name)))


def config_of(name: WorkspaceName, side: Side) -> Ref | None:
    """The ConfigMap that a workspace names, None where it names none."""
    declared = side.config.workspaces.get(name)
    section = (declared.manifest.inference or declared.manifest.tuning) if declared else None
    return Ref("v1", "ConfigMap", name.namespace, section.config) if section and section.config else None


def _own(name: WorkspaceName, base: Side, head: Side, beside: tuple[Compared, ...]) -> tuple[Compared, ...]:
    mine = {str(ref) for side in (base, head) if (ref := config_of(name, side))}
    return tuple(each for each in beside if each.change.target in mine)


def _review(
    name: WorkspaceName, base: Side, head: Side, config: tuple[Compared, ...]
) -> WorkspaceReview | None:
    before, after = base.desired.workspaces.get(name), head.desired.workspaces.get(name)
    if name in head.desired.held:
        return _held(name, base, head)
    if after is None:
        return _removed(name, base, head)
    if before is None:
        return _added(after, base, head)
    return _changed(Pair(before, after), base, head, config)


def _held(name: WorkspaceName, base: Side, head: Side) -> WorkspaceReview | None:
    """What is held back stays as it is; where the base holds it back for the same, nothing is new."""
    reasons, declared = head.held(name), head.config.workspaces[name]
    known = base.config.workspaces.get(name)
    if known and known.digest == declared.digest and reasons == base.held(name):
        return None
    before = base.desired.workspaces.get(name)
    stays = machines_of(before) if before else NOTHING
    return WorkspaceReview(
        name, Fate.HELD, declared.file, stays, stays, reasons, digest_before=_digest(before)
    )


def _removed(name: WorkspaceName, base: Side, head: Side) -> WorkspaceReview:
    before, file = base.desired.workspaces.get(name), base.config.workspaces[name].file
    machines = machines_of(before) if before else NOTHING
    if head.unreadable:
        return WorkspaceReview(name, Fate.HELD, file, machines, machines, (head.unreadable,))
    return WorkspaceReview(
        name,
        Fate.REMOVED,
        file,
        machines,
        NOTHING,
        ("it is not declared any more: its objects and its nodes go",),
        _gone(before),
        pause="it stops for good" if before else "",
        digest_before=_digest(before),
    )


def _added(after: DesiredWorkspace, base: Side, head: Side) -> WorkspaceReview:
    mended = ("the base holds it back; now it goes ahead",) if after.name in base.config.workspaces else ()
    found = WorkspaceReview(
        after.name,
        Fate.ADDED,
        after.file,
        NOTHING,
        machines_of(after),
        (*mended, *exposed(None, after)),
        _come(after),
        digest_after=_digest(after),
    )
    return _with_outlook(found, after, head)


def _changed(pair: Pair, base: Side, head: Side, config: tuple[Compared, ...]) -> WorkspaceReview | None:
    before, after = pair.before, pair.after
    compared = (*compare_objects(before.objects, after.objects), *config)
    pools = tuple(compare_pools(before.pool, after.pool))
    supply, known = supply_of(after, head), supply_of(before, base)
    is_crowded_out = bool(supply and supply.is_short and not (known and known.is_short))
    if not compared and not pools and not is_crowded_out:
        return None
    crowded = ("others are given first what there is",) if is_crowded_out else ()
    found = WorkspaceReview(
        after.name,
        _fate(pair, compared),
        after.file,
        machines_of(before),
        machines_of(after),
        (*told_changes(compared), *exposed(before, after), *crowded),
        tuple(each.change for each in compared) + pools,
        overlap_of(before, after, base.config.fleet) if pair.other_nodes else None,
        pause_of(pair.other_nodes, compared, after, base.config.fleet),
        digest_before=_digest(before),
        digest_after=_digest(after),
    )
    return _with_outlook(found, after, head)


def _fate(pair: Pair, compared: tuple[Compared, ...]) -> Fate:
    anew = any(each.change.fate is Fate.REPLACED for each in compared)
    return Fate.REPLACED if pair.other_nodes or anew else Fate.CHANGED


def _with_outlook(found: WorkspaceReview, after: DesiredWorkspace, head: Side) -> WorkspaceReview:
    declared = head.config.workspaces[after.name]
    fit = fit_of(declared, after, head.config.fleet, head.catalog)
    return replace(found, fit=fit, supply=supply_of(after, head))


def _come(after: DesiredWorkspace) -> tuple[ObjectChange, ...]:
    pools = compare_pools(None, after.pool)
    return (*(each.change for each in compare_objects((), after.objects)), *pools)


def _gone(before: DesiredWorkspace | None) -> tuple[ObjectChange, ...]:
    if before is None:
        return ()
    return (
        *(each.change for each in compare_objects(before.objects, ())),
        *compare_pools(before.pool, None),
    )


def _digest(desired: DesiredWorkspace | None) -> str:
    """Everything asked of the world, by its digests."""
    return " ".join(_digests(desired)) if desired else ""


def _digests(desired: DesiredWorkspace) -> Iterator[str]:
    yield from sorted(each.digest for each in desired.objects)
    if desired.pool:
        yield desired.pool.digest
