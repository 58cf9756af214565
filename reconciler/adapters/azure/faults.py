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
    none    a login that failed                   Forbidden
    none    no answer                             Unreachable

azure-core raises every 409 as ResourceExistsError, whatever it means: its classes say nothing here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable

LONGEST_WAIT = 900.0
NO_POOL = frozenset({"NotFound", "AgentPoolNotFound"})
_LONGEST_MESSAGE = 800
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
_SIGNED = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")


def fault_of(failure: AzureError | OSError) -> Fault:
    """The fault in whatever the SDK raised; OSError is a credential's file that cannot be read."""
    match failure:
        case HttpResponseError(response=response) if response is not None:
            return _fault_of_answer(response)
        case ClientAuthenticationError() | OSError():
            return Forbidden(f"cannot log in to Azure: {scrubbed(str(failure))}", code=type(failure).__name__)
        case ServiceRequestError() | ServiceResponseError():
            return Unreachable(f"Azure did not answer: {scrubbed(str(failure))}", code=type(failure).__name__)
        case _:
            return Broken(
                f"Azure's answer makes no sense: {scrubbed(str(failure))}", code=type(failure).__name__
            )


def error_sentence(error: Mapping[str, Any]) -> str:
    """An Azure error as one line, `Code: message`, told by the innermost of its nested errors: the outer
    ones say that something failed, the inner what. Several innermost are joined. Empty for no error."""
    return scrubbed("; ".join(dict.fromkeys(": ".join(filter(None, each)) for each in _leaves(error))))


def scrubbed(text: str) -> str:
    """One line of bounded length, its URLs without their query, which may hold a signature."""
    line = _SIGNED.sub(r"\1", " ".join(text.split()))
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def _fault_of_answer(response: Any) -> Fault:
    status, error = response.status_code, _error(_body(response))
    message = error_sentence(error) or f"Azure answered HTTP {status}"
    codes = [code for code, _ in _leaves(error)]
    code = codes[0]
    match status:
        case 401 | 403:
            return Forbidden(message, code=code)
        case 404:
            return Missing(message, code=code)
        case 408:
            return Unreachable(message, code=code)
        case 409 if _NOT_UNTIL_CHANGED.intersection(codes):
            return Refused(message, code=code)
        case 409 | 412:
            return Conflict(message, code=code)
        case 429:
            return Throttled(
                message, code=code, retry_after=_seconds(response.headers.get("Retry-After") or "")
            )
        case _ if 400 <= status < 500:
            return Refused(message, code=code)
        case _:
            return Broken(message, code=code)


def _body(response: Any) -> bytes:
    try:
        return bytes(response.read() if hasattr(response, "read") else response.body())
    except (AzureError, ValueError, OSError):
        return b""


def _error(body: bytes) -> Mapping[str, Any]:
    """ARM nests its error under `error`; AKS answers it flat, with a subcode."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    nested = document.get("error")
    return nested if isinstance(nested, dict) else document


def _leaves(error: Mapping[str, Any], outer: str = "") -> Iterator[tuple[str, str]]:
    """Code and message of the innermost errors; one that says nothing is told by the error around it."""
    message = str(error.get("message") or outer).strip()
    details = [detail for detail in error.get("details") or () if isinstance(detail, Mapping)]
    if not details:
        yield str(error.get("code") or ""), message
    for detail in details:
        yield from _leaves(detail, message)


def _seconds(header: str) -> float:
    return min(float(header), LONGEST_WAIT) if header.strip().isdigit() else 0.0
