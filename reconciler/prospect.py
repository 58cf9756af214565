"""The first half of a pass: look at Git, look at the world, decide. Nothing is touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .domain.config import Config
from .domain.finding import Finding, has_errors
from .domain.fleet import FILE, Fleet
from .domain.identity import WorkspaceName
from .domain.inventory import Inventory
from .domain.logbook import Logbook
from .domain.plan import Plan
from .domain.share import WHOLE, Share
from .domain.state import FLEET, DesiredState, ObservedObject, ObservedState
from .domain.workspace import Workspace
from .faults import Fault, Refused, Throttled
from .hearing import Heard, Hearing
from .look import Doors, look, look_at_cluster, look_at_market
from .ownership import Remembered
from .planner.decide.diff import Policy, diff
from .planner.decide.guard import absences
from .planner.decide.inventory import is_inventory, read_inventory
from .planner.decide.ledger import found_again
from .planner.desire.custom_resources import within
from .planner.desire.desire import desire, desire_cluster
from .planner.desire.lore import Lore
from .planner.provision.choosing import Provisions, provision, wants_market
from .planner.provision.ground import Ground
from .planner.provision.noting import note
from .planner.read.before import manifests_before
from .planner.read.seen_nodes import Seen, seen_nodes
from .ports import Reader, Source
from .reading import Edition, Hub, Shelf, judge_edition, read_edition


@dataclass(frozen=True, slots=True)
class Prospect:
    """Everything seen, once, and what would be done about it."""

    config: Config
    desired: DesiredState
    observed: ObservedState
    inventory: Inventory
    plan: Plan
    provisions: Provisions
    logbook: Logbook
    ground: Ground
    heard: Heard
    problems: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding once: of the repository, of each workspace, and why those held back are."""
        declared = (each.findings for each in self.config.workspaces.values())
        asked = (each.findings for each in self.desired.workspaces.values())
        every = (self.config.findings, *declared, *asked, *self.desired.held.values())
        return tuple(dict.fromkeys(finding for found in every for finding in found))


@dataclass(slots=True)
class Memory:
    """Faster looks, nothing more: every value here can be lost at any time and costs only time."""

    shelf: Shelf = field(default_factory=Shelf)
    fleet: Fleet | None = None
    desiring: dict[Any, Any] = field(default_factory=dict)
    diffing: dict[Any, Any] = field(default_factory=dict)
    inventory: tuple[tuple[Any, ...], Inventory] = ((), {})
    logbook: Remembered = field(default_factory=Remembered)
    nodes: tuple[tuple[ObservedObject, ...], Seen] = ((), ())
    desired: tuple[tuple[Any, ...], DesiredState] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How the config repository is read."""

    source: Source
    reader: Reader
    hub: Hub
    lore: Lore


class Prospector:
    """Looks and decides. What it remembers makes it faster, nothing else."""

    def __init__(
        self, reading: Reading, open_doors: Callable[[Fleet], Doors], now: Callable[[], str], memory: Memory
    ) -> None:
        self._reading = reading
        self._open_doors = open_doors
        self._now = now
        self._memory = memory
        self._hearing = Hearing()

    def look_ahead(self) -> None:
        """Read Git, follow the cluster and work out what is asked for, so that whoever takes over need not
        begin with that. Neither Azure nor any container is asked."""
        edition, _ = self._read()
        fleet, _ = self._fleet(edition)
        observed = look_at_cluster(self._open_doors(fleet).cluster)
        inventory = self._inventory(observed, fleet.name)
        config = self._judge(edition, fleet, observed, inventory)
        self._desire(config, observed, found_again(inventory, config, observed))

    def plan(self, share: Share = WHOLE) -> Prospect:
        """Look once, and decide. Raises a `Fault` when Git or the cluster cannot be looked at. Everything is
        decided; only the containers of this share are listened to."""
        edition, problems = self._read()
        fleet, more = self._fleet(edition)
        doors = self._open_doors(fleet)
        observed = look(doors)
        inventory = self._inventory(observed, fleet.name)
        config = self._judge(edition, fleet, observed, inventory)
        inventory = found_again(inventory, config, observed)
        desired = self._desire(config, observed, inventory)
        if wants_market(desired, observed):
            observed = replace(observed, market=look_at_market(doors.cloud))
        ground = Ground(config, frozenset(inventory), self._reading.lore.machine, self._now())
        heard = self._hearing.hear(config, observed, doors.cluster, ground.now, share)
        observed = replace(observed, telemetry=heard.telemetry, expecting=heard.expecting)
        observed = replace(observed, complaints=heard.complaints)
        logbook = note(self._memory.logbook.of(observed, fleet.name), desired, observed, ground)
        chosen = provision(desired, observed, logbook, ground)
        gone = absences(config, inventory, self._reading.source.descends)
        policy = Policy(config, gone, chosen, ground, self._memory.diffing)
        plan = diff(chosen.desired, observed, inventory, policy)
        said = (*problems, *more, *observed.market.unknown, *heard.problems)
        return Prospect(
            config, chosen.desired, observed, inventory, plan, chosen, logbook, ground, heard, said
        )

    def _read(self) -> tuple[Edition, tuple[str, ...]]:
        """The branch as it is; the last one read while Git cannot tell, or holds no branch or no Fleet."""
        how, shelf = self._reading, self._memory.shelf
        try:
            return read_edition(how.source, how.reader, how.hub, how.lore.catalog, shelf), ()
        except Fault as fault:
            if shelf.edition is None or isinstance(fault, Throttled):
                raise
            return shelf.edition, (f"going on with commit {shelf.edition.snapshot.commit[:7]}: {fault}",)

    def _fleet(self, edition: Edition) -> tuple[Fleet, tuple[str, ...]]:
        """Whose world this is. A Fleet that cannot be read is nobody's: the last one known goes on."""
        if not has_errors(edition.mistakes):
            self._memory.fleet = edition.fleet
            return edition.fleet, ()
        said = "; ".join(map(str, edition.mistakes))
        if self._memory.fleet is None:
            raise Refused(said or f"{FILE} cannot be read")
        return self._memory.fleet, (said,)

    def _judge(self, edition: Edition, fleet: Fleet, observed: ObservedState, inventory: Inventory) -> Config:
        """The edition judged as a change of what runs, and own nodes by those that are there."""
        shelf, nodes = self._memory.shelf, self._own_nodes(fleet, observed)
        config = judge_edition(edition, {}, shelf, nodes)
        known = found_again(inventory, config, observed)
        before: Mapping[WorkspaceName, Workspace] = manifests_before(config, observed, known)
        if before:
            config = judge_edition(edition, before, shelf, nodes)
        return config if config.fleet == fleet else replace(config, fleet=fleet)

    def _own_nodes(self, fleet: Fleet, observed: ObservedState) -> Seen | None:
        """The nodes a person may mean; where they come and go with us, those of others."""
        if fleet.spec.node_provisioner not in ("byo", "agentPool"):
            return None
        known, seen = self._memory.nodes
        if known is not observed.nodes:
            seen = seen_nodes(observed.nodes, seen, FLEET if fleet.spec.node_provisioner != "byo" else "")
            self._memory.nodes = (observed.nodes, seen)
        return seen

    def _desire(self, config: Config, observed: ObservedState, inventory: Inventory) -> DesiredState:
        lore = self._reading.lore
        catalog = self._memory.shelf.catalog or lore.catalog
        standing = frozenset(inventory)
        last = self._memory.desired
        if last is not None and last[0][0] is config and last[0][1:] == (observed.foreign_crd, standing):
            return last[1]
        desired = desire(config, catalog, lore.templates, self._memory.desiring, standing)
        desired = within(desired, desire_cluster(config, lore.templates), foreign_crd=observed.foreign_crd)
        self._memory.desired = ((config, observed.foreign_crd, standing), desired)
        return desired

    def _inventory(self, observed: ObservedState, fleet: str) -> Inventory:
        maps = tuple(each for ref, each in observed.objects.items() if is_inventory(ref, fleet))
        if maps != self._memory.inventory[0]:
            self._memory.inventory = (maps, read_inventory(maps))
        return self._memory.inventory[1]
