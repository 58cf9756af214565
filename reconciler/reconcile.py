"""One pass: look at Git, look at the world, close the gap, say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .apply import Hands, apply_plan
from .contests import Contests
from .domain.fleet import Fleet
from .domain.inventory import Inventory
from .domain.logbook import Logbook
from .domain.plan import Action, Outcome, Step
from .domain.report import Report
from .domain.share import WHOLE, Share
from .domain.tally import Tally
from .faults import Deposed, Fault
from .hearing import heard_of, record
from .look import Doors
from .ownership import retire_undivided, write_inventory
from .pauses import Pauses
from .planner.assess.assess import Assessor, Pass
from .planner.decide.ledger import inventory_after, inventory_begun
from .planner.decide.order import CLUSTER_WIDE, POOL
from .planner.decide.sharing import inventory_of, steps_of
from .planner.desire.custom_resources import said_of_another_owner
from .planner.provision.learning import begun, learned
from .planner.tell.events import Account
from .proposing import Proposer, Scene
from .prospect import Memory, Prospect, Prospector, Reading
from .publishing import Publisher


def _all_of_it() -> Share:
    return WHOLE


class Engine:
    """A config repository and the world it describes."""

    def __init__(
        self,
        reading: Reading,
        open_doors: Callable[[Fleet], Doors],
        now: Callable[[], str],
        pauses: Pauses | None = None,
        share: Callable[[], Share] = _all_of_it,
    ) -> None:
        self._lore = reading.lore
        self._open_doors = open_doors
        self._memory = Memory()
        self._prospector = Prospector(reading, open_doors, now, self._memory)
        self._assessor = Assessor()
        self._pauses = pauses or Pauses()
        self._contests = Contests(now)
        self._share = share
        self._proposer = Proposer(reading.source, self._pauses)
        self._publisher = Publisher(self._pauses)
        self._left_to_others = 0

    @property
    def interval_seconds(self) -> float:
        """The Fleet's interval between looks; its default while no Fleet was read."""
        return float((self._memory.fleet or Fleet()).spec.interval_seconds)

    def tallies(self) -> tuple[Tally, ...]:
        """How many objects have fields that the last pass has left to others."""
        about = "Objects of which some fields are left to whoever sets them again and again."
        return (Tally("towline_contests", about, (), self._left_to_others, grows=False),)

    def run_pass(self) -> Report:
        """Look, decide, act, and write down what came of it; the report of what is ours. Raises Deposed where
        nothing is, or is any more: then there was a look, and nothing else."""
        try:
            share = self._share_sought()
            prospect = self._prospector.plan(share)
        except (Fault, Deposed) as cause:
            if self._memory.fleet is not None:
                doors = self._open_doors(self._memory.fleet)
                self._publisher.tell_blindness(cause, doors, self._share())
            raise
        return self._carry_out(prospect, share)

    def _share_sought(self) -> Share:
        """What is ours; where nothing is, after a look."""
        share = self._share()
        if not share.held:
            self._prospector.look_ahead()
            share = self._share()
        if not share.held:
            raise Deposed(share.because)
        return share

    def look(self) -> Report:
        """What is true now; nothing is touched."""
        prospect = self.plan()
        return self._assess(prospect, (), prospect.inventory, prospect.logbook)

    def plan(self) -> Prospect:
        """Look and decide; nothing is touched."""
        return self._prospector.plan()

    def _carry_out(self, prospect: Prospect, share: Share) -> Report:
        doors = self._open_doors(prospect.config.fleet)
        outcomes, inventory = self._act(prospect, self._hands(prospect.config.fleet, doors, share))
        report = self._assess(prospect, outcomes, inventory, self._memory.logbook.latest)
        catalog = self._memory.shelf.catalog or self._lore.catalog
        scene = Scene(prospect.config, catalog, prospect.observed)
        report = report.amended(self._proposer.offer(report.of(share), scene, doors))
        self._left_to_others = sum(each.is_left for each in outcomes)
        account = Account(report, outcomes, prospect.ground.now)
        return self._publisher.publish(account, prospect.observed, doors, share)

    def _act(self, prospect: Prospect, hands: Hands) -> tuple[tuple[Outcome, ...], Inventory]:
        """Do what is due: first what the cluster stands on, then the rest, once it is written down whose what
        is made will be. What came of it all, and what is ours now."""
        share = hands.share
        rested, resting = self._pauses.sort(steps_of(share, prospect.plan.steps))
        due = self._contests.due(rested, hands.cluster.owners)
        config, before = prospect.config, prospect.inventory
        wide = apply_plan((step for step in due if step.target.kind in CLUSTER_WIDE), hands)
        intended = inventory_begun(before, due, config)
        told = write_inventory(intended, before, prospect.observed, hands)
        counted, booked = self._count(prospect, due, hands)
        ready = (step for step in due if booked or step.target.kind != POOL)
        done = apply_plan((step for step in ready if step.target.kind not in CLUSTER_WIDE), hands)
        self._pauses.learn((*wide, *done))
        self._contests.learn((*wide, *done))
        known = inventory_after(before, prospect.desired, prospect.observed, (*wide, *done), config.commit)
        after = inventory_of(share, known, before)
        kept = (
            *write_inventory(after, intended, prospect.observed, hands),
            *retire_undivided(known, prospect.observed, hands),
            *self._keep_logbook(learned(counted, done, prospect.desired, prospect.ground), prospect, hands),
        )
        record(heard_of(share, prospect.heard, prospect.observed), hands.cluster)
        failed = (each for each in told if not each.done)
        return (*wide, *done, *resting, *self._contests.told(), *failed, *kept), after

    def _count(self, prospect: Prospect, due: tuple[Step, ...], hands: Hands) -> tuple[Logbook, bool]:
        """Write down what Azure is about to be asked for, and whether that was possible: what cannot be
        counted is not asked, lest a daemon that dies again and again asks for ever."""
        counted = begun(prospect.logbook, due, prospect.desired, prospect.ground)
        return counted, all(each.done for each in self._keep_logbook(counted, prospect, hands))

    def _keep_logbook(self, logbook: Logbook, prospect: Prospect, hands: Hands) -> tuple[Outcome, ...]:
        if not hands.share.leads:
            return ()
        return self._memory.logbook.write(logbook, prospect.observed, hands)

    @staticmethod
    def _hands(fleet: Fleet, doors: Doors, share: Share) -> Hands:
        ignore = fleet.spec.provisioning.ignore_pod_disruption_budgets
        return Hands(doors.cluster, doors.cloud, fleet.name, ignore_disruption_budgets=ignore, share=share)

    def _assess(
        self, prospect: Prospect, outcomes: tuple[Outcome, ...], inventory: Inventory, book: Logbook
    ) -> Report:
        told = Pass(
            prospect.config, prospect.ground.now, inventory, prospect.problems, prospect.provisions, book
        )
        report = self._assessor.assess(prospect.desired, prospect.observed, prospect.plan, outcomes, told)
        known = said_of_another_owner(foreign_crd=prospect.observed.foreign_crd)
        has_made = any(each.done and each.step.action is Action.CREATE for each in outcomes)
        return replace(report, findings=(*known, *report.findings), has_made=has_made)
