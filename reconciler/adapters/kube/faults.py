"""What a Kubernetes failure is to the house, by HTTP status and Status reason; never by its wording.

    401 403            Forbidden   (403 because the namespace is going away: Conflict, it passes)
    404                Missing
    409 410 412        Conflict    (with managers and fields when server-side apply says so)
    429                Throttled   with Retry-After
    other 4xx          Refused
    3xx 5xx, no JSON   Broken
    no answer          Unreachable

A Status names its causes by field; of Secrets only the fields are told, never what they hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

from urllib3 import exceptions as wire

from reconciler.domain.plan import Claim
from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable

_LONGEST_MESSAGE = 800
_MANAGER = re.compile(r'conflict with "((?:[^"\\]|\\.)*)"')
_MEANING = {
    401: "the API server does not accept these credentials",
    404: "nothing is served there; what defines this kind may not be installed",
}
"""Said of an answer that explains itself least: a Kubernetes 401, and a 404 that is no Status."""
_BROKEN_ANSWERS = (wire.DecodeError, wire.ResponseError, wire.UnrewindableBodyError)


def fault_of_answer(status: int, body: bytes, headers: Mapping[str, str], path: str) -> Fault:
    """The fault in an answer that is not 2xx, to a request for `path`."""
    document = _status_document(body)
    message = _message(status, document, path)
    if status == 429:
        retry_after = _retry_after(headers)
        return Throttled(message, code=_reason(document), retry_after=retry_after)
    return _fault(status, document, message)


def fault_of_status(status: int, document: Mapping[str, Any], path: str) -> Fault:
    """The fault in a Status document that a watch of `path` brought."""
    return _fault(status, document, _message(status, document, path))


def fault_of_failure(failure: Exception, server: str) -> Fault:
    """The fault when there was no answer, or none that could be read. Its own words are not told: they
    may hold a proxy's password."""
    message, code = f"{server}: {_cause(failure)}", type(failure).__name__
    if isinstance(failure, wire.LocationValueError):
        return Refused(f"{message}: not an address", code=code)
    if isinstance(failure, _BROKEN_ANSWERS):
        return Broken(message, code=code)
    return Unreachable(message, code=code)


def _fault(status: int, document: Mapping[str, Any], message: str) -> Fault:
    code = _reason(document)
    match status:
        case 403 if _is_terminating(document):
            return Conflict(message, code=code)
        case 401 | 403:
            return Forbidden(message, code=code)
        case 404:
            return Missing(message, code=code)
        case 409 | 410 | 412:
            return Conflict(message, code=code, claims=tuple(_claims(document)))
        case 429:
            return Throttled(message, code=code)
        case _ if 400 <= status < 500:
            return Refused(message, code=code)
        case _:
            return Broken(message, code=code)


def _status_document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) and document.get("kind") == "Status" else {}


def _message(status: int, document: Mapping[str, Any], path: str) -> str:
    if "/secrets" in path:
        fields = ", ".join(f"{cause.get('field')} ({cause.get('reason')})" for cause in _causes(document))
        return f"{path} answered HTTP {status} {_reason(document)} {fields}".rstrip()
    said = " ".join(str(document.get("message") or f"{path} answered HTTP {status}").split())
    if status in _MEANING and not (document and status == 404):
        said = f"{said}: {_MEANING[status]}"
    return said if len(said) <= _LONGEST_MESSAGE else f"{said[: _LONGEST_MESSAGE - 1]}…"


def _reason(document: Mapping[str, Any]) -> str:
    return str(document.get("reason") or "")


def _is_terminating(document: Mapping[str, Any]) -> bool:
    return any(cause.get("reason") == "NamespaceTerminating" for cause in _causes(document))


def _claims(document: Mapping[str, Any]) -> Iterator[Claim]:
    """Who owns which of the contested fields; the API says who nowhere but in a cause's message."""
    for cause in _field_conflicts(document):
        named = _MANAGER.match(str(cause.get("message", "")))
        yield Claim(str(cause.get("field", "")), named[1] if named else "")


def _field_conflicts(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [cause for cause in _causes(document) if cause.get("reason") == "FieldManagerConflict"]


def _causes(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return (document.get("details") or {}).get("causes") or []


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, told as a number or as a date (RFC 9110, 10.2.3); 0 if it is neither."""
    told = headers.get("Retry-After", "").strip()
    if told.isdigit():
        return float(told)
    try:
        wait = parsedate_to_datetime(told) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, wait.total_seconds())


def _cause(failure: BaseException) -> str:
    """The operating system's own words where it had any, else what kind of failure it was."""
    chain = list(_chain(failure))
    for each in chain:
        if isinstance(each, OSError) and each.strerror:
            return each.strerror
    if any(isinstance(each, TimeoutError | wire.TimeoutError) for each in chain):
        return "no answer in time"
    if isinstance(failure, wire.ProtocolError | HTTPException):
        return "the connection broke off"
    return type(failure).__name__


def _chain(failure: BaseException) -> Iterator[BaseException]:
    yield failure
    for inner in (*failure.args, failure.__cause__ or failure.__context__):
        if isinstance(inner, BaseException):
            yield from _chain(inner)
