"""What plan, outcomes and logbook say of each workspace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.domain.identity import PoolRef, WorkspaceName
from reconciler.domain.logbook import Logbook
from reconciler.domain.plan import Action, Outcome, Step, WorkspaceChange

_WORKLOADS = frozenset({"StatefulSet", "Job"})


@dataclass(frozen=True, slots=True)
class Told:
    """What they say of one. `begun` is true when its agent pool is being created since this pass, `rolling`
    when its pods are being replaced since this pass, `has_paid` when it has had nodes that cost; `left` are
    the objects of which some fields are left to others."""

    change: WorkspaceChange | None
    failed: tuple[Outcome, ...]
    left: tuple[Outcome, ...]
    begun: bool
    rolling: bool
    has_paid: bool


@dataclass(frozen=True, slots=True)
class AllTold:
    """What they say of all."""

    changes: Mapping[WorkspaceName, WorkspaceChange]
    failed: Mapping[WorkspaceName, tuple[Outcome, ...]]
    left: Mapping[WorkspaceName, tuple[Outcome, ...]]
    begun: frozenset[WorkspaceName]
    rolling: frozenset[WorkspaceName]
    paid: frozenset[WorkspaceName]

    def of(self, name: WorkspaceName) -> Told:
        """What they say of this one."""
        return Told(
            self.changes.get(name),
            self.failed.get(name, ()),
            self.left.get(name, ()),
            name in self.begun,
            name in self.rolling,
            name in self.paid,
        )


def everything_told(
    changes: Mapping[WorkspaceName, WorkspaceChange], outcomes: tuple[Outcome, ...], logbook: Logbook
) -> AllTold:
    """Each workspace's part, findable by its name."""
    paid = (*logbook.accounts, *(each.workspace for each in logbook.meters.values()))
    failed = _by_workspace(each for each in outcomes if not each.done)
    left = _by_workspace(each for each in outcomes if each.is_left)
    return AllTold(changes, failed, left, _begun(outcomes), _rolling(outcomes), frozenset(paid))


def _by_workspace(outcomes: Iterable[Outcome]) -> Mapping[WorkspaceName, tuple[Outcome, ...]]:
    found: dict[WorkspaceName, tuple[Outcome, ...]] = defaultdict(tuple)
    for each in outcomes:
        if each.step.workspace is not None:
            found[each.step.workspace] += (each,)
    return found


def _begun(outcomes: tuple[Outcome, ...]) -> frozenset[WorkspaceName]:
    return frozenset(
        each.step.workspace
        for each in outcomes
        if each.done
        and each.step.workspace
        and each.step.action is Action.CREATE
        and isinstance(each.step.target, PoolRef)
    )


def _rolling(outcomes: tuple[Outcome, ...]) -> frozenset[WorkspaceName]:
    """Whose pods this very pass has begun to replace: what was seen of them is of before."""
    steps = (each.step for each in outcomes if each.done and each.step.target.kind in _WORKLOADS)
    return frozenset(step.workspace for step in steps if step.workspace and _replaces_pods(step))


def _replaces_pods(step: Step) -> bool:
    return step.action is Action.REPLACE or any(each.startswith("spec.template") for each in step.fields)
