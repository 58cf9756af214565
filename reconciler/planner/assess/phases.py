"""A workspace's state in one word, from how it stands and what it was."""

from __future__ import annotations

from reconciler.domain.plan import Outcome
from reconciler.domain.report import Phase
from reconciler.planner.health.verdict import HEALTHY

from .conditions import Past
from .sight import Sight
from .standing import UNSEEN, Standing

_SERVED = frozenset({"Ready", "NotReady"})
_STATES = frozenset(
    {Phase.PENDING, Phase.READY, Phase.NOT_READY, Phase.RUNNING, Phase.SUCCEEDED, Phase.FAILED}
)
_ASIDE = frozenset({"Workspace", "NodePool", "NodeClaim"})
"""Kinds that say nothing of whether it serves: its pods do."""


def phase_of(standing: Standing, past: Past, sight: Sight, *, tuning: bool) -> Phase:
    """Where something of it cannot be seen it keeps the phase that it had, and is not called well because of
    what nobody knows."""
    phase = _tuning_phase(standing) if tuning else _serving_phase(standing, past)
    if sight.hidden <= _ASIDE:
        return phase
    known = Phase(past.state) if past.state in _STATES else Phase.PENDING
    if standing.workload.reason == UNSEEN or phase in (Phase.READY, Phase.SUCCEEDED):
        return known
    return phase


def outvoted(phase: Phase, failed: tuple[Outcome, ...]) -> Phase:
    """A refused step of something that serves holds it at what it was; it is not what Git asks for."""
    refused = any(not each.transient for each in failed)
    return Phase.HELD if refused and phase in (Phase.READY, Phase.SUCCEEDED) else phase


def _serving_phase(standing: Standing, past: Past) -> Phase:
    """KAITO's `status.state`: once Ready or NotReady, never Pending again. A model whose pods are all Ready
    serves, whichever nodes it is still to move to."""
    if standing.workload.state == HEALTHY:
        return Phase.READY
    served = past.state in _SERVED or (past.since or {}).get("InferenceReady", ("", ""))[0] == "True"
    return Phase.NOT_READY if served else Phase.PENDING


def _tuning_phase(standing: Standing) -> Phase:
    if standing.has_failed:
        return Phase.FAILED
    match standing.workload.reason:
        case "Complete":
            return Phase.SUCCEEDED
        case "Running":
            return Phase.RUNNING
    return Phase.PENDING
