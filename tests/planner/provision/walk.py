"""A small Azure that answers as chance has it, and passes over it: look, note, choose, plan, act, learn.

Every promise about what is never done is checked at the moment a step would be done.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from random import Random

from reconciler.domain.cloud import CloudError
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Logbook
from reconciler.domain.moment import later
from reconciler.domain.plan import Action, Outcome, Step
from reconciler.domain.provisioning import Kind, NodeChoice
from reconciler.domain.state import DesiredPool, DesiredWorkspace, ObservedObject, ObservedPool, ObservedState
from reconciler.planner.decide.diff import Policy, diff
from reconciler.planner.provision.choosing import Provisions, provision
from reconciler.planner.provision.ground import Ground
from reconciler.planner.provision.learning import begun, learned
from reconciler.planner.provision.noting import note
from tests.builders import NOW, config, desired_state, ground, observed_node, observed_pool
from tests.planner.provision.asking_nodes import (
    DRIVER,
    H100,
    INTERNAL,
    NO_CAPACITY,
    QUOTA,
    RUNNING,
    SMALL_CACHE,
    way,
    ways,
)

MAX_TRIES, MAX_RECREATIONS = 5, 2
BUSY = CloudError(409, ("OperationNotAllowed",), "Another operation (w - Updating) is in progress")
ERRORS = (DRIVER, INTERNAL, NO_CAPACITY, QUOTA, SMALL_CACHE, BUSY)
ONE, TWO = WorkspaceName("default", "one"), WorkspaceName("default", "two")
STRANGER = "wtheirs"


class Walk:
    """Two workspaces with three ways each, and somebody else's pool under the name of one of them."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.now = NOW
        self.edition = 0
        self.logbook = Logbook()
        self.pools: dict[str, ObservedPool] = {
            STRANGER: observed_pool(STRANGER, state="Failed", owner=None, fleet="")
        }
        self.nodes: dict[str, ObservedObject] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.taken: Counter[tuple[str, str]] = Counter()
        self.kind: dict[str, Kind] = {}
        self.is_kind = False
        self.choices: dict[WorkspaceName, NodeChoice] = {}

    # what is asked for

    def workspaces(self) -> tuple[DesiredWorkspace, ...]:
        return (
            self._ways(ONE, "wa", STRANGER, "wc"),
            self._ways(TWO, f"wd{self.edition // 3}", "we", "wf"),
        )

    def _ways(self, name: WorkspaceName, *pools: str) -> DesiredWorkspace:
        digest = f"d{self.edition}"
        first, second, third = (
            way(pools[0], name=name, spot=True, digest=digest),
            way(pools[1], name=name, zone="1", digest=digest),
            way(pools[2], H100, name=name, digest=digest),
        )
        return ways(first, second, third)

    def ground(self) -> Ground:
        spec = {"maxTries": MAX_TRIES, "maxRecreations": MAX_RECREATIONS}
        return ground(config(ONE, TWO, provisioning=spec), ONE, TWO, now=self.now)

    def observed(self) -> ObservedState:
        return ObservedState({}, {}, tuple(self.nodes.values()), dict(self.pools), aks=RUNNING)

    # one pass

    def run_pass(self, *, killed: bool = False) -> None:
        asked, observed, stands_on = desired_state(*self.workspaces()), self.observed(), self.ground()
        self._remember(note(self.logbook, asked, observed, stands_on))
        made = provision(asked, observed, self.logbook, stands_on)
        self._check_choices(made, observed, stands_on)
        plan = diff(made.desired, observed, {}, Policy(stands_on.config, {}, made, stands_on))
        acting = [each for each in plan.steps if each.action is not Action.HOLD]
        counted = begun(self.logbook, acting, made.desired, stands_on)
        outcomes = list(self._applied(acting, made))
        self._remember(counted if killed else learned(counted, outcomes, made.desired, stands_on))

    def _remember(self, logbook: Logbook) -> None:
        """Keep the new logbook. Only of nodes that worked for a day the tries are counted anew."""
        for name, after in logbook.attempts.items():
            before = self.logbook.attempts.get(name)
            if (
                before
                and before.digest == after.digest
                and after.failures == 1
                and after.tries < before.tries - 1
            ):
                assert before.equipped, name
                assert later(before.equipped, 24 * 3600) <= self.now, name
                self.asked[name, after.digest] = self.taken[name, after.digest] = 0
        self.logbook = logbook

    def _check_choices(self, made: Provisions, observed: ObservedState, stands_on: Ground) -> None:
        again = provision(desired_state(*self.workspaces()), observed, self.logbook, stands_on)
        assert again.choices == made.choices
        self.choices = dict(made.choices)
        for choice in made.choices.values():
            assert not choice.until or choice.until > self.now
            assert choice.because or choice.move.value == "go"

    def _applied(self, steps: Iterable[Step], made: Provisions) -> Iterable[Outcome]:
        stopped: set[WorkspaceName | None] = set()
        for step in steps:
            if step.workspace in stopped:
                continue
            self._check(step, made)
            outcome = self._answer(step)
            self._count(step, outcome, made)
            if not outcome.done:
                stopped.add(step.workspace)
            yield outcome

    # the promises

    def _check(self, step: Step, made: Provisions) -> None:
        name, owner = step.target.name, step.workspace
        live = self.pools.get(name)
        assert owner is not None
        assert live is None or (live.owner, live.fleet) == (owner, "towline"), "not ours"
        if step.action is Action.CREATE:
            self._check_alone(name, made.desired.workspaces[owner])
        if step.action is Action.REPLACE:
            assert not self._serves(name), f"{name} serves"
        if step.action is Action.PRUNE and self._serves(name):
            chosen = made.desired.workspaces[owner].pool
            assert chosen is not None
            assert chosen.name != name
            assert self._serves(chosen.name), f"{chosen.name} does not serve yet"

    def _check_alone(self, name: str, workspace: DesiredWorkspace) -> None:
        asked = next(each for each in self.workspaces() if each.name == workspace.name)
        known = {each.pool.name for each in (asked, *asked.alternatives) if each.pool} - {name, STRANGER}
        for other in known & self.pools.keys():
            assert not self._serves(other), f"{name} is made beside {other}, which serves"
            assert self.pools[other].state in ("Failed", "Canceled", "Deleting", "Succeeded"), other

    def _serves(self, name: str) -> bool:
        node = self.nodes.get(name)
        ready = node is not None and node.document["status"]["conditions"][0]["status"] == "True"
        return ready and name in self.pools

    def _count(self, step: Step, outcome: Outcome, made: Provisions) -> None:
        assert step.workspace is not None
        workspace = made.desired.workspaces[step.workspace]
        key = (step.target.name, workspace.digest)
        if outcome.error == BUSY:
            return
        if step.action is Action.CREATE or (step.action is Action.UPDATE and not step.fields):
            self.asked[key] += 1
            assert self.asked[key] <= MAX_TRIES, f"{key} is asked for too often"
        if step.action is Action.REPLACE:
            setback = made.choices[step.workspace].setback
            self.taken[key] += setback is not None and setback.kind is not Kind.CAPACITY
            assert self.taken[key] <= MAX_RECREATIONS, f"{key} is made anew too often"

    # what Azure makes of it

    def _answer(self, step: Step) -> Outcome:
        name = step.target.name
        if not self.is_kind and self.chance.random() < 0.2:
            error = self.chance.choice(ERRORS if step.action in (Action.CREATE, Action.UPDATE) else (BUSY,))
            return Outcome(step, done=False, message="no", error=replace(error, status=error.status or 400))
        match step.action, step.desired:
            case (Action.CREATE | Action.UPDATE) as action, DesiredPool() as desired:
                state = "Creating" if action is Action.CREATE else "Updating"
                self._make(desired, state)
            case ((Action.REPLACE | Action.PRUNE), _):
                self.pools[name] = replace(self.pools[name], state="Deleting")
            case Action.ABORT, _:
                self.pools[name] = replace(self.pools[name], state="Canceled")
        return Outcome(step, done=True, correlation="c")

    def _make(self, desired: DesiredPool, state: str) -> None:
        before = self.pools.get(desired.name)
        properties = {**json.loads(desired.body)["properties"], "provisioningState": state}
        created = before.created if before else self.now
        made = observed_pool(desired.name, desired.instance_type, state, owner=desired.workspace)
        self.pools[desired.name] = replace(made, properties=properties, created=created)

    def evolve(self) -> None:
        """Time goes on, and Azure with it."""
        minutes = 120 if self.is_kind else self.chance.choice((0.2, 1, 5, 20, 45, 120, 400))
        self.now = later(self.now, minutes * 60)
        for name in [each for each in self.pools if each != STRANGER]:
            self._evolve(self.pools[name])

    def _evolve(self, pool: ObservedPool) -> None:
        roll = 0.0 if self.is_kind else self.chance.random()
        match pool.state:
            case "Creating" | "Updating" if roll < 0.35:
                self.pools[pool.name] = replace(pool, state="Succeeded", error=None)
            case "Creating" | "Updating" if roll < 0.75:
                self.pools[pool.name] = replace(pool, state="Failed", error=self._late_error())
            case "Deleting" if roll < 0.7:
                del self.pools[pool.name]
                self.nodes.pop(pool.name, None)
            case "Succeeded" if roll < 0.5:
                ready = self.is_kind or self.chance.random() < 0.7
                gpus = 1 if self.is_kind or self.chance.random() < 0.8 else 0
                self.nodes[pool.name] = observed_node(pool.name, gpus, ready=ready)
            case "Succeeded" if roll < 0.6:
                self.nodes.pop(pool.name, None)
            case "Succeeded" if roll < 0.65:
                self.pools[pool.name] = replace(pool, state="Failed", error=self._late_error())
            case "Succeeded" | "Failed" if roll < 0.68:
                del self.pools[pool.name]
                self.nodes.pop(pool.name, None)

    def _late_error(self) -> CloudError:
        return replace(self.chance.choice(ERRORS[:-1]), status=200, correlation="")
