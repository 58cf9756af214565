"""Each trouble as the real SDK sees it. Status, code and shape are Azure's, as recordings and issues tell."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from .conftest import House
from .pools import A100, SPOT, ZONED, codes, ended, put, refused

REFUSED: dict[str, tuple[dict[str, Any], int, list[str], str]] = {
    # trouble: what the pool asks for, status, codes from the outermost in, and words that must be there
    "no-quota": ({}, 400, ["ErrCode_InsufficientVCPUQuota"] * 2, "remaining 0 for family"),
    "regional-quota": ({}, 400, ["QuotaExceeded", "OperationNotAllowed"], "Total Regional Cores quota"),
    "sku-not-available": (ZONED, 409, ["SkuNotAvailable"], "not available in location 'eastus' zones '2'"),
    "sku-restricted": ({}, 409, ["SkuNotAvailable"], "not available in location 'eastus'"),
    "not-for-subscription": ({}, 400, ["VMSizeNotSupported"], "not supported for subscription"),
    "cache-too-small": ({}, 400, ["VMCacheSizeTooSmall"], "but the OS disk requires 137438953472 bytes"),
    "no-ephemeral": ({}, 400, ["VMSizeDoesNotSupportEphemeralOS"], "does not support Ephemeral OS disk"),
    "subnet-full": ({}, 400, ["InsufficientSubnetSize"], "exceeds IPs available"),
    "too-many-pools": ({}, 400, ["InvalidParameter"], "as many agent pools as it may"),
    "config-conflict": ({}, 409, ["OperationNotAllowed"], "nodeProvisioningProfile.mode 'Auto'"),
    "forbidden": ({}, 403, ["AuthorizationFailed"], "managedClusters/agentPools/write' over scope '/subs"),
    "forbidden-subnet": ({}, 403, ["LinkedAuthorizationFailed"], "on the linked scope(s)"),
    "policy": ({}, 403, ["RequestDisallowedByPolicy"], "disallowed by policy"),
    "not-registered": ({}, 409, ["MissingSubscriptionRegistration"] * 2, "is not registered to use"),
    "throttled": ({}, 429, ["Throttled"], "being throttled"),
    "api-500": ({}, 500, ["InternalServerError"], "internal server error"),
}
FAILED: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "no-capacity": ({}, ["ReconcileVMSSAgentPoolFailed", "AllocationFailed"], "sufficient capacity"),
    "zone-full": (ZONED, ["ZonalAllocationFailed"] * 2, "in zone 2"),
    "overconstrained": ({}, ["OverconstrainedAllocationRequest"] * 2, "too restrictive"),
    "overconstrained@zone-2": (ZONED, ["OverconstrainedZonalAllocationRequest"] * 2, "Availability Zone"),
    "quota-late": ({}, ["QuotaExceeded", "OperationNotAllowed"], "StandardNCADSA100v4Family Cores quota"),
    "regional-quota-late": ({}, ["QuotaExceeded", "OperationNotAllowed"], "Total Regional Cores quota"),
    "spot-quota": (SPOT, ["QuotaExceeded", "OperationNotAllowed"], "LowPriorityCores quota"),
    "driver-failed": ({}, ["ReconcileVMSSAgentPoolFailed", "VMExtensionProvisioningError"], "exit status=84"),
    "bad-hardware": ({}, ["ReconcileVMSSAgentPoolFailed", "VMExtensionProvisioningError"], "exit status=87"),
    "vnet-busy": ({}, ["SetVNetOwnershipFailed", "VirtualNetworkNotInSucceededState"], "in Updating state"),
    "pool-failed": ({}, ["ReconcileVMSSAgentPoolFailed"], "unable to serve this request"),
}


@pytest.mark.parametrize("trouble", REFUSED)
def test_a_refused_put_is_told_by_status_and_codes_and_leaves_nothing(troubled: House, trouble: str) -> None:
    properties, status, expected, words = REFUSED[trouble]
    troubled.sandbox.ask(trouble)
    failure = refused(troubled, "refused", **properties)
    assert failure.status_code == status
    assert isinstance(failure, ResourceExistsError) == (status == 409)
    assert codes(failure.error) == expected
    assert words in str(failure.error)
    response: Any = failure.response
    assert len(response.headers["x-ms-correlation-request-id"]) == 36
    troubled.sandbox.ask("none")
    with pytest.raises(ResourceNotFoundError):
        troubled.client.agent_pools.get(*troubled.at, "refused")


@pytest.mark.parametrize("number", range(len(FAILED)))
def test_a_failed_operation_is_told_by_its_pool_and_with_http_200(troubled: House, number: int) -> None:
    trouble, (properties, expected, words) = list(FAILED.items())[number]
    name = f"fails{number}"
    troubled.sandbox.ask(trouble)
    body = {"properties": {"vmSize": A100, "count": 1, **properties}}
    poll = troubled.arm.ask("PUT", troubled.pool_path(name), body).headers["azure-asyncoperation"]
    told = ended(troubled, name)
    assert told["provisioningState"] == "Failed"
    error = told["status"]["provisioningError"]
    assert codes(error) == expected
    assert words in str(error)
    said = troubled.arm.ask("GET", poll)
    assert (said.status, said.body["status"], said.body["error"]) == (200, "Failed", error)
    assert not troubled.objects(f"/api/v1/nodes?labelSelector=agentpool%3D{name}")


def test_each_quota_error_tells_limit_usage_and_need(troubled: House) -> None:
    troubled.sandbox.ask("quota-late")
    put(troubled, "needs", count=2)
    message = ended(troubled, "needs")["status"]["provisioningError"]["details"][0]["message"]
    assert "Current Limit: 0, Current Usage: 0, Additional Required: 48" in message
    assert "(Minimum) New Limit Required: 48" in message


def test_an_operation_overridden_by_a_later_one_ends_canceled(troubled: House) -> None:
    troubled.sandbox.ask("overridden")
    put(troubled, "canceled")
    told = ended(troubled, "canceled")
    assert told["provisioningState"] == "Canceled"
    assert told["status"]["provisioningError"]["message"].startswith(
        "The operation was overriden and canceled"
    )
    troubled.sandbox.ask("none")
    put(troubled, "canceled")
    assert ended(troubled, "canceled")["provisioningState"] == "Succeeded"


def test_being_busy_is_worded_in_three_ways_under_one_code(troubled: House) -> None:
    troubled.sandbox.ask("busy")
    messages = []
    for _ in range(3):
        failure = refused(troubled, "busy")
        assert (failure.status_code, codes(failure.error)) == (409, ["OperationNotAllowed"])
        messages.append(str(failure.error))
    assert "in progress create node pool operation" in messages[0]
    assert "Another operation (busy - Updating) is in progress" in messages[1]
    assert "PutExtensionAddonHandler" in messages[2]


def test_a_policys_names_stand_in_the_additional_info_alone(troubled: House) -> None:
    troubled.sandbox.ask("policy")
    body = troubled.arm.ask("PUT", troubled.pool_path("policy"), {"properties": {"vmSize": A100}}).body
    (violation,) = body["error"]["additionalInfo"]
    assert violation["type"] == "PolicyViolation"
    assert violation["info"]["policyAssignmentDisplayName"] not in body["error"]["message"]


def test_a_role_is_missing_for_writes_or_for_reads(troubled: House) -> None:
    troubled.sandbox.ask("forbidden")
    assert troubled.client.agent_pools.get(*troubled.at, "system").name == "system"
    assert troubled.arm.ask("DELETE", troubled.pool_path("system")).status == 403
    troubled.sandbox.ask("none", "no-reader")
    with pytest.raises(HttpResponseError, match="managedClusters/agentPools/read") as failure:
        list(troubled.client.agent_pools.list(*troubled.at))
    assert failure.value.status_code == 403


def test_the_sdk_may_not_register_the_provider_itself(troubled: House) -> None:
    troubled.sandbox.ask("not-registered")
    with pytest.raises(ResourceExistsError, match="MissingSubscriptionRegistration"):
        list(troubled.client.agent_pools.list(*troubled.at))
    assert troubled.sandbox.requests.count(method="POST", path="/register", status=403) >= 1


def test_with_a_managed_disk_no_cache_is_needed(troubled: House) -> None:
    troubled.sandbox.ask("cache-too-small", "no-ephemeral")
    put(troubled, "managed", osDiskType="Managed")
    assert ended(troubled, "managed")["osDiskType"] == "Managed"
