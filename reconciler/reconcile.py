"""One pass: look at Git, look at the world, close the gap, say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .apply import Hands, apply_plan
from .domain.config import Config
from .domain.fleet import FILE, Fleet
from .domain.identity import WorkspaceName
from .domain.inventory import Inventory
from .domain.plan import Action, Outcome, Plan, Step
from .domain.report import Report
from .domain.state import DesiredState, ObservedState
from .domain.workspace import Workspace
from .faults import Refused, Unreachable
from .look import Doors, look
from .pauses import Pauses
from .planner.assess import Assessor, Pass
from .planner.before import manifests_before
from .planner.custom_resources import within
from .planner.custom_status import workspace_statuses
from .planner.desire import desire, desire_cluster
from .planner.diff import Policy, diff
from .planner.guard import absences
from .planner.inventory import inventory_objects, is_inventory, read_inventory
from .planner.ledger import inventory_after
from .planner.lore import Lore
from .planner.status import compose_status
from .ports import Reader, Source
from .reading import Edition, Hub, Shelf, judge_edition, read_edition


@dataclass(frozen=True, slots=True)
class Prospect:
    """The first half of a pass: everything seen and what would be done about it."""

    config: Config
    desired: DesiredState
    observed: ObservedState
    inventory: Inventory
    plan: Plan
    problems: tuple[str, ...] = ()


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
    desired: tuple[tuple[Any, ...], DesiredState] | None = None


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
        self, reading: Reading, open_doors: Callable[[Fleet], Doors], now: Callable[[], str]
    ) -> None:
        self._reading = reading
        self._open_doors = open_doors
        self._now = now
        self._memory = Memory()
        self._assessor = Assessor()
        self._pauses = Pauses()

    @property
    def interval_seconds(self) -> float:
        """The Fleet's interval between looks; its default while no Fleet was read."""
        return float((self._memory.fleet or Fleet()).spec.interval_seconds)

    def run_pass(self) -> Report:
        """Look, decide, act, and write down what came of it."""
        prospect = self.plan()
        doors = self._open_doors(prospect.config.fleet)
        hands = Hands(doors.cluster, doors.cloud, prospect.config.fleet.name)
        due, resting = self._pauses.sort(prospect.plan.steps)
        outcomes = apply_plan(due, hands)
        self._pauses.learn(outcomes)
        inventory, kept = _keep_inventory(prospect, outcomes, hands)
        report = self._assess(prospect, (*outcomes, *resting, *kept), inventory)
        self._publish(report, prospect, doors)
        return report

    def look(self) -> Report:
        """What is true now; nothing is touched."""
        prospect = self.plan()
        return self._assess(prospect, (), prospect.inventory)

    def plan(self) -> Prospect:
        """Look and decide; nothing is touched."""
        edition, problems = self._read()
        fleet, more = self._fleet(edition)
        observed = look(self._open_doors(fleet))
        inventory = self._inventory(observed, fleet.name)
        config = self._judge(edition, fleet, observed, inventory)
        desired = self._desire(config, observed, inventory)
        gone = absences(config, inventory, self._reading.source.descends)
        policy = Policy(config, gone, self._reading.lore.price, self._memory.diffing)
        plan = diff(desired, observed, inventory, policy)
        return Prospect(config, desired, observed, inventory, plan, (*problems, *more))

    def _read(self) -> tuple[Edition, tuple[str, ...]]:
        """The branch as it is; the last one read while Git cannot be reached or holds no Fleet."""
        how, shelf = self._reading, self._memory.shelf
        try:
            return read_edition(how.source, how.reader, how.hub, how.lore.catalog, shelf), ()
        except (Unreachable, Refused) as fault:
            if shelf.edition is None:
                raise
            return shelf.edition, (f"going on with commit {shelf.edition.snapshot.commit[:7]}: {fault}",)

    def _fleet(self, edition: Edition) -> tuple[Fleet, tuple[str, ...]]:
        """Whose world this is. A Fleet that cannot be read is nobody's: the last one known goes on."""
        config = judge_edition(edition, {}, self._memory.shelf)
        if FILE not in config.unread:
            self._memory.fleet = config.fleet
            return config.fleet, ()
        said = "; ".join(str(finding) for finding in config.findings if finding.file == FILE)
        if self._memory.fleet is None:
            raise Refused(said or f"{FILE} cannot be read")
        return self._memory.fleet, (said,)

    def _judge(self, edition: Edition, fleet: Fleet, observed: ObservedState, inventory: Inventory) -> Config:
        """The edition judged as a change of what runs."""
        config = judge_edition(edition, {}, self._memory.shelf)
        before: Mapping[WorkspaceName, Workspace] = manifests_before(config, observed, inventory)
        if before:
            config = judge_edition(edition, before, self._memory.shelf)
        return config if config.fleet is fleet else replace(config, fleet=fleet)

    def _desire(self, config: Config, observed: ObservedState, inventory: Inventory) -> DesiredState:
        lore = self._reading.lore
        catalog = self._memory.shelf.edition.catalog if self._memory.shelf.edition else lore.catalog
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

    def _assess(self, prospect: Prospect, outcomes: tuple[Outcome, ...], inventory: Inventory) -> Report:
        told = Pass(prospect.config, self._now(), inventory, prospect.problems)
        report = self._assessor.assess(prospect.desired, prospect.observed, prospect.plan, outcomes, told)
        return replace(report, problems=(*prospect.problems, *report.problems))

    def _publish(self, report: Report, prospect: Prospect, doors: Doors) -> None:
        """Say so in the cluster and in Git; what did not change is not written again."""
        if not prospect.observed.foreign_crd:
            for ref, status in workspace_statuses(report, prospect.observed, self._memory.telling):
                doors.cluster.apply_status(ref, status)
        if status_commit := compose_status(report, doors.book.written(), self._memory.writing):
            doors.book.commit(status_commit)


def _keep_inventory(
    prospect: Prospect, outcomes: tuple[Outcome, ...], hands: Hands
) -> tuple[Inventory, tuple[Outcome, ...]]:
    """Write down what is ours now; only ConfigMaps whose content changed are touched."""
    before = prospect.inventory
    after = inventory_after(before, prospect.desired, prospect.observed, outcomes, prospect.config.commit)
    if after == before:
        return before, ()
    return after, apply_plan(_inventory_steps(after, prospect, hands.fleet), hands)


def _inventory_steps(inventory: Inventory, prospect: Prospect, fleet: str) -> list[Step]:
    wanted = inventory_objects(inventory, fleet)
    live = prospect.observed.objects
    steps = [
        Step(Action.UPDATE, each.ref, None, "what is ours has changed", each)
        for each in wanted
        if each.ref not in live or live[each.ref].digest != each.digest
    ]
    names = {each.ref for each in wanted}
    steps.extend(
        Step(Action.PRUNE, ref, None, "its entries moved", uid=each.uid)
        for ref, each in live.items()
        if is_inventory(ref, fleet) and ref not in names
    )
    return steps
