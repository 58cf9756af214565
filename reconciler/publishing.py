"""The end of a pass: say what was found, in the cluster and in Git. What stands there is not said again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .domain.event import Event
from .domain.identity import Ref, WorkspaceName
from .domain.plan import Action, Outcome, Step
from .domain.report import Report
from .domain.share import WHOLE, Share
from .domain.state import ObservedState
from .faults import Broken, Conflict, Deposed, Fault, Forbidden, Missing, Refused, Throttled
from .look import Doors
from .pauses import Pauses
from .planner.assess.custom_status import workspace_statuses
from .planner.tell.branch_paths import status_path
from .planner.tell.events import Account, compose_events
from .planner.tell.others import Words, as_others_say, words_of
from .planner.tell.status import compose_status
from .ports import Cluster, StatusBook

_BRANCH = Ref("towline.dev/v1alpha1", "StatusBranch", "", "status")
_HANDS = 16
_PUSH = Step(Action.UPDATE, _BRANCH, None, "there is something to tell")
_LOOKS_EVERY = 60.0
"""Seconds after which the branch is looked at again though nothing is to be told: one whose lease lapsed may
have written there."""


class Publisher:
    """Tells what is new since it last told. What it remembers saves work, nothing else."""

    def __init__(self, pauses: Pauses | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._pauses = pauses or Pauses()
        self._clock = clock
        self._looked = clock()
        self._others = Others()
        self._telling: dict[Any, Any] = {}
        self._writing: dict[Any, Any] = {}
        self._last: tuple[Report, Share] | None = None
        self._blind_passes = 0
        self._happenings = Happenings()

    def publish(
        self, account: Account, observed: ObservedState, doors: Doors, share: Share = WHOLE
    ) -> Report:
        """Say so, of the workspaces that are ours. What cannot be told now is a problem of the report that
        comes back, which is of those alone: the work is done, and another pass tells."""
        ours = account.report.of(share)
        self._last, self._blind_passes = (account.report, share), 0
        problems = (
            *self._tell_cluster(ours, observed, doors),
            *self._happenings.tell(account, share, observed, doors.cluster),
        )
        untold = self._tell_git(account.report, doors, share)
        report = replace(ours, problems=(*ours.problems, *problems, *untold), untold="".join(untold))
        return report if problems or untold else ours

    def tell_blindness(self, cause: Fault | Deposed, doors: Doors, share: Share = WHOLE) -> None:
        """Say in Git that what stands there may be old. From the second time on: a blip is no news, unless
        our lease has lapsed over it; then it is said where nobody has written since we did."""
        self._blind_passes += isinstance(cause, Fault)
        if self._last is None:
            return
        report, led = self._last
        why = "the world cannot be looked at" if isinstance(cause, Fault) else "nothing is done"
        blind = replace(report, problems=(f"this may be old, {why}: {cause}",))
        with suppress(Fault):
            if share.lapsed:
                self._add(blind, doors.book, led)
            elif share.held and self._blind_passes > 1:
                self._tell_git(blind, doors, share)

    def _tell_cluster(self, report: Report, observed: ObservedState, doors: Doors) -> tuple[str, ...]:
        if observed.foreign_crd:
            return ()
        try:
            _write_each(workspace_statuses(report, observed, self._telling), doors.cluster)
        except Fault as fault:
            return (f"the status of a Workspace could not be written: {fault}",)
        return ()

    def _tell_git(self, report: Report, doors: Doors, share: Share) -> tuple[str, ...]:
        """One whole sentence where that cannot be. A branch that refuses us rests, longer each time; only a
        server that asks for time has the whole pass wait."""
        due, resting = self._pauses.sort((_PUSH,))
        if not due:
            return (resting[0].message,)
        try:
            self._write(report, doors.book, share)
        except Throttled:
            raise
        except Fault as fault:
            untold = f"the status branch could not be written: {fault}"
            self._pauses.learn((Outcome(_PUSH, done=False, message=untold, transient=fault.transient),))
            return (untold,)
        self._pauses.learn((Outcome(_PUSH, done=True),))
        return ()

    def _write(self, report: Report, book: StatusBook, share: Share) -> None:
        if self._clock() - self._looked > _LOOKS_EVERY:
            self._looked = self._clock()
            book.refresh()
        if share.leads and not share.is_whole:
            report = self._others.heard(report, book, share)
        if status_commit := compose_status(report, book.written(), self._writing, share):
            book.commit(status_commit)

    def _add(self, report: Report, book: StatusBook, share: Share) -> None:
        if status_commit := compose_status(report, book.written(), self._writing, share):
            book.commit_after_own(status_commit)


def _write_each(statuses: Iterable[tuple[Ref, dict[str, Any]]], cluster: Cluster) -> None:
    """Side by side; with the first fault no more is begun, and it is raised."""
    with ThreadPoolExecutor(_HANDS, thread_name_prefix="tell") as hands:
        for _ in hands.map(lambda each: cluster.apply_status(*each), statuses):
            continue


class Others:
    """What those who share the work with us say of their part; read anew only where they said something."""

    def __init__(self) -> None:
        self._said: dict[WorkspaceName, tuple[str, Words | None]] = {}

    def heard(self, report: Report, book: StatusBook, share: Share) -> Report:
        """The report with their words."""
        book.refresh()
        written = book.written()
        paths = {name: status_path(name) for name in report.workspaces if not share.has(name)}
        blobs = {name: written[path] for name, path in paths.items() if path in written}
        fresh = [name for name, blob in blobs.items() if self._said.get(name, ("",))[0] != blob]
        texts = book.contents(paths[name] for name in fresh) if fresh else {}
        for name in fresh:
            self._said[name] = (blobs[name], words_of(texts.get(paths[name], b"")))
        self._said = {name: said for name, said in self._said.items() if name in blobs}
        return as_others_say(report, {name: words for name, (_, words) in self._said.items() if words})


class Happenings:
    """Kubernetes Events of what each pass brings. They are told once, and not at all where that cannot be:
    what they say stands in the status as well."""

    def __init__(self) -> None:
        self._before: Account | None = None
        self._forbidden = ""

    def tell(
        self, account: Account, share: Share, observed: ObservedState, cluster: Cluster
    ) -> tuple[str, ...]:
        """Tell what is new of our share since the last account, which was of everything: of a workspace that
        came to be ours, others have told. A right that is lacking is a problem, and that once."""
        ours = replace(account, report=account.report.of(share))
        events = compose_events(self._before, ours, observed)
        self._before = account
        try:
            _tell_each(events, cluster)
        except Forbidden as fault:
            before, self._forbidden = self._forbidden, str(fault)
            is_told = before == self._forbidden
            return () if is_told else (f"Events of workspaces cannot be written: {fault}",)
        except Fault:
            return ()
        self._forbidden = "" if events else self._forbidden
        return ()


def _tell_each(events: tuple[Event, ...], cluster: Cluster) -> None:
    """One that is not accepted, its namespace being gone for example, does not keep the others."""
    for event in events:
        with suppress(Missing, Conflict, Refused, Broken):
            cluster.tell(event)
