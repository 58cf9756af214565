"""Do the plan: cluster-wide things first, then workspaces side by side, each one's steps in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby

from .domain.field import is_under
from .domain.identity import PoolRef, Ref
from .domain.plan import Action, Applied, Claim, Outcome, Step
from .domain.share import WHOLE, Share
from .domain.state import FIELD_MANAGER, FLEET, DesiredObject, DesiredPool, ObservedObject
from .faults import Conflict, Fault, Refused
from .planner.decide.drift import drift
from .planner.decide.inventory import NAMESPACE as RECORDS
from .planner.decide.named_lists import named_lists
from .planner.decide.order import CLUSTER_WIDE
from .planner.decide.yielding import spelled, yielded
from .planner.health.going import going
from .ports import Cloud, Cluster

ADOPT = "towline.dev/adopt"
HUMAN_TOOLS = ("kubectl", "k9s", "Lens", "node-fetch", "Mozilla", "helm", "before-first-apply")
"""Field managers that are a person's, by how their names begin; the last is what the API calls whoever wrote
an object before fields had managers."""

Present = Mapping[Ref, ObservedObject]


@dataclass(frozen=True, slots=True)
class Hands:
    """The doors through which a plan is done. `fleet` is whose objects may be touched, `share` which part of
    it is ours; `ignore_disruption_budgets` is whether a pool goes though its pods ask to be spared."""

    cluster: Cluster
    cloud: Cloud
    fleet: str
    workers: int = 16
    ignore_disruption_budgets: bool = False
    share: Share = WHOLE


def apply_plan(steps: Iterable[Step], hands: Hands) -> tuple[Outcome, ...]:
    """Every step that acts, done once; after a failed step its workspace waits for another pass. What lies
    beside the workspaces is each for itself, and goes after them: they may have it mounted."""
    acting = [step for step in steps if step.action not in (Action.KEEP, Action.HOLD)]
    wide = _side_by_side([[step] for step in acting if step.target.kind in CLUSTER_WIDE], hands)
    rest = [step for step in acting if step.target.kind not in CLUSTER_WIDE]
    later = [step for step in rest if _lay_beside(step)]
    alone = [[step] for step in rest if not (_name(step) or _lay_beside(step) or _is_moved(step))]
    done = _side_by_side([*alone, *_by_workspace(rest)], hands)
    if all(outcome.done for outcome in done if not _name(outcome.step)):
        later += [step for step in rest if _is_moved(step)]
    return (*wide, *done, *_side_by_side([[step] for step in later], hands))


def _lay_beside(step: Step) -> bool:
    return step.action is Action.PRUNE and step.workspace is not None and not _name(step)


def _is_moved(step: Step) -> bool:
    """A record of ours whose entries are elsewhere now: it goes once they are."""
    return step.workspace is None and step.action is Action.PRUNE and isinstance(step.target, Ref)


def _name(step: Step) -> tuple[str, str] | None:
    """Of which workspace it is; None of what belongs to no one workspace."""
    name = step.workspace
    return (name.namespace, name.name) if name and name.name else None


def _by_workspace(steps: Iterable[Step]) -> list[list[Step]]:
    def key(step: Step) -> tuple[str, str]:
        return _name(step) or ("", "")

    ordered = sorted((step for step in steps if _name(step)), key=key)
    return [list(group) for _, group in groupby(ordered, key=key)]


def _side_by_side(groups: list[list[Step]], hands: Hands) -> tuple[Outcome, ...]:
    if not groups:
        return ()
    present = _present(groups, hands.cluster)
    with ThreadPoolExecutor(hands.workers, thread_name_prefix="apply") as pool:
        done = list(pool.map(lambda steps: _in_turn(steps, hands, present), groups))
    return tuple(outcome for group in done for outcome in group)


def _present(groups: list[list[Step]], cluster: Cluster) -> Present | None:
    """What is there already of what is to be made; None where that cannot be told of all at once."""
    made = [step.target for group in groups for step in group if step.action is Action.CREATE]
    refs = [ref for ref in made if isinstance(ref, Ref)]
    try:
        return cluster.present(refs) if refs else {}
    except Fault:
        return None


def _in_turn(steps: list[Step], hands: Hands, present: Present | None) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for step in steps:
        outcomes.append(_one(step, hands, present))
        if not outcomes[-1].done:
            break
    return outcomes


def _one(step: Step, hands: Hands, present: Present | None) -> Outcome:
    try:
        return _act(step, hands, present)
    except Fault as fault:
        return Outcome(step, done=False, message=str(fault), transient=fault.transient, error=fault.error)


def _act(step: Step, hands: Hands, present: Present | None) -> Outcome:
    match step.target, step.action, step.desired:
        case PoolRef() as pool, _, _:
            return Outcome(step, done=True, correlation=_change_pool(pool, step, hands))
        case Ref() as ref, Action.PRUNE, _:
            hands.cluster.delete(ref, step.uid)
        case Ref(), Action.REPLACE, DesiredObject() as desired:
            return _replace(step, desired, hands)
        case Ref(), Action.CREATE, DesiredObject() as desired:
            return _create(step, desired, hands, present)
        case Ref(), _, DesiredObject() as desired:
            return _apply(step, desired, hands.cluster)
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


def _replace(step: Step, desired: DesiredObject, hands: Hands) -> Outcome:
    """Delete it and make it anew. What a finalizer holds is made anew when it is seen to be gone: nothing is
    applied to what is going."""
    hands.cluster.delete(desired.ref, step.uid)
    left = hands.cluster.find(desired.ref)
    if left is not None and left.uid == step.uid:
        return _still_there(step, left)
    return _apply(step, desired, hands.cluster)


def _still_there(step: Step, left: ObservedObject) -> Outcome:
    return Outcome(step, done=False, message=going(left), transient=True)


def _create(step: Step, desired: DesiredObject, hands: Hands, present: Present | None) -> Outcome:
    """Create, unless somebody else's object of that name is there: it is adopted only by consent."""
    found = hands.cluster.find(desired.ref) if present is None else present.get(desired.ref)
    if found is None:
        try:
            applied = hands.cluster.apply(desired)
            return Outcome(step, done=True, uid=applied.uid, claims=_unmet(step, desired, applied))
        except Conflict:
            found = hands.cluster.find(desired.ref)
            if found is None:
                raise
    if _may_take(found, step.uid, hands.fleet):
        return _still_there(step, found) if found.deleting else _apply(step, desired, hands.cluster)
    if desired.ref.kind in CLUSTER_WIDE:
        return Outcome(step, done=True, uid="")
    return Outcome(step, done=False, message=_whose(desired.ref, hands.fleet))


def _may_take(found: ObservedObject, uid: str, fleet: str) -> bool:
    """What bears our label, or what lost it and is by its UID the very object that was ours; all else by
    consent alone."""
    metadata = found.document.get("metadata", {})
    owner = (metadata.get("labels") or {}).get(FLEET, "")
    is_ours = owner == fleet or (not owner and found.uid == uid)
    return is_ours or (metadata.get("annotations") or {}).get(ADOPT) == fleet


def _whose(ref: Ref, fleet: str) -> str:
    return (
        f"{ref} exists and is not this fleet's; rename the workspace, delete that object, or let"
        f" Towline take it over: kubectl annotate -n {ref.namespace} {ref.kind.lower()}"
        f" {ref.name} {ADOPT}={fleet}"
    )


def _apply(step: Step, desired: DesiredObject, cluster: Cluster) -> Outcome:
    """Apply, beside whoever else sets fields of it. What a server refuses to merge into a list is written
    with the list as a whole."""
    claims: tuple[Claim, ...] = ()
    try:
        applied = cluster.apply(desired)
    except Conflict as conflict:
        applied, claims = _apply_beside(desired, conflict, cluster)
    except Refused:
        lists = named_lists(desired.document, step.fields) if step.action is Action.UPDATE else {}
        if not lists:
            raise
        cluster.overwrite(desired.ref, lists)
        applied = cluster.apply(desired)
    claims = claims or _unmet(step, desired, applied)
    left = [claim.field for claim in claims]
    fields = tuple(field for field in step.fields if not is_under(field, left))
    return Outcome(replace(step, fields=fields), done=True, uid=applied.uid, claims=claims)


def _apply_beside(
    desired: DesiredObject, conflict: Conflict, cluster: Cluster
) -> tuple[Applied, tuple[Claim, ...]]:
    """Take back what a person's tool took, leave what another controller holds, and apply all the rest.
    A conflict of versions, and one about what cannot be left out, is not settled here: it is raised. What we
    write down for ourselves is nobody else's."""
    document, is_record = desired.document, desired.ref.namespace == RECORDS
    theirs = tuple(
        replace(claim, field=spelled(document, claim.field))
        for claim in conflict.claims
        if not is_record and not _may_be_forced(claim.manager)
    )
    if not conflict.claims or not all(claim.field for claim in theirs):
        raise conflict
    wish = yielded(desired, (claim.field for claim in theirs)) if theirs else desired
    return cluster.apply(wish, force=len(theirs) < len(conflict.claims)), theirs


def _may_be_forced(manager: str) -> bool:
    """A person's tool, or ourselves when we had to overwrite."""
    return manager.startswith(HUMAN_TOOLS) or manager == FIELD_MANAGER


def _unmet(step: Step, desired: DesiredObject, applied: Applied) -> tuple[Claim, ...]:
    """The fields to be made, or corrected, that the very answer shows otherwise than asked for: applying them
    again would change nothing."""
    made = step.action is Action.CREATE
    if applied.seen is None or not (made or step.fields):
        return ()
    found = drift(desired.document, applied.seen.document)
    return tuple(Claim(field) for field in found if made or is_under(field, step.fields))
