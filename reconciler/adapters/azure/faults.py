"""What an Azure failure is to the house, by HTTP status and error code; never by wording or exception class.

    status  code                                  fault
    401     any                                   Forbidden
    403     any                                   Forbidden
    404     any                                   Missing    (a pool's own 404 is judged by the door)
    408     any                                   Unreachable
    409     no hardware, size or quota refused    Refused    until somebody changes something
    409     any other: an operation is running    Conflict   it passes
    412     any                                   Conflict   the etag is no longer the pool's
    429     any                                   Throttled  with Retry-After, 900 s at most
    4xx     any other, quota among them           Refused    the code kept
    rest    any                                   Broken
    none    a login that was refused              Forbidden  Entra's code kept
    none    no answer, or none to the login       Unreachable

azure-core raises every 409 as ResourceExistsError, whatever it means: its classes say nothing here. Every
fault carries its `error`: status 0 where no answer came.
"""

from __future__ import annotations

import re
from subprocess import SubprocessError
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import CredentialUnavailableError

from reconciler.domain.cloud import CloudError
from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable

from .errors import cloud_error, correlation_of, error_document, scrubbed

LONGEST_WAIT = 900.0
NO_POOL = frozenset({"NotFound", "AgentPoolNotFound"})
_NOT_UNTIL_CHANGED = frozenset(
    {
        "AllocationFailed",
        "ErrCode_InsufficientVCPUQuota",
        "InsufficientVCPUQuota",
        "MissingSubscriptionRegistration",
        "OverconstrainedAllocationRequest",
        "OverconstrainedZonalAllocationRequest",
        "QuotaExceeded",
        "SkuNotAvailable",
        "VMSizeNotSupported",
        "ZonalAllocationFailed",
    }
)
_ENTRA_BUSY = frozenset(
    {"AADSTS50196", "AADSTS90006", "AADSTS90033"}
)  # asked too often, twice a passing error
_ENTRA_CODE = re.compile(r"AADSTS\d+")
_ENTRA_CORRELATION = re.compile(r"Correlation ID: ([0-9a-fA-F-]{36})")
_ENTRA_TAIL = re.compile(r"\s*Trace ID: .*", re.DOTALL)
_PLACE = (
    "is the pod labelled azure.workload.identity/use=true, its service account annotated with the client id"
)


def fault_of(failure: AzureError | OSError) -> Fault:
    """The fault in whatever the SDK raised; OSError is a credential's file that cannot be read."""
    fault = _fault_of(failure)
    fault.error = fault.error or CloudError(0, (fault.code,) if fault.code else (), str(fault))
    return fault


def seconds_of(header: str | None) -> float:
    """What a Retry-After asks for in seconds, 900 at most; 0 for none."""
    text = (header or "").strip()
    return min(float(text), LONGEST_WAIT) if text.isdecimal() and text.isascii() else 0.0


def _fault_of(failure: AzureError | OSError) -> Fault:
    match failure:
        case OSError():
            return _unread_file(failure)
        case ClientAuthenticationError() if not _is_answer_of_arm(failure):
            return _failed_login(failure)
        case HttpResponseError(response=response) if response is not None:
            return _fault_of_answer(response)
        case ServiceRequestError() | ServiceResponseError() | IncompleteReadError():
            return Unreachable(f"Azure did not answer: {_said(failure)}", code=type(failure).__name__)
        case _:
            return Broken(f"Azure's answer makes no sense: {_said(failure)}", code=type(failure).__name__)


def _fault_of_answer(response: Any) -> Fault:
    error = cloud_error(
        response.status_code, error_document(_body(response)), correlation_of(response.headers)
    )
    fault = _by_status(error, seconds_of(response.headers.get("Retry-After")))
    fault.error = error
    return fault


def _by_status(error: CloudError, retry_after: float) -> Fault:
    message, code = error.message, error.code
    match error.status:
        case 401 | 403:
            return Forbidden(message, code=code)
        case 404:
            return Missing(message, code=code)
        case 408:
            return Unreachable(message, code=code)
        case 409 if _NOT_UNTIL_CHANGED.intersection(error.codes):
            return Refused(message, code=code)
        case 409 | 412:
            return Conflict(message, code=code)
        case 429:
            return Throttled(message, code=code, retry_after=retry_after)
        case status if 400 <= status < 500:
            return Refused(message, code=code)
        case _:
            return Broken(message, code=code)


def _is_answer_of_arm(failure: ClientAuthenticationError) -> bool:
    """Whether ARM refused a token that we had. A login's refusal is OAuth's: its `error` is a word."""
    if failure.response is None:
        return False
    return not isinstance(error_document(_body(failure.response)).get("error"), str)


def _failed_login(failure: ClientAuthenticationError) -> Fault:
    said = _said(failure)
    code = _first(_ENTRA_CODE, said) or type(failure).__name__
    told = _ENTRA_TAIL.sub("", said)
    fault: Fault
    if _is_busy(failure, code):
        fault = Unreachable(f"the login to Azure did not answer: {told}", code=code)
    elif _is_refusal(failure):
        fault = Forbidden(f"cannot log in to Azure: {told}", code=code)
    else:
        fault = Broken(f"the login to Azure makes no sense: {told}", code=code)
    fault.error = CloudError(_status(failure), (code,), str(fault), _first(_ENTRA_CORRELATION, said))
    return fault


def _is_busy(failure: ClientAuthenticationError, code: str) -> bool:
    """Whether the login server was not there, or has too much to do: azure-identity tells both as a failed
    login."""
    if isinstance(failure.__cause__, ServiceRequestError | ServiceResponseError):
        return not isinstance(failure, CredentialUnavailableError)
    status = _status(failure)
    return code in _ENTRA_BUSY or status in (408, 429) or status >= 500


def _is_refusal(failure: ClientAuthenticationError) -> bool:
    """Whether somebody said no. What else went wrong is the exception's cause: a 5xx, or an answer that is no
    JSON."""
    if isinstance(failure, CredentialUnavailableError):
        return True
    return isinstance(failure.__cause__, ValueError | OSError | SubprocessError | None)


def _status(failure: HttpResponseError) -> int:
    return (failure.response.status_code or 0) if failure.response is not None else 0


def _unread_file(failure: OSError) -> Fault:
    if failure.filename is None:
        return Forbidden(f"cannot log in to Azure: {scrubbed(str(failure))}", code=type(failure).__name__)
    return Forbidden(
        f"cannot log in to Azure: the token file {failure.filename} cannot be read ({failure.strerror}). The"
        f" workload identity webhook puts it there: {_PLACE}, and does a federated credential name that"
        " service account?",
        code=type(failure).__name__,
    )


def _said(failure: AzureError) -> str:
    """What an SDK says without the answer's body, which azure-core puts behind it."""
    return scrubbed(str(getattr(failure, "message", "") or failure).partition("\nContent:")[0])


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[found.lastindex or 0] if found else ""


def _body(response: Any) -> bytes:
    try:
        return bytes(response.read() if hasattr(response, "read") else response.body())
    except (AzureError, ValueError, OSError):
        return b""
