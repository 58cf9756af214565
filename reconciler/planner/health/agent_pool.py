"""The health of an AKS agent pool: its provisioningState, and what its error means for a person.

Codes and what they ask for: Azure Resource Manager's and AKS's own error codes, as listed in
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors.
"""

from __future__ import annotations

from reconciler.domain.report import Health
from reconciler.domain.state import ObservedPool

from .verdict import degraded, healthy, progressing

_QUOTA = "ask for more quota of that VM family in this region, or choose an instance type of another family"
_CAPACITY = "Azure has no such machine free here at the moment: another instance type may be quicker"
_NOT_OFFERED = "this subscription may not use that instance type in this region: choose another one"
_NEXT_STEP = {
    "ErrCode_InsufficientVCPUQuota": _QUOTA,
    "InsufficientVCPUQuota": _QUOTA,
    "QuotaExceeded": _QUOTA,
    "AllocationFailed": _CAPACITY,
    "ZonalAllocationFailed": _CAPACITY,
    "OverconstrainedAllocationRequest": _CAPACITY,
    "OverconstrainedZonalAllocationRequest": _CAPACITY,
    "SkuNotAvailable": _NOT_OFFERED,
    "VMSizeNotSupported": _NOT_OFFERED,
    "VMExtensionProvisioningError": (
        "the GPU driver did not install on the node: a new node usually lands on other hardware"
    ),
}


def agent_pool(pool: ObservedPool) -> Health:
    """Degraded when Failed or Canceled, Healthy when Succeeded and running, else Progressing."""
    power = _power(pool)
    if pool.state in ("Failed", "Canceled"):
        return _failed(pool)
    if pool.state == "Succeeded" and power == "Stopped":
        return degraded("Stopped", f"agent pool {pool.name} is stopped: start it with az aks nodepool start")
    if pool.state == "Succeeded":
        return healthy("Succeeded", f"agent pool {pool.name} has {pool.count} nodes")
    return progressing(pool.state or "Pending", f"agent pool {pool.name} ({pool.state or 'Pending'})")


def _power(pool: ObservedPool) -> str:
    state = pool.properties.get("powerState")
    return str(state.get("code", "")) if isinstance(state, dict) else ""


def next_step(error: str) -> str:
    """What a person can do about an Azure error, empty when its codes are not known here."""
    return _NEXT_STEP.get(_telling_code(error), "")


def _failed(pool: ObservedPool) -> Health:
    code = _telling_code(pool.error) or pool.error.partition(":")[0].strip()
    step = next_step(pool.error)
    why = pool.error.rstrip(". ") or "Azure gives no reason"
    reason = code if code.replace("_", "").isalnum() else pool.state
    return degraded(reason, f"agent pool {pool.name}: {why}{'; ' if step else ''}{step}")


def _telling_code(error: str) -> str:
    """An error reads `Code: message` with nested errors flattened behind it; the inner code tells more."""
    words = error.replace(":", " ").replace(";", " ").split()
    return next((word for word in words if word in _NEXT_STEP), "")
