"""Spot machines that never came: Azure says that the pool is made, and no node joins."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.domain.cloud import CapacityType
from reconciler.domain.logbook import Attempt, Refusal
from reconciler.domain.moment import seconds_between
from reconciler.domain.state import ObservedPool
from reconciler.planner.decide.pools import SUCCEEDED

from .closings import closed_by
from .failing import closed
from .ground import Ground
from .lateness import took_too_long


def refused_for_staying_away(
    attempt: Attempt, pool: ObservedPool, refusals: Iterable[Refusal], ground: Ground
) -> Refusal | None:
    """What is closed when no node has joined for too long; None while there is time, or when it is closed."""
    minutes = ground.config.fleet.spec.provisioning.limits.join_minutes
    if attempt.option.capacity_type is not CapacityType.SPOT or pool.state != SUCCEEDED or not pool.count:
        return None
    if attempt.joined or not attempt.stood or seconds_between(attempt.stood, ground.now) <= minutes * 60:
        return None
    family = ground.family(attempt.option.instance_type)
    if closed_by(attempt.option, family, refusals, ground.now) is not None:
        return None
    return closed(took_too_long("join", minutes, attempt.option), attempt, ground)
