"""How ARM and AKS say no: one exception, and one function for each refusal the sandbox knows.

The resource provider (AKS) answers a flat `{code, message, subcode}`; the front door (ARM) nests the same
under `error`. Wordings follow public AKS issues and recordings in meaning, not letter for letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ArmError:
    """An error as it stands in a body, an operation or a pool's status."""

    code: str
    message: str
    target: str = ""
    details: tuple[ArmError, ...] = ()

    def document(self) -> dict[str, Any]:
        """Give the JSON form."""
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target:
            said["target"] = self.target
        if self.details:
            said["details"] = [detail.document() for detail in self.details]
        return said


@dataclass
class ArmRefusal(Exception):
    """A request refused with an HTTP status. `flat` is the resource provider's own body."""

    status: int
    error: ArmError
    flat: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Give the JSON body of the answer."""
        if self.flat:
            return {"details": None, "subcode": "", **self.error.document()}
        return {"error": self.error.document()}


def missing_cluster(cluster: str, group: str) -> ArmRefusal:
    """Answer for anything below a cluster that is not there: the parent's 404, not the pool's."""
    resource = f"'Microsoft.ContainerService/managedClusters/{cluster}' under resource group '{group}'"
    more = "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    return _arm(404, "ResourceNotFound", f"The Resource {resource} was not found. {more}")


def missing_group(group: str) -> ArmRefusal:
    """Answer for a resource group that is not there."""
    return _arm(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def missing_subscription(subscription: str) -> ArmRefusal:
    """Answer for a subscription that is not there."""
    return _arm(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def missing_pool(pool: str, cluster: str) -> ArmRefusal:
    """Answer for a pool that is not there, its cluster being there."""
    return _aks(
        404, "NotFound", f"Agent Pool not found. Pool '{pool}' does not exist in cluster '{cluster}'."
    )


def missing_operation(operation: str) -> ArmRefusal:
    """Answer for an operation that never was or is forgotten."""
    return _arm(404, "NotFound", f"Operation '{operation}' was not found.")


def missing_path(path: str) -> ArmRefusal:
    """Answer for a path this API does not have."""
    return _arm(404, "InvalidResourceType", f"The sandbox's ARM API has no resource at '{path}'.")


def missing_version() -> ArmRefusal:
    """Refuse a request that names no api-version."""
    return _arm(400, "MissingApiVersionParameter", "The api-version query parameter is required.")


def unreadable(why: str) -> ArmRefusal:
    """Refuse a body that is not a JSON object."""
    return _arm(400, "InvalidRequestContent", f"The request content was invalid: {why}")


def invalid(target: str, why: str) -> ArmRefusal:
    """Refuse a value."""
    said = f"The value of parameter {target} is invalid. Error details: {why}"
    return _aks(400, "InvalidParameter", said, target)


def unknown_size(size: str, location: str) -> ArmRefusal:
    """Refuse a VM size that the region does not have."""
    said = f"Virtual Machine size: '{size}' is not supported for subscription in location '{location}'."
    more = "For more details, visit https://aka.ms/aks/quotas-skus-regions"
    return _aks(400, "VMSizeNotSupported", f"{said} {more}", "properties.vmSize")


def fixed(name: str) -> ArmRefusal:
    """Refuse to change what is settled when a pool is created."""
    where = f"properties.{name}"
    return _aks(400, "PropertyChangeNotAllowed", f"Changing property '{where}' is not allowed.", where)


def busy(pool: str, doing: str) -> ArmRefusal:
    """Refuse a second operation on a pool while one runs."""
    running = f"there's an in progress {doing} node pool operation on node pool '{pool}'"
    said = f"Operation is not allowed because {running}. Please wait for it to finish and try again."
    return _aks(409, "OperationNotAllowed", said)


def last_system_pool() -> ArmRefusal:
    """Refuse to delete the only system pool."""
    return _aks(400, "BadRequest", "There has to be at least one system agent pool.")


def not_matching(pool: str) -> ArmRefusal:
    """Refuse a write whose condition (If-Match, If-None-Match) does not hold."""
    said = f"The etag of agent pool '{pool}' does not meet the request's condition."
    return _aks(412, "PreconditionFailed", said)


def no_quota(family: str, wanted: int, left: int, location: str) -> ArmRefusal:
    """Refuse for a family's vCPU quota: the preflight's error, its cause nested and told in the message."""
    code = "ErrCode_InsufficientVCPUQuota"
    need = f"Insufficient vcpu quota requested {wanted}, remaining {left}"
    cause = f"{need} for family {family} for region {location}."
    said = f"Preflight validation check for resource(s) failed. Message: {cause} Details: "
    return ArmRefusal(400, ArmError(code, said, details=(ArmError(code, cause),)))


def throttled(seconds: int) -> ArmRefusal:
    """Refuse for the request rate; `seconds` are those of the client."""
    said = f"The request is being throttled, its limit has been reached. Retry after {seconds} seconds."
    return ArmRefusal(429, ArmError("Throttled", said), headers={"Retry-After": str(seconds)})


def broken() -> ArmRefusal:
    """Fail as a server does."""
    return _arm(500, "InternalServerError", "Encountered internal server error.")


def no_capacity(size: str, location: str) -> ArmError:
    """Say why an operation failed for want of hardware; the telling code is inside."""
    want = f"We do not have sufficient capacity for the requested VM size '{size}' in this region"
    cause = f"Allocation failed. {want} ({location})."
    said = f'Reconciling the scale set failed. Code="AllocationFailed" Message="{cause}"'
    return ArmError("ReconcileVMSSAgentPoolFailed", said, details=(ArmError("AllocationFailed", cause),))


def _arm(status: int, code: str, said: str) -> ArmRefusal:
    return ArmRefusal(status, ArmError(code, said))


def _aks(status: int, code: str, said: str, target: str = "") -> ArmRefusal:
    return ArmRefusal(status, ArmError(code, said, target), flat=True)
