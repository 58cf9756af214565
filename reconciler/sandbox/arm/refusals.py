"""What ARM and AKS refuse of themselves: one function for each refusal."""

from __future__ import annotations

from .errors import ArmError, ArmRefusal, by_aks, by_arm

_PENDING = "See https://aka.ms/aks-pending-operation for more details"


def missing_cluster(cluster: str, group: str) -> ArmRefusal:
    """Answer for anything below a cluster that is not there: the parent's 404, not the pool's."""
    resource = f"'Microsoft.ContainerService/managedClusters/{cluster}' under resource group '{group}'"
    more = "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    return by_arm(404, "ResourceNotFound", f"The Resource {resource} was not found. {more}")


def missing_group(group: str) -> ArmRefusal:
    """Answer for a resource group that is not there."""
    return by_arm(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def missing_subscription(subscription: str) -> ArmRefusal:
    """Answer for a subscription that is not there."""
    return by_arm(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.")


def missing_pool(pool: str, cluster: str) -> ArmRefusal:
    """Answer for a pool that is not there, its cluster being there."""
    said = f"Agent Pool not found. Pool '{pool}' does not exist in cluster '{cluster}'."
    return by_aks(404, "NotFound", said)


def missing_operation(operation: str) -> ArmRefusal:
    """Answer for an operation that never was or is forgotten."""
    return by_arm(404, "NotFound", f"Operation '{operation}' was not found.")


def missing_path(path: str) -> ArmRefusal:
    """Answer for a path this API does not have."""
    return by_arm(404, "InvalidResourceType", f"The sandbox's ARM API has no resource at '{path}'.")


def missing_version() -> ArmRefusal:
    """Refuse a request that names no api-version."""
    return by_arm(400, "MissingApiVersionParameter", "The api-version query parameter is required.")


def unreadable(why: str) -> ArmRefusal:
    """Refuse a body that is not a JSON object."""
    return by_arm(400, "InvalidRequestContent", f"The request content was invalid: {why}")


def invalid(target: str, why: str) -> ArmRefusal:
    """Refuse a value."""
    said = f"The value of parameter {target} is invalid. Error details: {why}"
    return by_aks(400, "InvalidParameter", said, target)


def unknown_size(size: str, location: str) -> ArmRefusal:
    """Refuse a VM size that the region does not have, or not for this subscription."""
    said = f"Virtual Machine size: '{size}' is not supported for subscription in location '{location}'."
    more = "For more details, visit https://aka.ms/aks/quotas-skus-regions"
    return by_aks(400, "VMSizeNotSupported", f"{said} {more}", "properties.vmSize")


def unknown_zone(zone: str, pool: str, zones: tuple[str, ...], location: str) -> ArmRefusal:
    """Refuse a zone that the size is not offered in."""
    said = f"The zone(s) '{zone}' for resource '{pool}' is not supported."
    more = f"The supported zones for location '{location}' are '{','.join(zones)}'"
    return by_aks(400, "AvailabilityZoneNotSupported", f"{said} {more}", "agentPoolProfile.availabilityZones")


def small_cache(size: str, has: int, needs: int) -> ArmRefusal:
    """Refuse an ephemeral OS disk that the size's cache does not hold; GiB, told in bytes."""
    short = f"has a cache size of {has * 2**30} bytes, but the OS disk requires {needs * 2**30} bytes"
    said = f"The virtual machine size {size} {short}."
    more = "Use a VM size with larger cache or disable ephemeral OS."
    return by_aks(400, "VMCacheSizeTooSmall", f"{said} {more}", "agentPoolProfile.osDiskType")


def fixed(name: str) -> ArmRefusal:
    """Refuse to change what is settled when a pool is created."""
    where = f"properties.{name}"
    return by_aks(400, "PropertyChangeNotAllowed", f"Changing property '{where}' is not allowed.", where)


def busy(pool: str, doing: str) -> ArmRefusal:
    """Refuse a second operation on a pool while one runs."""
    running = f"there's an in progress {doing} node pool operation on node pool '{pool}'"
    said = f"Operation is not allowed because {running}. Please wait for it to finish and try again."
    return by_aks(409, "OperationNotAllowed", said)


def pending(what: str, doing: str) -> ArmRefusal:
    """Refuse because another operation is at work: `what` names the pool or cluster, `doing` its state."""
    running = f"Another operation ({what} - {doing}) is in progress"
    wait = "please wait for it to finish before starting a new operation"
    return by_aks(409, "OperationNotAllowed", f"Operation is not allowed: {running}, {wait}. {_PENDING}")


def not_in_this_state(provisioning: str, power: str, doing: str) -> ArmRefusal:
    """Refuse for the state the cluster is in."""
    state = f"Provisioning State({provisioning}) and Power State({power})"
    said = f"managed cluster is in {state}, {doing} cannot be performed"
    return by_aks(409, "OperationNotAllowed", said)


def last_system_pool() -> ArmRefusal:
    """Refuse to delete the only system pool."""
    return by_aks(400, "BadRequest", "There has to be at least one system agent pool.")


def not_matching(pool: str) -> ArmRefusal:
    """Refuse a write whose condition (If-Match, If-None-Match) does not hold."""
    said = f"The etag of agent pool '{pool}' does not meet the request's condition."
    return by_aks(412, "PreconditionFailed", said)


def no_quota(family: str, wanted: int, left: int, location: str) -> ArmRefusal:
    """Refuse for a family's vCPU quota: the preflight's error, its cause nested and told in the message."""
    code = "ErrCode_InsufficientVCPUQuota"
    need = f"Insufficient vcpu quota requested {wanted}, remaining {left}"
    cause = f"{need} for family {family} for region {location}. Surge nodes would also consume vcpu quota."
    said = f"Preflight validation check for resource(s) failed. Message: {cause} Details: "
    return ArmRefusal(400, ArmError(code, said, details=(ArmError(code, cause),)))


def throttled(seconds: int) -> ArmRefusal:
    """Refuse for the request rate; `seconds` are those of the client."""
    said = f"The request is being throttled, its limit has been reached. Retry after {seconds} seconds."
    return ArmRefusal(429, ArmError("Throttled", said), headers={"Retry-After": str(seconds)})


def broken() -> ArmRefusal:
    """Fail as a server does."""
    return by_arm(500, "InternalServerError", "Encountered internal server error.")
