"""What a Kubernetes failure is to the house: the whole table, and nothing told that is a secret."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
import urllib3.exceptions

from reconciler.adapters.kube.faults import fault_of_answer, fault_of_failure, fault_of_status
from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable

PATH = "/api/v1/configmaps"


def status(code: int, reason: str = "", message: str = "no", **details: Any) -> bytes:
    told = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
    return json.dumps(told).encode()


TABLE = [
    (301, Broken),
    (400, Refused),
    (401, Forbidden),
    (403, Forbidden),
    (404, Missing),
    (405, Refused),
    (409, Conflict),
    (410, Conflict),
    (412, Conflict),
    (413, Refused),
    (415, Refused),
    (422, Refused),
    (429, Throttled),
    (500, Broken),
    (502, Broken),
    (503, Broken),
    (504, Broken),
]


@pytest.mark.parametrize(("code", "fault"), TABLE)
def test_a_status_code_is_one_fault_with_the_servers_own_word(code: int, fault: type[Fault]) -> None:
    found = fault_of_answer(code, status(code, "Reason", "said so"), {}, PATH)
    assert type(found) is fault
    told = "said so: the API server does not accept these credentials" if code == 401 else "said so"
    assert (str(found), found.code) == (told, "Reason")


@pytest.mark.parametrize(("code", "fault"), TABLE)
def test_an_answer_that_is_no_status_is_judged_by_its_code_alone(code: int, fault: type[Fault]) -> None:
    found = fault_of_answer(code, b"<html>proxy</html>", {}, PATH)
    assert type(found) is fault
    explained = {401: ": the API server does not accept", 404: ": nothing is served there"}.get(code, "")
    assert str(found).startswith(f"{PATH} answered HTTP {code}{explained}")


def test_a_namespace_that_is_going_away_is_a_conflict_that_passes() -> None:
    causes = [
        {"reason": "NamespaceTerminating", "field": "metadata.namespace", "message": "is being terminated"}
    ]
    found = fault_of_answer(403, status(403, "Forbidden", causes=causes), {}, PATH)
    assert type(found) is Conflict
    assert found.transient


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Mon, 05 Jan 2026 10:00:09 GMT", "Date": "Mon, 05 Jan 2026 10:00:00 GMT"}, 9),
        ({"Retry-After": "Mon, 05 Jan 2026 09:00:00 GMT", "Date": "Mon, 05 Jan 2026 10:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 05 Jan 2026 10:00:09 GMT"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({}, 0),
    ],
)
def test_a_throttled_answer_says_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    found = fault_of_answer(429, status(429, "TooManyRequests"), headers, PATH)
    assert isinstance(found, Throttled)
    assert found.retry_after == seconds


def test_an_apply_conflict_names_the_managers_and_their_fields() -> None:
    told = [
        ('conflict with "kubectl-edit" using apps/v1', ".spec.replicas"),
        ('conflict with "h\\"pa" with subresource "scale"', ".spec.a"),
        ('conflict with "kubectl-edit" using apps/v1', ".spec.b"),
    ]
    causes = [{"reason": "FieldManagerConflict", "message": said, "field": field} for said, field in told]
    found = fault_of_answer(409, status(409, "Conflict", causes=causes), {}, PATH)
    assert isinstance(found, Conflict)
    assert found.managers == ("kubectl-edit", 'h\\"pa')
    assert found.fields == (".spec.replicas", ".spec.a", ".spec.b")


def test_what_a_secret_holds_is_never_told() -> None:
    causes = [{"field": "data.token", "reason": "FieldValueInvalid", "message": 'Invalid value: "hunter2"'}]
    body = status(
        422, "Invalid", 'Secret "x" is invalid: data.token: Invalid value: "hunter2"', causes=causes
    )
    found = fault_of_answer(422, body, {}, "/api/v1/namespaces/default/secrets/x")
    assert "hunter2" not in str(found)
    assert "data.token (FieldValueInvalid)" in str(found)


def test_a_message_is_one_line_of_bounded_length() -> None:
    found = fault_of_status(422, {"kind": "Status", "message": "line one\nline two " + "x" * 5000}, PATH)
    assert "\n" not in str(found)
    assert len(str(found)) <= 800


def exceptions_of_urllib3() -> list[type[Exception]]:
    found = inspect.getmembers(urllib3.exceptions, inspect.isclass)
    return [each for _, each in found if issubclass(each, Exception) and not issubclass(each, Warning)]


@pytest.mark.parametrize("exception", exceptions_of_urllib3())
def test_every_failure_of_the_http_library_is_a_fault(exception: type[Exception]) -> None:
    failure = exception.__new__(exception)
    found = fault_of_failure(failure, "https://api")
    assert isinstance(found, Unreachable | Broken | Refused)
    assert found.code == exception.__name__


def test_a_failure_is_told_in_the_words_of_the_operating_system() -> None:
    outer = urllib3.exceptions.ProtocolError(
        "Connection aborted.", ConnectionResetError(104, "Connection reset by peer")
    )
    assert str(fault_of_failure(outer, "https://api")) == "https://api: Connection reset by peer"


def test_a_failure_never_tells_a_proxys_password() -> None:
    inner = OSError("Tunnel connection failed via http://user:hunter2@proxy")
    outer = urllib3.exceptions.ProxyError("Unable to connect to http://user:hunter2@proxy", inner)
    assert "hunter2" not in str(fault_of_failure(outer, "https://api"))
