"""What an Azure failure is to the house, as the SDK raises it from real answers."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.adapters.azure.arm import Terms
from reconciler.adapters.azure.cloud import AzureCloud, observed_pool
from reconciler.adapters.azure.credentials import Nobody
from reconciler.adapters.azure.errors import error_sentence, scrubbed
from reconciler.domain.cloud import CloudError
from reconciler.domain.fleet import AksCluster
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredPool
from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable
from tests.adapters.azure_answers import aks, arm
from tests.adapters.scripted import Answer, Cut, Hang, Script, Scripted, closed_port, document

CLUSTER = AksCluster(subscription="s", resource_group="g", name="c")
POOL = DesiredPool(
    "wabc", WorkspaceName("default", "w"), "Standard_X", 1, b'{"properties":{"count":1}}', "sha"
)


def error_of(fault: Fault) -> CloudError:
    assert fault.error is not None
    return fault.error


def fault_of_ensure(script: Script) -> Fault:
    with Scripted(script) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo")
        with pytest.raises(Fault) as caught:
            cloud.ensure(POOL)
        cloud.close()
        assert len(server.asked) == 1
    return caught.value


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (arm(400, "InvalidParameter"), Refused),
        (aks(400, "ErrCode_InsufficientVCPUQuota"), Refused),
        (aks(400, "VMSizeNotSupported"), Refused),
        (arm(401, "InvalidAuthenticationToken"), Forbidden),
        (arm(403, "AuthorizationFailed"), Forbidden),
        (arm(403, "RequestDisallowedByPolicy"), Forbidden),
        (arm(404, "ResourceNotFound"), Missing),
        (arm(408, "RequestTimeout"), Unreachable),
        (aks(409, "OperationNotAllowed"), Conflict),
        (arm(409, "AnotherOperationInProgress"), Conflict),
        (arm(409, "SkuNotAvailable"), Refused),
        (arm(409, "AllocationFailed"), Refused),
        (arm(409, "ZonalAllocationFailed"), Refused),
        (aks(412, "PreconditionFailed"), Conflict),
        (arm(429, "Throttled"), Throttled),
        (arm(500, "InternalServerError"), Broken),
        (arm(503, "ServerBusy"), Broken),
    ],
)
def test_an_answer_is_one_fault_by_status_and_code_and_is_asked_once(
    answer: Answer, fault: type[Fault]
) -> None:
    found = fault_of_ensure(lambda _: answer)
    assert type(found) is fault
    assert str(found) == f"{found.code}: said so"
    assert error_of(found) == CloudError(answer.status, (found.code,), str(found))


def test_quota_that_hides_inside_a_conflict_is_no_conflict() -> None:
    inner = {"code": "QuotaExceeded", "message": "Current Limit: 0"}
    found = fault_of_ensure(lambda _: arm(409, "OperationNotAllowed", "Preflight failed", inner))
    assert type(found) is Refused
    assert (str(found), found.code) == ("QuotaExceeded: Current Limit: 0", "QuotaExceeded")
    assert error_of(found).codes == ("OperationNotAllowed", "QuotaExceeded")


@pytest.mark.parametrize(
    ("headers", "correlation"),
    [
        ({"x-ms-correlation-request-id": "c-1", "x-ms-request-id": "r-1"}, "c-1"),
        ({"x-ms-request-id": "r-1"}, "r-1"),
        ({}, ""),
    ],
)
def test_a_fault_keeps_the_id_that_azures_support_asks_for(headers: dict[str, str], correlation: str) -> None:
    nested, flat = arm(409, "SkuNotAvailable", **headers), aks(400, "VMSizeNotSupported", **headers)
    assert error_of(fault_of_ensure(lambda _: nested)).correlation == correlation
    assert error_of(fault_of_ensure(lambda _: flat)).correlation == correlation


def test_akss_subcode_is_inside_its_code() -> None:
    found = fault_of_ensure(lambda _: aks(400, "BadRequest", "No.", "InvalidKubernetesVersion"))
    assert error_of(found).codes == ("BadRequest", "InvalidKubernetesVersion")
    assert str(found) == "InvalidKubernetesVersion: No."


def test_an_inner_error_of_odata_is_the_innermost() -> None:
    error = {"code": "Outer", "message": "Failed", "innererror": {"code": "Inner", "message": "Because."}}
    found = fault_of_ensure(lambda _: document({"error": error}, 400))
    assert (error_of(found).codes, str(found)) == (("Outer", "Inner"), "Inner: Because.")


@pytest.mark.parametrize("place", ["outside", "inside"])
def test_a_policy_that_forbids_is_named_however_long_azures_message_is(place: str) -> None:
    info = {"policyDefinitionDisplayName": "No GPUs", "policyAssignmentName": "thrift"}
    violated = {"additionalInfo": [{"type": "PolicyViolation", "info": info}]}
    error: dict[str, Any] = {"code": "RequestDisallowedByPolicy", "message": "Disallowed. " + "x" * 2000}
    if place == "inside":
        error["details"] = [{"code": "RequestDisallowedByPolicy", "message": "x" * 2000, **violated}]
    else:
        error |= violated
    found = fault_of_ensure(lambda _: document({"error": error}, 403))
    assert type(found) is Forbidden
    assert "[policy No GPUs, assigned as thrift]" in str(found)
    assert found.code == "RequestDisallowedByPolicy"


def test_a_pools_own_failure_is_kept_with_all_its_codes() -> None:
    inner = {"code": "ZonalAllocationFailed", "message": "No hardware in zone 1."}
    failure = {"code": "CreateVMSSAgentPoolFailed", "message": "Failed", "details": [inner]}
    status = {"provisioningState": "Failed", "status": {"provisioningError": failure}}
    pool = observed_pool({"name": "wabc", "properties": status})
    assert pool.error == CloudError(
        200,
        ("CreateVMSSAgentPoolFailed", "ZonalAllocationFailed"),
        "ZonalAllocationFailed: No hardware in zone 1.",
    )


@pytest.mark.parametrize(("header", "seconds"), [("17", 17), ("86400", 900), ("soon", 0)])
def test_a_throttled_answer_says_how_long_to_wait_within_reason(header: str, seconds: float) -> None:
    found = fault_of_ensure(lambda _: arm(429, "Throttled", "slow down", **{"Retry-After": header}))
    assert isinstance(found, Throttled)
    assert found.retry_after == seconds


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_an_answer_without_an_error_document_is_judged_by_its_status(status: int) -> None:
    found = fault_of_ensure(lambda _: Answer(status, b"<html>"))
    assert error_of(found) == CloudError(status, (), f"Azure answered HTTP {status}")


def test_a_connection_that_is_cut_is_unreachable_and_not_tried_again() -> None:
    found = fault_of_ensure(lambda _: Cut())
    assert type(found) is Unreachable
    assert (error_of(found).status, error_of(found).message) == (0, str(found))


def test_a_server_that_never_answers_is_given_up() -> None:
    with Scripted(lambda _: Hang()) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo", Terms(read_seconds=0.2))
        with pytest.raises(Unreachable):
            cloud.remove("wabc")
    assert len(server.asked) == 1


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    cloud = AzureCloud(CLUSTER, Nobody(), f"http://127.0.0.1:{closed_port()}", "demo")
    with pytest.raises(Unreachable):
        cloud.pools()


def test_a_list_that_is_no_json_is_broken() -> None:
    with Scripted(lambda _: Answer(200, b"<html>", {"Content-Type": "application/json"})) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo")
        with pytest.raises(Broken):
            cloud.pools()


def test_a_list_that_breaks_off_between_its_pages_is_no_list() -> None:
    answers = [document({"value": [{"name": "a"}], "nextLink": "NEXT"}), arm(500, "InternalServerError")]

    def script(_: object) -> Answer:
        page = answers.pop(0)
        body = page.body if isinstance(page.body, bytes) else b""
        return Answer(page.status, body.replace(b"NEXT", f"{server.url}/next".encode()), page.headers)

    with Scripted(script) as server:
        cloud = AzureCloud(CLUSTER, Nobody(), server.url, "demo")
        with pytest.raises(Broken):
            cloud.pools()
    assert [asked.path for asked in server.asked][1] == "/next"


def test_a_redirect_is_not_followed() -> None:
    found = fault_of_ensure(lambda _: Answer(307, b"", {"Location": "http://127.0.0.1:1/elsewhere"}))
    assert type(found) is Broken


def test_a_message_tells_no_signature() -> None:
    text = "failed,\n see https://x.blob.core/a?sig=hunter2&se=1 and https://aka.ms/why"
    assert scrubbed(text) == "failed, see https://x.blob.core/a and https://aka.ms/why"


def test_nested_errors_are_told_by_the_innermost() -> None:
    inner = {"code": "AllocationFailed", "message": "No hardware."}
    silent = {"code": "Silent", "message": ""}
    outer = {
        "code": "Outer",
        "message": "Failed",
        "details": [{"code": "Mid", "details": [inner, silent]}, inner],
    }
    assert error_sentence(outer) == "AllocationFailed: No hardware.; Silent: Failed"
    assert error_sentence({}) == ""


@pytest.mark.parametrize(
    "endpoint", ["http://management.azure.com", "ftp://127.0.0.1", "http://127.0.0.1.evil.example"]
)
def test_a_token_is_never_sent_in_plain_text(endpoint: str) -> None:
    with pytest.raises(Refused):
        AzureCloud(CLUSTER, Nobody(), endpoint, "demo")
