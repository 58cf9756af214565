"""Who we are to Azure: one kind of credential, chosen by name, never guessed.

azure-identity's DefaultAzureCredential tries eight kinds in turn, so that a missing file makes it somebody
else. Here what is missing is named instead.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from azure.core.credentials import TokenCredential
from azure.identity import (
    AzureCliCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from reconciler.faults import Forbidden

Environment = Mapping[str, str]

_WAITING: dict[str, Any] = {"connection_timeout": 10, "read_timeout": 30, "retry_total": 1}


def credential(kind: str, environ: Environment) -> TokenCredential:
    """The credential of that kind: `workload-identity`, `managed-identity`, `service-principal`, `cli`, or
    `none` for the sandbox. `environ` holds the AZURE_ variables. Raises Forbidden naming what is missing."""
    if kind not in _KINDS:
        raise Forbidden(f"no Azure credential is called {kind!r}; there are: {', '.join(_KINDS)}")
    try:
        return _KINDS[kind](environ)
    except ValueError as malformed:
        raise Forbidden(f"the Azure credential `{kind}` cannot be made: {malformed}") from malformed


class Nobody:
    """The credential of the sandbox, which asks for none. Asked for a token, it refuses."""

    def refuse(self, *_scopes: str, **_options: Any) -> NoReturn:
        """Raise Forbidden: whoever asks is not the sandbox."""
        raise Forbidden("the Azure credential `none` has no token: it is for the sandbox alone")

    get_token = refuse

    def close(self) -> None:
        """Nothing is open."""


def _workload_identity(environ: Environment) -> TokenCredential:
    tenant, client, file = _needed(
        "workload-identity", environ, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"
    )
    return WorkloadIdentityCredential(
        tenant_id=tenant, client_id=client, token_file_path=file, **_authority(environ), **_WAITING
    )


def _managed_identity(environ: Environment) -> TokenCredential:
    client = environ.get("AZURE_CLIENT_ID", "")
    chosen: dict[str, Any] = {"client_id": client} if client else {}
    return ManagedIdentityCredential(**chosen, **_WAITING)


def _service_principal(environ: Environment) -> TokenCredential:
    tenant, client, secret = _needed(
        "service-principal", environ, "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"
    )
    return ClientSecretCredential(tenant, client, secret, **_authority(environ), **_WAITING)


def _cli(environ: Environment) -> TokenCredential:
    if shutil.which("az", path=environ.get("PATH")) is None:
        raise Forbidden(
            "the Azure credential `cli` needs the program `az` on PATH, logged in with `az login`"
        )
    return AzureCliCredential(tenant_id=environ.get("AZURE_TENANT_ID", ""), process_timeout=30)


def _none(_: Environment) -> TokenCredential:
    return Nobody()


def _needed(kind: str, environ: Environment, *names: str) -> list[str]:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise Forbidden(f"the Azure credential `{kind}` needs {', '.join(missing)}")
    return [environ[name] for name in names]


def _authority(environ: Environment) -> dict[str, str]:
    """Where to log in, for a sovereign cloud."""
    host = environ.get("AZURE_AUTHORITY_HOST", "")
    return {"authority": host} if host else {}


_KINDS: Mapping[str, Callable[[Environment], TokenCredential]] = {
    "workload-identity": _workload_identity,
    "managed-identity": _managed_identity,
    "service-principal": _service_principal,
    "cli": _cli,
    "none": _none,
}
