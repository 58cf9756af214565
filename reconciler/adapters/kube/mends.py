"""What to do about a fault of a cluster, where that can be said."""

from __future__ import annotations

from reconciler.faults import Fault, Forbidden, Throttled, Unreachable


def mend_of(fault: Fault) -> str:
    """A sentence without a full stop; empty where nothing is known that would help."""
    match fault:
        case Forbidden(code="Unauthorized"):
            return "log in anew: the token of this context is not accepted (AKS: az aks get-credentials)"
        case Forbidden():
            return "`towline install` grants its ServiceAccount what a pass needs"
        case Unreachable():
            return "let Towline reach the API server, and see that the cluster is started"
        case Throttled(retry_after=seconds):
            return f"ask again in {max(1, round(seconds))} s"
    return ""
