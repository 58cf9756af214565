"""What of a plan is whose, and what waits for others."""

from __future__ import annotations

from reconciler.domain.identity import PoolRef, Ref, WorkspaceName
from reconciler.domain.inventory import Holding
from reconciler.domain.plan import Action, Step
from reconciler.domain.share import BUCKETS, WHOLE, Share, bucket
from reconciler.planner.decide.sharing import inventory_of, steps_of

NAMES = [WorkspaceName("default", f"w{number}") for number in range(300)]
FIRST, SECOND = Share(frozenset({0}), 2), Share(frozenset({1}), 2)
OTHERS = next(name for name in NAMES if SECOND.has(name))
CRD = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "workspaces.kaito.sh")


def of(kind: str, name: WorkspaceName, api_version: str = "apps/v1") -> Ref:
    return Ref(api_version, kind, name.namespace, name.name)


def step(action: Action, target: Ref | PoolRef, workspace: WorkspaceName | None = OTHERS) -> Step:
    return Step(action, target, workspace, "")


def test_every_workspace_is_one_share_s_and_the_shares_are_about_equal() -> None:
    for shards in (2, 3, 7, BUCKETS):
        shares = [Share(frozenset({number}), shards) for number in range(shards)]
        assert all(sum(each.has(name) for each in shares) == 1 for name in NAMES)
    sizes = [sum(share.has(name) for name in NAMES) for share in (FIRST, SECOND)]
    assert min(sizes) > len(NAMES) / 3


def test_whoever_holds_all_shards_has_all_as_one_alone_has() -> None:
    assert Share(frozenset({0, 1}), 2).is_whole
    assert all(WHOLE.has(name) for name in NAMES)
    assert not Share(frozenset(), 1).is_whole


def test_buckets_stay_what_they_are_for_ever() -> None:
    assert [bucket(WorkspaceName("default", name)) for name in ("chat", "stays", "")] == [59, 11, 0]


def test_a_step_is_done_by_whoever_has_its_workspace() -> None:
    apply = step(Action.UPDATE, of("StatefulSet", OTHERS))
    assert steps_of(SECOND, [apply]) == (apply,)
    assert steps_of(FIRST, [apply]) == ()
    assert steps_of(WHOLE, [apply]) == (apply,)


def test_what_is_the_fleets_as_a_whole_is_shard_zeros() -> None:
    wide = step(Action.CREATE, CRD, None)
    beside = step(Action.CREATE, Ref("v1", "ConfigMap", "default", "c"), None)
    pruned = step(Action.PRUNE, Ref("v1", "ConfigMap", "default", "c"), WorkspaceName("default", ""))
    pool = step(Action.CREATE, PoolRef("w1"))
    every = (wide, beside, pruned, pool)
    assert steps_of(FIRST, every) == every
    assert steps_of(SECOND, every) == ()


def test_what_stands_on_what_another_is_to_make_waits_for_it() -> None:
    namespace = step(Action.CREATE, Ref("v1", "Namespace", "", "default"), None)
    workload = step(Action.CREATE, of("StatefulSet", OTHERS))
    custom = step(Action.CREATE, of("Workspace", OTHERS, "kaito.sh/v1beta1"))
    assert steps_of(SECOND, (namespace, workload)) == ()
    assert steps_of(SECOND, (step(Action.CREATE, CRD, None), custom, workload)) == (workload,)
    assert steps_of(SECOND, (step(Action.UPDATE, CRD, None), custom)) == (custom,)


def test_a_pool_goes_when_another_has_moved_or_removed_what_runs_on_it() -> None:
    goes = step(Action.PRUNE, PoolRef("w1"))
    moves, leaves = (step(each, of("StatefulSet", OTHERS)) for each in (Action.UPDATE, Action.PRUNE))
    waits = step(Action.HOLD, of("StatefulSet", OTHERS))
    assert steps_of(FIRST, (moves, goes)) == steps_of(FIRST, (leaves, goes)) == ()
    assert steps_of(FIRST, (waits, goes)) == steps_of(FIRST, (goes,)) == (goes,)


def test_the_holdings_of_others_stay_as_they_were() -> None:
    ours = next(name for name in NAMES if FIRST.has(name))
    before = {OTHERS: Holding("a", "f", "d", ())}
    after = {ours: Holding("b", "f", "d", ()), OTHERS: Holding("b", "f", "e", ())}
    assert inventory_of(FIRST, after, before) == {ours: after[ours], OTHERS: before[OTHERS]}
    assert inventory_of(SECOND, after, before) == {OTHERS: after[OTHERS]}
