"""Logging in with azure-identity itself, against a login server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.azure.arm import told_as_faults
from reconciler.adapters.azure.credentials import Environment, credential
from reconciler.faults import Broken, Forbidden, Unreachable
from tests.adapters.azure_login import CLIENT, TENANT, TOKEN, Entra, refusal
from tests.adapters.scripted import Answer, closed_port

SCOPE = "https://management.azure.com/.default"
SECRET = "hunter2-the-secret"


@pytest.fixture
def entra(tmp_path: Path) -> Iterator[Entra]:
    entra = Entra(tmp_path)
    with entra.server:
        yield entra


def environ_of(kind: str, entra: Entra, folder: Path) -> dict[str, str]:
    (folder / "token").write_text("a service account's token")
    own = {
        "workload-identity": {"AZURE_FEDERATED_TOKEN_FILE": str(folder / "token")},
        "service-principal": {"AZURE_CLIENT_SECRET": SECRET},
    }
    return {**entra.environ, **own[kind]}


def token(kind: str, environ: Environment) -> str:
    with told_as_faults():
        return credential(kind, environ).get_token(SCOPE).token


def test_a_pods_own_token_is_exchanged_for_one_of_azures(entra: Entra, tmp_path: Path) -> None:
    assert token("workload-identity", environ_of("workload-identity", entra, tmp_path)) == TOKEN
    (form,) = entra.forms
    assert form["client_assertion"] == "a service account's token"
    assert (form["client_id"], form["scope"]) == (CLIENT, SCOPE)
    assert {asked.path for asked in entra.server.asked if asked.method == "POST"} == {
        f"/{TENANT}/oauth2/v2.0/token"
    }


def test_a_service_principals_secret_is_exchanged_for_a_token_without_asking_a_public_cloud(
    entra: Entra, tmp_path: Path
) -> None:
    assert token("service-principal", environ_of("service-principal", entra, tmp_path)) == TOKEN
    assert entra.forms[0]["client_id"] == CLIENT
    assert all(asked.path.startswith(f"/{TENANT}/") for asked in entra.server.asked)


@pytest.mark.parametrize(
    ("kind", "answer", "code", "says"),
    [
        (
            "workload-identity",
            refusal(700213, "No matching federated identity record found for presented assertion subject."),
            "AADSTS700213",
            "No matching federated identity record",
        ),
        (
            "service-principal",
            refusal(7000215, "Invalid client secret provided."),
            "AADSTS7000215",
            "Invalid client secret",
        ),
        (
            "service-principal",
            refusal(90002, "Tenant not found.", "invalid_request", 400),
            "AADSTS90002",
            "Tenant not found",
        ),
    ],
)
def test_entras_no_is_forbidden_with_its_code_and_without_the_secret(
    entra: Entra, tmp_path: Path, kind: str, answer: Answer, code: str, says: str
) -> None:
    entra.refusal = answer
    with pytest.raises(Forbidden, match=says) as caught:
        token(kind, environ_of(kind, entra, tmp_path))
    fault = caught.value
    assert fault.code == code
    assert fault.error is not None
    assert fault.error.correlation == "33333333-3333-3333-3333-333333333333"
    for secret in (SECRET, "a service account's token", "Trace ID"):
        assert secret not in str(fault)
    assert len(entra.forms) == 1


@pytest.mark.parametrize(
    "answer",
    [
        refusal(50196, "Too many requests.", "temporarily_unavailable", 429),
        refusal(90033, "A transient error.", "temporarily_unavailable", 503),
        Answer(502, b"<html>bad gateway"),
    ],
)
@pytest.mark.parametrize("kind", ["workload-identity", "service-principal"])
def test_a_login_server_that_is_busy_is_not_a_refusal(
    entra: Entra, tmp_path: Path, kind: str, answer: Answer
) -> None:
    entra.refusal = answer
    with pytest.raises((Unreachable, Broken)) as caught:
        token(kind, environ_of(kind, entra, tmp_path))
    assert "html" not in str(caught.value)
    assert len(entra.forms) == 1


@pytest.mark.parametrize("kind", ["workload-identity", "service-principal"])
def test_a_login_server_that_is_not_there_is_unreachable(entra: Entra, tmp_path: Path, kind: str) -> None:
    environ = environ_of(kind, entra, tmp_path) | {
        "AZURE_AUTHORITY_HOST": f"https://localhost:{closed_port()}"
    }
    with pytest.raises(Unreachable):
        token(kind, environ)


def test_a_token_file_that_is_missing_is_named_with_who_should_have_put_it_there(
    entra: Entra, tmp_path: Path
) -> None:
    environ = environ_of("workload-identity", entra, tmp_path)
    (tmp_path / "token").unlink()
    with pytest.raises(Forbidden) as caught:
        token("workload-identity", environ)
    for word in (str(tmp_path / "token"), "webhook", "federated credential", "azure.workload.identity/use"):
        assert word in str(caught.value)
    assert not entra.forms


def test_a_login_server_that_nobody_vouches_for_is_told_nothing(entra: Entra, tmp_path: Path) -> None:
    environ = environ_of("service-principal", entra, tmp_path)
    del environ["REQUESTS_CA_BUNDLE"]
    with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        token("service-principal", environ)
    assert not entra.forms
