"""How far an agent pool has come, as it is written down: it stands, its nodes are there and have GPUs; or it
has failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from reconciler.domain.cloud import CloudError
from reconciler.domain.logbook import Attempt, Refusal
from reconciler.domain.plan import Action
from reconciler.domain.state import DesiredWorkspace, ObservedObject, ObservedPool
from reconciler.planner.decide.pools import AGENT_POOL, ENDED_BADLY, SUCCEEDED
from reconciler.planner.health import is_ready
from reconciler.planner.health import node as judge_node

from .failing import failed, same_error
from .ground import Ground

_STOPPING = "Canceling"
LATE_FAILURE = 200
"""The status of what failed after Azure had said yes."""


class Census:
    """The nodes by their agent pool, read only where somebody asks. `is_whole` is whether nodes that are not
    there are gone: not while the AKS cluster sleeps or wakes up."""

    def __init__(self, nodes: tuple[ObservedObject, ...], *, is_whole: bool = True) -> None:
        self._nodes = nodes
        self.is_whole = is_whole

    def ready(self, pool: str, *, gpus: bool) -> int:
        """How many nodes of the pool are Ready, with GPUs where that is asked."""
        return sum(is_ready(judge_node(each, {}, gpus=gpus)) for each in self._by_pool.get(pool, ()))

    def registered(self, pool: str) -> int:
        """How many nodes of the pool the cluster knows, Ready or not."""
        return len(self._by_pool.get(pool, ()))

    @cached_property
    def _by_pool(self) -> Mapping[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for document in (each.document for each in self._nodes):
            labels = document["metadata"].get("labels") or {}
            found[labels.get(AGENT_POOL, "")].append(document)
        return found


def noticed(
    attempt: Attempt, pool: ObservedPool, way: DesiredWorkspace, census: Census, ground: Ground
) -> tuple[Attempt, Refusal | None]:
    """The attempt after this look at its pool, and what its failure closes where it has failed anew."""
    attempt = _as_far_as_it_came(attempt, pool)
    if pool.state == SUCCEEDED:
        return _succeeded(attempt, pool, way, census, ground.now), None
    if pool.state in ENDED_BADLY:
        error = pool.error or _untold(attempt, pool)
        if _is_news(attempt, error):
            return failed(attempt, error, ground)
    return attempt, None


def _as_far_as_it_came(attempt: Attempt, pool: ObservedPool) -> Attempt:
    """What an earlier pass was about to ask and did not live to tell: a pool that was to go and is not going,
    or was to be stopped and goes on, was not asked. It stays counted."""
    match attempt.asked:
        case Action.REPLACE if pool.state in ENDED_BADLY:
            return replace(attempt, begun=attempt.failed, asked="")
        case Action.ABORT if pool.state not in (_STOPPING, SUCCEEDED, *ENDED_BADLY):
            return replace(attempt, aborted="", asked="")
    return attempt


def _succeeded(
    attempt: Attempt, pool: ObservedPool, way: DesiredWorkspace, census: Census, now: str
) -> Attempt:
    after = replace(attempt, stood=attempt.stood or now, lost=_lost(attempt, pool, way, census, now))
    troubled = bool(attempt.failures or attempt.error or attempt.again)
    if attempt.equipped and not troubled:
        return after
    wanted = max(way.pool.count if way.pool else pool.count, 1)
    joined = census.ready(pool.name, gpus=False) >= wanted
    equipped = joined and (not way.gpus_per_node or census.ready(pool.name, gpus=True) >= wanted)
    if joined and troubled:
        after = replace(after, failures=0, error=None, again="")
    return replace(
        after,
        joined=attempt.joined or (now if joined else ""),
        equipped=attempt.equipped or (now if equipped else ""),
    )


def _lost(attempt: Attempt, pool: ObservedPool, way: DesiredWorkspace, census: Census, now: str) -> str:
    """Since when nodes that had joined are gone; of a pool that was made smaller none is lost."""
    wanted = min(way.pool.count if way.pool else 0, pool.count)
    if not attempt.joined or not census.is_whole or census.registered(pool.name) >= wanted:
        return ""
    return attempt.lost or now


def _untold(attempt: Attempt, pool: ObservedPool) -> CloudError:
    """What is written down of a pool that ended badly and does not say why."""
    if attempt.aborted and pool.state == "Canceled":
        why = "it took too long and was stopped"
    else:
        why = f"the agent pool ended as {pool.state} and Azure gives no reason"
    return CloudError(LATE_FAILURE, (pool.state,), why)


def _is_news(attempt: Attempt, error: CloudError) -> bool:
    """Whether this failure is not written down yet: it is of the last request, or Azure says something else
    than it said. What a pool says of itself is older than what the last request was answered."""
    if attempt.error is None or attempt.failed < attempt.begun:
        return True
    return attempt.error.status == LATE_FAILURE and not same_error(attempt.error, error)
