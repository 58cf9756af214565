"""What a pass found to be true: one report a workspace, and the fleet as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.domain.cloud import CapacityType
from reconciler.domain.config import Config, Declared
from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.inventory import Holding, Inventory
from reconciler.domain.logbook import Logbook
from reconciler.domain.plan import Action, Outcome, Plan
from reconciler.domain.report import Report, WorkspaceReport
from reconciler.domain.state import Cost, DesiredState, DesiredWorkspace, ObservedState
from reconciler.planner.decide.footing import footing_of
from reconciler.planner.decide.guard import approval_needed
from reconciler.planner.provision.choosing import Provisions
from reconciler.planner.provision.spending import spending_of

from .acted import Told, everything_told
from .beside import Beside
from .coming import choice_after
from .custom_status import workspace_status, workspace_statuses
from .held_back import departing, held
from .left_over import LeftOver
from .problems import problems_of
from .sight import Lookout, Sight
from .verdicts import NO_COST, Evidence, judge

__all__ = ["Assessor", "Pass", "assess", "workspace_status", "workspace_statuses"]


@dataclass(frozen=True, slots=True)
class Pass:
    """What else a pass knows. `now` is RFC 3339; `inventory` is the one after the outcomes; `problems` are
    sentences about the pass as a whole that were known before it was assessed. `provisions` and `logbook` are
    how nodes are had and what they have cost."""

    config: Config
    now: str
    inventory: Inventory
    problems: tuple[str, ...] = ()
    provisions: Provisions | None = None
    logbook: Logbook = field(default_factory=Logbook)


def assess(
    desired: DesiredState, observed: ObservedState, plan: Plan, outcomes: tuple[Outcome, ...], context: Pass
) -> Report:
    """The report of one pass that nothing is remembered for; a daemon keeps an `Assessor`."""
    return Assessor().assess(desired, observed, plan, outcomes, context)


class Assessor:
    """Assesses pass after pass. What it keeps is a faster look: losing it costs time, and `since` where no
    Workspace custom resource carries it."""

    def __init__(self) -> None:
        self._lookout = Lookout()
        self._left_over = LeftOver()
        self._beside = Beside()
        self._known: dict[WorkspaceName, tuple[Evidence, WorkspaceReport]] = {}

    def assess(
        self,
        desired: DesiredState,
        observed: ObservedState,
        plan: Plan,
        outcomes: tuple[Outcome, ...],
        context: Pass,
    ) -> Report:
        """The report of this pass; an unchanged workspace gets the very report it had."""
        footing = footing_of(observed, desired)
        self._lookout.turn_to(observed, footing)
        evidence = self._evidence(desired, plan, outcomes, context)
        known, self._known = self._known, {}
        for each in evidence:
            report = _report(each, known.get(each.name), context.now)
            if report is not None:
                self._known[each.name] = (each, report)
        reports = {name: report for name, (_, report) in self._known.items()}
        return Report(
            context.config.fleet.name,
            context.config.commit,
            context.config.subject,
            reports,
            (
                *_elsewhere(context.config.findings, reports),
                *self._left_over.found(desired, observed, context.inventory, context.config),
            ),
            (
                *context.problems,
                *footing.problems,
                *self._beside.problems(desired.objects, observed),
                *problems_of(observed, self._lookout.hindering.going(), outcomes, reports, context.now),
            ),
            approval_needed(plan.steps),
            context.provisions.orphans if context.provisions else (),
        )

    def _evidence(
        self, desired: DesiredState, plan: Plan, outcomes: tuple[Outcome, ...], context: Pass
    ) -> Iterable[Evidence]:
        changes = {each.workspace: each for each in plan.changes}
        told = everything_told(changes, outcomes, context.logbook)
        names = _names(desired, context, changes, self._lookout)
        for name in sorted(names, key=lambda name: (name.namespace, name.name)):
            yield self._of(name, desired, context, told.of(name))

    def _of(
        self,
        name: WorkspaceName,
        desired: DesiredState,
        context: Pass,
        told: Told,
    ) -> Evidence:
        asked = desired.workspaces.get(name)
        declared = context.config.workspaces.get(name)
        holding = context.inventory.get(name)
        pool = asked.pool.name if asked and asked.pool else ""
        attempt = context.logbook.attempts.get(pool)
        choice = context.provisions.choices.get(name) if context.provisions and asked else None
        sight = self._sight(name, asked, declared, context)
        return Evidence(
            name=name,
            desired=asked,
            declared=declared,
            findings=_findings(asked, declared, desired.held.get(name, ())),
            hold=_hold(told, sight),
            begun=told.begun,
            rolling=told.rolling,
            failed=told.failed,
            left=told.left,
            commit=_commit(asked, holding, context.config),
            file=holding.file if holding else "",
            provisioner=context.config.fleet.spec.node_provisioner,
            sight=sight,
            choice=choice_after(choice, attempt, pool, told.failed),
            attempt=attempt,
            spending=spending_of(name, context.logbook, context.now) if told.has_paid else None,
            running=_running(sight, context.logbook),
        )

    def _sight(
        self, name: WorkspaceName, asked: DesiredWorkspace | None, declared: Declared | None, context: Pass
    ) -> Sight:
        if asked is None:
            holding = context.inventory.get(name)
            return self._lookout.remains(name, context.config.fleet.name, holding.owned if holding else ())
        preferred = asked.option.capacity_type is CapacityType.OWN
        own = preferred or context.config.fleet.spec.node_provisioner == "byo"
        manifest = declared.manifest if own and declared else None
        return self._lookout.sight(
            asked,
            manifest.node_labels if manifest else {},
            byo=own,
            named=manifest.resource.preferred_nodes or () if manifest and preferred else (),
        )


def _report(
    evidence: Evidence, known: tuple[Evidence, WorkspaceReport] | None, now: str
) -> WorkspaceReport | None:
    if known is not None and known[0] == evidence:
        return known[1]
    before = known[1] if known else None
    report = _fresh(evidence, before, now)
    return before if report == before else report


def _fresh(evidence: Evidence, before: WorkspaceReport | None, now: str) -> WorkspaceReport | None:
    if evidence.desired is not None:
        return judge(evidence, evidence.desired, before, now)
    if evidence.declared is not None:
        return held(evidence, evidence.declared, before, now)
    return departing(evidence)


def _names(
    desired: DesiredState, context: Pass, changes: Mapping[WorkspaceName, Any], lookout: Lookout
) -> set[WorkspaceName]:
    """All that are declared, and all of which something may be left."""
    fleet = context.config.fleet.name
    names = {*desired.workspaces, *desired.held, *context.config.workspaces, *context.inventory, *changes}
    orphans = {each.pool for each in context.provisions.orphans} if context.provisions else set()
    named = (pool for pool in lookout.pools() if pool.fleet == fleet and pool.name not in orphans)
    names.update(pool.owner for pool in named if pool.owner)
    return {name for name in names if name.name}


def _hold(told: Told, sight: Sight) -> str:
    """Why its steps wait, where no part of the world is to blame: that is told apart."""
    if told.change is None or told.change.action is not Action.HOLD:
        return ""
    hindering = {each.sentence for each in sight.hindrances}
    return "" if told.change.because in hindering else told.change.because


def _findings(
    asked: DesiredWorkspace | None, declared: Declared | None, held_by: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Every finding once, in the order they were found."""
    found = (*(declared.findings if declared else ()), *held_by, *(asked.findings if asked else ()))
    return tuple(dict.fromkeys(found)) if found else ()


def _commit(asked: DesiredWorkspace | None, holding: Holding | None, config: Config) -> str:
    """The commit that asked for what runs; of what was never applied there is none."""
    if holding is not None and (asked is None or holding.digest == asked.digest):
        return holding.commit
    return config.commit if asked is not None else ""


def _running(sight: Sight, logbook: Logbook) -> Cost:
    """What the machines of the pool that is there cost an hour, as they are metered."""
    meter = logbook.meters.get(sight.pool.name) if sight.pool else None
    return Cost(meter.dollars_per_hour, "", "", meter.at_most) if meter else NO_COST


def _elsewhere(
    findings: tuple[Finding, ...], reports: Mapping[WorkspaceName, WorkspaceReport]
) -> tuple[Finding, ...]:
    return tuple(each for each in findings if each.workspace is None or each.workspace not in reports)
