"""Offering what was tuned as the next commit, where a workspace asks for it: once for each adapter.

What was proposed is remembered on the tuning's Job. While nothing is due, Git is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from .catalog.catalog import Catalog
from .domain.config import Config
from .domain.finding import Finding, Severity
from .domain.identity import Ref, WorkspaceName
from .domain.plan import Action, Outcome, Step
from .domain.proposal import PROPOSED, Offer, Proposed
from .domain.report import Report, WorkspaceReport
from .domain.state import ObservedState
from .domain.workspace import PROPOSE_TO
from .faults import Fault, Refused
from .look import Doors
from .pauses import Pauses
from .planner.propose.changes import Changes, change_files, entries_of
from .planner.propose.compose import Stand, branch_of, compose, other_branch
from .planner.propose.wish import Wish, wish_of
from .ports import Proposals, Source


@dataclass(frozen=True, slots=True)
class Scene:
    """What a pass knows when it proposes."""

    config: Config
    catalog: Catalog
    observed: ObservedState


@dataclass(frozen=True, slots=True)
class _Told:
    """What became of one wish: its line in the status, and what else is to be said."""

    line: str
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()


class Proposer:
    """Proposes pass after pass. What it keeps is a faster look: the files last changed, and what rests."""

    def __init__(self, source: Source, pauses: Pauses) -> None:
        self._source = source
        self._pauses = pauses
        self._changes: dict[tuple[object, ...], Changes] = {}
        self._commit = ""

    def offer(self, report: Report, scene: Scene, doors: Doors) -> Report:
        """The report with how each proposal stands, those that were due being made."""
        proposals = doors.proposals
        if proposals is None:
            return report
        told = {
            wish.name: self._tell(wish, scene, doors, proposals)
            for wish in _wishes(report.workspaces.values(), scene)
        }
        if not told:
            return report
        workspaces = {
            name: _with(each, told[name]) if name in told else each
            for name, each in report.workspaces.items()
        }
        problems = tuple(problem for each in told.values() for problem in each.problems)
        return replace(report, workspaces=workspaces, problems=(*report.problems, *problems))

    def _tell(self, wish: Wish, scene: Scene, doors: Doors, proposals: Proposals) -> _Told:
        """How it stands. What failed lately rests first; what can be done to no file costs no request."""
        if not wish.due:
            return _Told(wish.line)
        step = _step(wish)
        due, resting = self._pauses.sort((step,))
        if not due:
            return _failed(wish, resting[0])
        try:
            changes = self._change(wish, wish.due, scene)
            if changes.targets:
                wish = self._remember(wish, self._propose(wish, changes, scene, proposals), doors)
        except Fault as fault:
            outcome = Outcome(step, done=False, message=str(fault), transient=fault.transient)
            self._pauses.learn((outcome,))
            return _failed(wish, outcome)
        self._pauses.learn((Outcome(step, done=True),))
        return _Told(_line(wish, changes), changes.findings)

    def _change(self, wish: Wish, names: tuple[WorkspaceName, ...], scene: Scene) -> Changes:
        """The files of these workspaces with the adapter, read from our own copy of the commit."""
        if self._commit != scene.config.commit:
            self._commit = scene.config.commit
            self._changes.clear()
        key = (wish.name, wish.digest, names)
        if key not in self._changes:
            snapshot = self._source.snapshot(scene.config.commit)
            entries = entries_of(names, scene.config, snapshot)
            contents = self._source.read(entries)
            written = {entry: contents[entry.blob] for entry in entries if entry.blob in contents}
            self._changes[key] = change_files(wish, names, scene.config, written)
        return self._changes[key]

    def _propose(self, wish: Wish, changes: Changes, scene: Scene, proposals: Proposals) -> Proposed:
        """On the first branch that is free or ours. One that proposes this very adapter is left as it is."""
        branch = branch_of(wish.name, scene.config.fleet.spec.default_namespace)
        names = (branch, other_branch(branch, wish.digest))
        for name in names:
            offer = proposals.find(name)
            if _is_made(offer, wish):
                return Proposed(wish.digest, name, (*wish.standing, *wish.due))
            if offer is not None and not (offer.is_ours and offer.names(wish.name)):
                continue
            if offer is not None and wish.is_known:
                changes = self._change(wish, (*wish.standing, *wish.due), scene)
            where = Stand(proposals.place, name, offer.commit if offer else "")
            made = compose(wish, changes, scene.config, scene.catalog, where)
            proposals.propose(made)
            return Proposed(wish.digest, name, tuple(dict.fromkeys((*wish.standing, *made.targets))))
        raise Refused(f"the branches {' and '.join(names)} are somebody else's; delete one of them")

    def _remember(self, wish: Wish, proposed: Proposed, doors: Doors) -> Wish:
        """Write it down where it outlives us; how the wish stands then."""
        annotated = {"metadata": {"annotations": {PROPOSED: str(proposed)}}}
        doors.cluster.overwrite(wish.job, annotated)
        due = tuple(each for each in wish.due if each not in proposed.targets)
        return replace(wish, standing=proposed.targets, due=due, proposed=proposed)


def _wishes(reports: Iterable[WorkspaceReport], scene: Scene) -> Iterator[Wish]:
    for each in reports:
        if each.tuning and (wish := wish_of(each, scene.config, scene.observed)):
            yield wish


def _is_made(offer: Offer | None, wish: Wish) -> bool:
    """Whether the branch proposes this adapter though nothing is remembered: whoever pushed it was stopped
    before writing that down, or is another daemon."""
    return offer is not None and offer.names(wish.name, wish.digest) and not wish.is_known


def _step(wish: Wish) -> Step:
    """A proposal as something that rests after it failed."""
    name = f"{wish.name.name}@{wish.digest}"
    target = Ref("towline.dev/v1alpha1", "Proposal", wish.name.namespace, name)
    return Step(Action.CREATE, target, wish.name, "its adapter is to be proposed")


def _failed(wish: Wish, outcome: Outcome) -> _Told:
    """A failure that may pass is a problem of the pass, so that another look comes soon; what a person has to
    mend is told with the workspace, and keeps nobody waiting."""
    line = _joined(wish.line, f"not proposed: {outcome.message}")
    if outcome.transient:
        return _Told(line, problems=(f"the adapter of {wish.name} is not proposed yet: {outcome.message}",))
    mend = "let Towline push branches below towline/adapter/, or remove the annotation"
    return _Told(line, (_finding(wish, f"its adapter cannot be proposed: {outcome.message}", mend),))


def _line(wish: Wish, changes: Changes) -> str:
    return _joined(wish.line, "not proposed: see the findings" if changes.findings else "")


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _finding(wish: Wish, message: str, mend: str) -> Finding:
    place = (wish.declared.file, wish.declared.line, 1, f"metadata.annotations[{PROPOSE_TO}]")
    return Finding(*place, message, mend, Severity.WARNING, wish.name)


def _with(report: WorkspaceReport, told: _Told) -> WorkspaceReport:
    return replace(report, proposal=told.line, findings=(*report.findings, *told.findings))
