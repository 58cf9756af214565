"""Do the plan: cluster-wide things first, then workspaces side by side, each one's steps in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from .domain.identity import PoolRef, Ref
from .domain.plan import Action, Outcome, Step
from .domain.state import FIELD_MANAGER, FLEET, DesiredObject, DesiredPool
from .faults import Conflict, Fault, Refused
from .planner.decide.named_lists import named_lists
from .planner.decide.order import CLUSTER_WIDE
from .ports import Cloud, Cluster

ADOPT = "towline.dev/adopt"
HUMAN_TOOLS = ("kubectl", "k9s", "Lens", "node-fetch", "Mozilla", "helm")


@dataclass(frozen=True, slots=True)
class Hands:
    """The doors through which a plan is done. `fleet` is whose objects may be touched;
    `ignore_disruption_budgets` is whether a pool goes though its pods ask to be spared."""

    cluster: Cluster
    cloud: Cloud
    fleet: str
    workers: int = 8
    ignore_disruption_budgets: bool = False


def apply_plan(steps: Iterable[Step], hands: Hands) -> tuple[Outcome, ...]:
    """Every step that acts, done once; after a failed step its workspace waits for another pass."""
    acting = [step for step in steps if step.action not in (Action.KEEP, Action.HOLD)]
    first = [step for step in acting if step.target.kind in CLUSTER_WIDE]
    rest = [step for step in acting if step.target.kind not in CLUSTER_WIDE]
    outcomes = _in_turn(first, hands)
    groups = _by_workspace(rest)
    with ThreadPoolExecutor(hands.workers, thread_name_prefix="apply") as pool:
        for group in pool.map(lambda steps: _in_turn(steps, hands), groups):
            outcomes.extend(group)
    return tuple(outcomes)


def _by_workspace(steps: list[Step]) -> list[list[Step]]:
    def key(step: Step) -> tuple[str, str]:
        name = step.workspace
        return (name.namespace, name.name) if name else ("", "")

    return [list(group) for _, group in groupby(sorted(steps, key=key), key=key)]


def _in_turn(steps: list[Step], hands: Hands) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for step in steps:
        outcomes.append(_one(step, hands))
        if not outcomes[-1].done:
            break
    return outcomes


def _one(step: Step, hands: Hands) -> Outcome:
    try:
        return _act(step, hands)
    except Fault as fault:
        return Outcome(step, done=False, message=str(fault), transient=fault.transient, error=fault.error)


def _act(step: Step, hands: Hands) -> Outcome:
    match step.target, step.action, step.desired:
        case PoolRef() as pool, _, _:
            return Outcome(step, done=True, correlation=_change_pool(pool, step, hands))
        case Ref() as ref, Action.PRUNE, _:
            hands.cluster.delete(ref, step.uid)
        case Ref() as ref, Action.REPLACE, DesiredObject() as desired:
            hands.cluster.delete(ref, step.uid)
            return _apply(step, desired, hands)
        case Ref(), Action.CREATE, DesiredObject() as desired:
            return _create(step, desired, hands)
        case Ref(), _, DesiredObject() as desired:
            return _apply(step, desired, hands)
    return Outcome(step, done=True)


def _change_pool(pool: PoolRef, step: Step, hands: Hands) -> str:
    """Begin what the step says; Azure's correlation id of it. A pool to be replaced is only taken away here:
    it is made anew once it is seen to be gone."""
    match step.action, step.desired:
        case Action.ABORT, _:
            return hands.cloud.abort(pool.name)
        case ((Action.CREATE | Action.UPDATE), DesiredPool() as desired):
            return hands.cloud.ensure(desired, etag=step.uid)
        case _:
            return hands.cloud.remove(pool.name, ignore_disruption_budgets=hands.ignore_disruption_budgets)


def _create(step: Step, desired: DesiredObject, hands: Hands) -> Outcome:
    """Create, unless somebody else's object of that name is there: it is adopted only by consent."""
    found = hands.cluster.find(desired.ref)
    if found is None:
        return _apply(step, desired, hands)
    metadata = found.document.get("metadata", {})
    if _is_ours(metadata, hands.fleet) or (metadata.get("annotations") or {}).get(ADOPT) == hands.fleet:
        return _apply(step, desired, hands)
    if desired.ref.kind in CLUSTER_WIDE:
        return Outcome(step, done=True, uid="")
    message = (
        f"{desired.ref} exists and is not this fleet's; rename the workspace, delete that object, or let"
        f" Towline take it over: kubectl annotate -n {desired.ref.namespace} {desired.ref.kind.lower()}"
        f" {desired.ref.name} {ADOPT}={hands.fleet}"
    )
    return Outcome(step, done=False, message=message)


def _is_ours(metadata: Mapping[str, Mapping[str, str]], fleet: str) -> bool:
    return (metadata.get("labels") or {}).get(FLEET) == fleet


def _apply(step: Step, desired: DesiredObject, hands: Hands) -> Outcome:
    """Apply; fields that a person's tool took are taken back, another controller's are reported. What a
    server refuses to merge into a list is written with the list as a whole."""
    try:
        applied = hands.cluster.apply(desired)
    except Conflict as conflict:
        if not conflict.managers or not all(_may_be_forced(manager) for manager in conflict.managers):
            raise
        applied = hands.cluster.apply(desired, force=True)
    except Refused:
        lists = named_lists(desired.document, step.fields) if step.action is Action.UPDATE else {}
        if not lists:
            raise
        hands.cluster.overwrite(desired.ref, lists)
        applied = hands.cluster.apply(desired)
    return Outcome(step, done=True, uid=applied.uid)


def _may_be_forced(manager: str) -> bool:
    """A person's tool, or ourselves when we had to overwrite."""
    return manager.startswith(HUMAN_TOOLS) or manager == FIELD_MANAGER
