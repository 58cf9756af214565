"""A way of having nodes, stage by stage: to be made, being made, joining, Ready, with GPUs, being removed.

A stage that outlives the Fleet's `spec.provisioning.limits` has failed. Sources: azure.md, failure modes and
controller rules; Kubernetes' own stages as KAITO judges them.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.fleet import Limits
from reconciler.domain.logbook import Attempt
from reconciler.domain.moment import is_moment, later, seconds_between
from reconciler.domain.provisioning import Kind, Move, Setback
from reconciler.domain.state import ObservedPool
from reconciler.planner.decide.pools import DELETING, ENDED_BADLY, SUCCEEDED

from .ground import Ground
from .mending import absent, anew, empty, mend, resting, shut_until
from .progress import Census
from .setbacks import took_too_long
from .way import Verdict, Way, closed, in_the_way

_TO_STOP = 600.0
"""Seconds that Azure may take to stop an operation."""


def judge(way: Way, census: Census, ground: Ground) -> Verdict:
    """What is to be done about this way now, whatever it costs and whether or not it is to be had."""
    if way.holder:
        return closed(_held_by_another(way))
    if way.live is None:
        return absent(way, ground)
    if way.state == SUCCEEDED:
        return _made(way, way.live, census, ground)
    if way.state in ENDED_BADLY:
        return mend(way, census, ground)
    if way.state == DELETING:
        return _leaving(way, ground)
    return _coming(way, way.live, ground)


def _held_by_another(way: Way) -> Setback:
    name = way.workspace.pool.name if way.workspace.pool else ""
    sentence = f"an agent pool named {name} is there already, and is {way.holder}'s"
    return in_the_way(sentence, "delete that agent pool, or rename the workspace")


def _coming(way: Way, pool: ObservedPool, ground: Ground) -> Verdict:
    """Azure works on it. What has been asked for and does not end is stopped, once."""
    limits = _limits(ground)
    if not _is_over(_asked_at(way.attempt, pool), limits.create_minutes, ground):
        return Verdict(Move.GO, stays=True, stage="create")
    setback = took_too_long("create", limits.create_minutes, way.option)
    return _stopped_once(way, setback, "create", ground)


def _asked_at(attempt: Attempt | None, pool: ObservedPool) -> str:
    """When what Azure does now was asked for by us; empty where it was not. A pool that stood since is being
    changed by somebody else, or by AKS itself."""
    if attempt is None or not attempt.begun:
        is_known = pool.state == "Creating" and is_moment(pool.created)
        return pool.created if is_known else ""
    return attempt.begun if attempt.begun > attempt.stood else ""


def _leaving(way: Way, ground: Ground) -> Verdict:
    """It is being deleted. What would hold back its successor lets another way go first."""
    minutes = _limits(ground).delete_minutes
    if _is_over(way.given_back_at, minutes, ground):
        return _stopped_once(way, took_too_long("delete", minutes, way.option), "delete", ground)
    after = absent(way, ground)
    if not after.is_open:
        return after
    return Verdict(Move.WAIT, why="its former agent pool is being deleted", stays=True, stage="delete")


def _stopped_once(way: Way, setback: Setback, stage: str, ground: Ground) -> Verdict:
    """Stopped, once since Azure was last asked for anything, and what comes of it waited for; what Azure
    cannot even stop needs a person."""
    begun, aborted = (way.attempt.begun, way.attempt.aborted) if way.attempt else ("", "")
    if not aborted or aborted < begun:
        return Verdict(Move.ABORT, setback, stays=True, stage=stage)
    until = later(aborted, _TO_STOP)
    return Verdict(Move.WAIT, setback, until if until > ground.now else "", stays=True, stage=stage)


def _made(way: Way, pool: ObservedPool, census: Census, ground: Ground) -> Verdict:
    """Azure says it stands: its nodes have to join, be Ready and offer GPUs."""
    attempt = way.attempt
    if _power(pool) == "Stopped":
        return closed(_switched_off(pool), stays=True)
    if pool.count < _wanted(way) and (until := shut_until(way, way.setback, ground)):
        return resting(way, way.setback, until, stays=pool.count > 0)
    if attempt is None or not attempt.stood or not pool.count:
        return Verdict(Move.GO, stays=True)
    if _is_over(attempt.lost, _limits(ground).join_minutes, ground):
        return _bereft(way, pool, census, ground)
    if attempt.equipped:
        return Verdict(Move.GO, stays=True)
    if not attempt.joined:
        return _joining(way, attempt, census, ground)
    return _equipping(way, attempt, ground)


def _bereft(way: Way, pool: ObservedPool, census: Census, ground: Ground) -> Verdict:
    """Nodes that had joined are gone and did not come back: the pool is made anew where none is Ready."""
    minutes = _limits(ground).join_minutes
    setback = took_too_long("join", minutes, way.option)
    sentence = (
        f"nodes of agent pool {pool.name} left the cluster and did not come back for {minutes:g} minutes"
    )
    setback = replace(setback, kind=Kind.RECREATE, sentence=sentence, closes=None)
    if census.ready(pool.name, gpus=False):
        return Verdict(Move.GO, setback, stays=True, stage="join")
    return anew(way, setback, ground)


def _joining(way: Way, attempt: Attempt, census: Census, ground: Ground) -> Verdict:
    name, minutes = way.live.name if way.live else "", _limits(ground).join_minutes
    registered, ready = census.registered(name), census.ready(name, gpus=False)
    stage = "join" if registered < _wanted(way) else "ready"
    if not _is_over(attempt.stood, minutes, ground):
        return Verdict(Move.GO, stays=True, stage=stage)
    setback = took_too_long("ready" if registered else "join", minutes, way.option)
    if ready:
        return Verdict(Move.GO, setback, stays=True, stage=stage)
    if setback.kind is Kind.CAPACITY:
        return empty(way, setback, ground)
    return anew(way, setback, ground)


def _equipping(way: Way, attempt: Attempt, ground: Ground) -> Verdict:
    """A device plugin that is missing is named; no other node would have it."""
    minutes = _limits(ground).gpu_minutes
    late = way.workspace.gpus_per_node > 0 and _is_over(attempt.joined, minutes, ground)
    setback = took_too_long("gpu", minutes, way.option) if late else None
    return Verdict(Move.GO, setback, stays=True, stage="gpu")


def _wanted(way: Way) -> int:
    return way.workspace.pool.count if way.workspace.pool else 0


def _power(pool: ObservedPool) -> str:
    state = pool.properties.get("powerState")
    return str(state.get("code", "")) if isinstance(state, dict) else ""


def _switched_off(pool: ObservedPool) -> Setback:
    return in_the_way(
        f"agent pool {pool.name} is stopped: its machines are switched off",
        f"start it: az aks nodepool start --nodepool-name {pool.name}",
    )


def _is_over(since: str, minutes: float, ground: Ground) -> bool:
    return bool(since) and seconds_between(since, ground.now) > minutes * 60


def _limits(ground: Ground) -> Limits:
    return ground.config.fleet.spec.provisioning.limits
