"""The health of an AKS agent pool: its provisioningState, and what its error means for a person."""

from __future__ import annotations

import re

from reconciler.domain.provisioning import Setback
from reconciler.domain.report import Health
from reconciler.domain.state import ObservedPool
from reconciler.planner.provision.setbacks import understand

from .verdict import degraded, healthy, progressing

ENDED_BADLY = frozenset({"Failed", "Canceled"})
_REASON = re.compile(r"[A-Za-z][A-Za-z0-9_]*")  # what Kubernetes takes for a condition's reason
_NO_REASON = "AgentPoolNotReady"


def agent_pool(pool: ObservedPool) -> Health:
    """Degraded when Failed, Canceled or stopped, Healthy when Succeeded and running, else Progressing."""
    if pool.state in ENDED_BADLY:
        return _ended_badly(pool)
    if pool.state == "Succeeded" and _power(pool) == "Stopped":
        return degraded("Stopped", f"agent pool {pool.name} is stopped: start it with az aks nodepool start")
    if pool.state == "Succeeded":
        return healthy("Succeeded", f"agent pool {pool.name} has {pool.count} nodes")
    return progressing(pool.state or "Pending", f"agent pool {pool.name} ({pool.state or 'Pending'})")


def reason_of(setback: Setback, otherwise: str = _NO_REASON) -> str:
    """Azure's code where it may stand as a condition's reason."""
    return setback.code if _REASON.fullmatch(setback.code) else otherwise


def _ended_badly(pool: ObservedPool) -> Health:
    if pool.error is None:
        return degraded(pool.state, f"agent pool {pool.name} is {pool.state}: Azure gives no reason")
    setback = understand(pool.error)
    step = f"; {setback.next_step}" if setback.next_step else ""
    return degraded(reason_of(setback, pool.state), f"{setback.sentence}{step}")


def _power(pool: ObservedPool) -> str:
    state = pool.properties.get("powerState")
    return str(state.get("code", "")) if isinstance(state, dict) else ""
