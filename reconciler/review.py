"""One pull request: what its base asks for beside what its merge result does, of one world looked at once.

The base's `towline.yaml` judges both: whoever may change the rules may not judge by them. Nothing is written,
nothing of the pull request is executed, and no door is opened that its own `towline.yaml` names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from .domain.config import Config, Entry, Snapshot
from .domain.finding import Finding, has_errors
from .domain.fleet import FILE, Fleet
from .domain.identity import WorkspaceName
from .domain.inventory import Inventory
from .domain.review import Asked, Review
from .domain.state import FLEET, DesiredState, ObservedState
from .domain.workspace import Workspace
from .faults import Refused
from .look import Doors, look, look_at_market
from .planner.decide.inventory import is_inventory, read_inventory
from .planner.desire.custom_resources import within
from .planner.desire.desire import desire, desire_cluster
from .planner.desire.lore import Lore
from .planner.provision.choosing import provision, wants_market
from .planner.provision.ground import Ground
from .planner.provision.logbook_object import is_logbook, read_logbook
from .planner.provision.noting import note
from .planner.read.before import manifests_before
from .planner.read.fleet import read_fleet
from .planner.read.seen_nodes import seen_nodes
from .planner.review.compose import Circumstances, compose_review
from .planner.review.rules import rules_change
from .planner.review.side import Side
from .ports import Reader
from .reading import Edition, Hub, Shelf, judge_edition, read_edition


class Revisions(Protocol):
    """A repository, looked at through any of its commits. Every method may raise a `Fault`."""

    def commit(self, ref: str) -> str:
        """The commit that a branch, a tag or a commit's id names."""

    def snapshot(self, commit: str) -> Snapshot:
        """The tree of that commit."""

    def merged(self, base: str, head: str) -> Snapshot:
        """The tree that merging `head` into `base` gives; `Refused` names the files in conflict."""

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id."""


@dataclass(frozen=True, slots=True)
class Means:
    """How revisions are read, and what is known of models and machines."""

    reader: Reader
    hub: Hub
    lore: Lore


@dataclass(frozen=True, slots=True)
class _World:
    """What was seen, and what of it is the fleet's."""

    observed: ObservedState
    inventory: Inventory
    fleet: Fleet
    now: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A revision judged, and what it asks for before its nodes are chosen."""

    edition: Edition
    config: Config
    desired: DesiredState


class Reviewer:
    """Reviews pull requests of one repository. `is_embedded` says that its world is not a real cluster."""

    def __init__(
        self,
        revisions: Revisions,
        means: Means,
        open_doors: Callable[[Fleet], Doors],
        now: Callable[[], str],
        *,
        is_embedded: bool = False,
    ) -> None:
        self._revisions = revisions
        self._means = means
        self._open_doors = open_doors
        self._now = now
        self._is_embedded = is_embedded
        self._models: dict[str, Any] = {}

    def review(self, base_ref: str, head_ref: str) -> Review:
        """Look once, and compare. Raises a `Fault`: `Refused` for a conflict, or a base without a Fleet."""
        base, head = self._revisions.commit(base_ref), self._revisions.commit(head_ref)
        ground, merged = self._revisions.snapshot(base), self._revisions.merged(base, head)
        standing = self._edition(ground)
        if has_errors(standing.mistakes):
            raise Refused(f"{FILE} of {base_ref} has mistakes: {'; '.join(map(str, standing.mistakes))}")
        doors = self._open_doors(standing.fleet)
        world = self._world(standing.fleet, doors)
        before = self._wanted(standing, world, {})
        after = self._wanted(self._edition(_ruled_by(merged, ground)), world, _sound(before.config))
        fleet, mistakes = self._own_fleet(merged)
        own = self._own(merged, fleet, mistakes, world, before)
        world = _with_market(world, doors, (before, after, *((own,) if own else ())))
        sides = [self._side(each, world) for each in (before, after)]
        own_side = self._side(own, world) if own else None
        rules = rules_change(standing.fleet, fleet, mistakes, sides[1], own_side)
        asked = Asked(base_ref, head_ref, base, head, merged.tree)
        made = Circumstances(asked, rules, world.now, self._is_embedded, world.observed.blind)
        return compose_review(sides[0], sides[1], made)

    def _world(self, fleet: Fleet, doors: Doors) -> _World:
        observed = look(doors)
        maps = (each for ref, each in observed.objects.items() if is_inventory(ref, fleet.name))
        return _World(observed, read_inventory(maps), fleet, self._now())

    def _edition(self, snapshot: Snapshot) -> Edition:
        means, source = self._means, _Pinned(snapshot, self._revisions)
        return read_edition(source, means.reader, means.hub, means.lore.catalog, Shelf(models=self._models))

    def _wanted(self, edition: Edition, world: _World, before: Mapping[WorkspaceName, Workspace]) -> _Wanted:
        """The edition judged as a change of what stands before it, or else of what runs."""
        nodes = _own_nodes(world)
        config = judge_edition(edition, {}, Shelf(), nodes)
        stood = {
            **manifests_before(config, world.observed, world.inventory),
            **{name: each for name, each in before.items() if _differs(config, name, each)},
        }
        if stood:
            config = judge_edition(edition, stood, Shelf(), nodes)
        templates, standing = self._means.lore.templates, frozenset(world.inventory)
        desired = desire(config, edition.catalog, templates, {}, standing)
        shared = desire_cluster(config, templates)
        return _Wanted(edition, config, within(desired, shared, foreign_crd=world.observed.foreign_crd))

    def _side(self, wanted: _Wanted, world: _World) -> Side:
        ground = Ground(wanted.config, frozenset(world.inventory), self._means.lore.machine, world.now)
        books = (each for ref, each in world.observed.objects.items() if is_logbook(ref, world.fleet.name))
        logbook = note(read_logbook(tuple(books)), wanted.desired, world.observed, ground)
        chosen = provision(wanted.desired, world.observed, logbook, ground)
        found = _findings(wanted.config, chosen.desired)
        return Side(
            wanted.config, chosen.desired, world.observed, chosen.choices, wanted.edition.catalog, found
        )

    def _own_fleet(self, merged: Snapshot) -> tuple[Fleet | None, tuple[Finding, ...]]:
        """The pull request's own `towline.yaml`, None where it takes it away."""
        entry = _fleet_entry(merged)
        if entry is None:
            return None, ()
        parsed = self._means.reader.parse(self._revisions.read([entry]))
        return read_fleet(merged, parsed, self._means.lore.catalog)

    def _own(
        self,
        merged: Snapshot,
        fleet: Fleet | None,
        mistakes: tuple[Finding, ...],
        world: _World,
        base: _Wanted,
    ) -> _Wanted | None:
        """The pull request by its own rules, where it has others that can be read."""
        if fleet is None or has_errors(mistakes) or fleet == world.fleet:
            return None
        return self._wanted(self._edition(merged), world, _sound(base.config))


@dataclass(frozen=True, slots=True)
class _Pinned:
    """A Source that knows one tree."""

    seen: Snapshot
    revisions: Revisions

    def tip(self) -> str:
        """Its commit."""
        return self.seen.commit

    def snapshot(self, commit: str) -> Snapshot:
        """The tree, whatever is asked."""
        return self.seen

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id."""
        return self.revisions.read(entries)

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether it is that very commit; of others nothing is known."""
        return commit == ancestor


def _ruled_by(merged: Snapshot, base: Snapshot) -> Snapshot:
    """The merged tree with the base's `towline.yaml` in the place of its own."""
    kept = tuple(each for each in merged.entries if each.path != FILE)
    entry = _fleet_entry(base)
    entries = (*kept, entry) if entry else kept
    return replace(merged, entries=tuple(sorted(entries, key=lambda each: each.path)))


def _fleet_entry(snapshot: Snapshot) -> Entry | None:
    return next((each for each in snapshot.entries if each.path == FILE), None)


def _sound(config: Config) -> Mapping[WorkspaceName, Workspace]:
    """The manifests without mistakes: others never ran as they stand."""
    every = config.workspaces.items()
    return {name: each.manifest for name, each in every if not has_errors(each.findings)}


def _differs(config: Config, name: WorkspaceName, manifest: Workspace) -> bool:
    declared = config.workspaces.get(name)
    return declared is not None and declared.manifest != manifest


def _own_nodes(world: _World) -> Any:
    """The nodes a person may mean; where nodes come and go with us, those of others."""
    provisioner = world.fleet.spec.node_provisioner
    if provisioner not in ("byo", "agentPool"):
        return None
    return seen_nodes(world.observed.nodes, (), FLEET if provisioner != "byo" else "")


def _with_market(world: _World, doors: Doors, wanted: Iterable[_Wanted]) -> _World:
    if not any(wants_market(each.desired, world.observed) for each in wanted):
        return world
    return replace(world, observed=replace(world.observed, market=look_at_market(doors.cloud)))


def _findings(config: Config, desired: DesiredState) -> tuple[Finding, ...]:
    """Every finding once: of the repository, of each workspace, and why those held back are."""
    declared = (each.findings for each in config.workspaces.values())
    asked = (each.findings for each in desired.workspaces.values())
    every = (config.findings, *declared, *asked, *desired.held.values())
    return tuple(dict.fromkeys(finding for found in every for finding in found))
