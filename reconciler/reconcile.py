"""One pass: look at Git, look at the world, close the gap, say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from .apply import Hands, apply_plan
from .domain.config import Config
from .domain.finding import has_errors
from .domain.fleet import FILE, Fleet
from .domain.identity import WorkspaceName
from .domain.inventory import Inventory
from .domain.logbook import Logbook
from .domain.plan import Outcome, Step
from .domain.report import Report
from .domain.state import FLEET, DesiredState, ObservedObject, ObservedState
from .domain.workspace import Workspace
from .faults import Fault, Refused, Throttled
from .hearing import Hearing, record
from .look import Doors, look, look_at_market
from .ownership import Remembered, write_inventory
from .pauses import Pauses
from .planner.assess.assess import Assessor, Pass
from .planner.assess.custom_status import workspace_statuses
from .planner.decide.diff import Policy, diff
from .planner.decide.guard import absences
from .planner.decide.inventory import is_inventory, read_inventory
from .planner.decide.ledger import inventory_after, inventory_begun
from .planner.decide.order import CLUSTER_WIDE, POOL
from .planner.desire.custom_resources import said_of_another_owner, within
from .planner.desire.desire import desire, desire_cluster
from .planner.desire.lore import Lore
from .planner.provision.choosing import provision, wants_market
from .planner.provision.ground import Ground
from .planner.provision.learning import begun, learned
from .planner.provision.noting import note
from .planner.read.before import manifests_before
from .planner.read.seen_nodes import Seen, seen_nodes
from .planner.tell.status import compose_status
from .ports import Reader, Source
from .proposing import Proposer, Scene
from .prospect import Prospect
from .reading import Edition, Hub, Shelf, judge_edition, read_edition


@dataclass(slots=True)
class Memory:
    """Faster looks, nothing more: every value here can be lost at any time and costs only time."""

    shelf: Shelf = field(default_factory=Shelf)
    fleet: Fleet | None = None
    desiring: dict[Any, Any] = field(default_factory=dict)
    diffing: dict[Any, Any] = field(default_factory=dict)
    telling: dict[Any, Any] = field(default_factory=dict)
    writing: dict[Any, Any] = field(default_factory=dict)
    inventory: tuple[tuple[Any, ...], Inventory] = ((), {})
    logbook: Remembered = field(default_factory=Remembered)
    nodes: tuple[tuple[ObservedObject, ...], Seen] = ((), ())
    desired: tuple[tuple[Any, ...], DesiredState] | None = None
    last: Report | None = None
    blind_passes: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How the config repository is read."""

    source: Source
    reader: Reader
    hub: Hub
    lore: Lore


class Engine:
    """A config repository and the world it describes."""

    def __init__(
        self,
        reading: Reading,
        open_doors: Callable[[Fleet], Doors],
        now: Callable[[], str],
        pauses: Pauses | None = None,
    ) -> None:
        self._reading = reading
        self._open_doors = open_doors
        self._now = now
        self._memory = Memory()
        self._assessor = Assessor()
        self._hearing = Hearing()
        self._pauses = pauses or Pauses()
        self._proposer = Proposer(reading.source, self._pauses)

    @property
    def interval_seconds(self) -> float:
        """The Fleet's interval between looks; its default while no Fleet was read."""
        return float((self._memory.fleet or Fleet()).spec.interval_seconds)

    def run_pass(self) -> Report:
        """Look, decide, act, and write down what came of it."""
        try:
            prospect = self.plan()
        except Fault as fault:
            self._tell_blindness(fault)
            raise
        doors = self._open_doors(prospect.config.fleet)
        outcomes, inventory = self._act(prospect, self._hands(prospect.config.fleet, doors))
        report = self._assess(prospect, outcomes, inventory, self._memory.logbook.latest)
        catalog = self._memory.shelf.catalog or self._reading.lore.catalog
        report = self._proposer.offer(report, Scene(prospect.config, catalog, prospect.observed), doors)
        self._memory.last, self._memory.blind_passes = report, 0
        return self._publish(report, prospect, doors)

    def look(self) -> Report:
        """What is true now; nothing is touched."""
        prospect = self.plan()
        return self._assess(prospect, (), prospect.inventory, prospect.logbook)

    def plan(self) -> Prospect:
        """Look and decide; nothing is touched."""
        edition, problems = self._read()
        fleet, more = self._fleet(edition)
        doors = self._open_doors(fleet)
        observed = look(doors)
        inventory = self._inventory(observed, fleet.name)
        config = self._judge(edition, fleet, observed, inventory)
        desired = self._desire(config, observed, inventory)
        if wants_market(desired, observed):
            observed = replace(observed, market=look_at_market(doors.cloud))
        ground = Ground(config, frozenset(inventory), self._reading.lore.machine, self._now())
        heard = self._hearing.hear(config, observed, doors.cluster, ground.now)
        observed = replace(observed, telemetry=heard.telemetry, expecting=heard.expecting)
        logbook = note(self._memory.logbook.of(observed, fleet.name), desired, observed, ground)
        chosen = provision(desired, observed, logbook, ground)
        gone = absences(config, inventory, self._reading.source.descends)
        policy = Policy(config, gone, chosen, ground, self._memory.diffing)
        plan = diff(chosen.desired, observed, inventory, policy)
        said = (*problems, *more, *observed.market.unknown, *heard.problems)
        return Prospect(
            config, chosen.desired, observed, inventory, plan, chosen, logbook, ground, heard, said
        )

    def _act(self, prospect: Prospect, hands: Hands) -> tuple[tuple[Outcome, ...], Inventory]:
        """Do what is due: first what the cluster stands on, then the rest, once it is written down whose what
        is made will be. What came of it all, and what is ours now."""
        due, resting = self._pauses.sort(prospect.plan.steps)
        config, before = prospect.config, prospect.inventory
        wide = apply_plan((step for step in due if step.target.kind in CLUSTER_WIDE), hands)
        intended = inventory_begun(before, due, config)
        told = write_inventory(intended, before, prospect.observed, hands)
        counted, booked = self._count(prospect, due, hands)
        ready = (step for step in due if booked or step.target.kind != POOL)
        done = apply_plan((step for step in ready if step.target.kind not in CLUSTER_WIDE), hands)
        self._pauses.learn((*wide, *done))
        after = inventory_after(before, prospect.desired, prospect.observed, (*wide, *done), config.commit)
        kept = (
            *write_inventory(after, intended, prospect.observed, hands),
            *self._keep_logbook(learned(counted, done, prospect.desired, prospect.ground), prospect, hands),
        )
        record(prospect.heard, hands.cluster)
        failed = (each for each in told if not each.done)
        return (*wide, *done, *resting, *failed, *kept), after

    def _count(self, prospect: Prospect, due: tuple[Step, ...], hands: Hands) -> tuple[Logbook, bool]:
        """Write down what Azure is about to be asked for, and whether that was possible: what cannot be
        counted is not asked, lest a daemon that dies again and again asks for ever."""
        counted = begun(prospect.logbook, due, prospect.desired, prospect.ground)
        return counted, all(each.done for each in self._keep_logbook(counted, prospect, hands))

    def _keep_logbook(self, logbook: Logbook, prospect: Prospect, hands: Hands) -> tuple[Outcome, ...]:
        return self._memory.logbook.write(logbook, prospect.observed, hands)

    @staticmethod
    def _hands(fleet: Fleet, doors: Doors) -> Hands:
        ignore = fleet.spec.provisioning.ignore_pod_disruption_budgets
        return Hands(doors.cluster, doors.cloud, fleet.name, ignore_disruption_budgets=ignore)

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
        before: Mapping[WorkspaceName, Workspace] = manifests_before(config, observed, inventory)
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

    def _assess(
        self, prospect: Prospect, outcomes: tuple[Outcome, ...], inventory: Inventory, book: Logbook
    ) -> Report:
        told = Pass(
            prospect.config, prospect.ground.now, inventory, prospect.problems, prospect.provisions, book
        )
        report = self._assessor.assess(prospect.desired, prospect.observed, prospect.plan, outcomes, told)
        known = said_of_another_owner(foreign_crd=prospect.observed.foreign_crd)
        return replace(report, findings=(*known, *report.findings))

    def _publish(self, report: Report, prospect: Prospect, doors: Doors) -> Report:
        """Say so in the cluster and in Git; what did not change is not written again. What cannot be told now
        is a problem of the report that comes back: the work is done, and another pass tells."""
        problems = (*self._tell_cluster(report, prospect, doors), *self._tell_git(report, doors))
        return replace(report, problems=(*report.problems, *problems)) if problems else report

    def _tell_blindness(self, fault: Fault) -> None:
        """Say in Git that what stands there may be old. From the second time on: a blip is no news."""
        memory = self._memory
        memory.blind_passes += 1
        if memory.blind_passes > 1 and memory.last is not None and memory.fleet is not None:
            old = replace(memory.last, problems=(f"this may be old, the world cannot be looked at: {fault}",))
            with suppress(Fault):
                self._tell_git(old, self._open_doors(memory.fleet))

    def _tell_cluster(self, report: Report, prospect: Prospect, doors: Doors) -> tuple[str, ...]:
        if prospect.observed.foreign_crd:
            return ()
        try:
            for ref, status in workspace_statuses(report, prospect.observed, self._memory.telling):
                doors.cluster.apply_status(ref, status)
        except Fault as fault:
            return (f"the status of a Workspace could not be written: {fault}",)
        return ()

    def _tell_git(self, report: Report, doors: Doors) -> tuple[str, ...]:
        try:
            if status_commit := compose_status(report, doors.book.written(), self._memory.writing):
                doors.book.commit(status_commit)
        except Fault as fault:
            if isinstance(fault, Throttled) or not fault.transient:
                raise
            return (f"the status branch could not be written: {fault}",)
        return ()
