"""Who we are to Azure: one kind of credential, chosen by name, never guessed.

azure-identity's DefaultAzureCredential tries eight kinds in turn, so that a missing file makes it somebody
else. Here what is missing is named instead.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.identity import (
    AzureAuthorityHosts,
    AzureCliCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from reconciler.faults import Forbidden

Environment = Mapping[str, str]

_WAITING: dict[str, Any] = {"connection_timeout": 10, "read_timeout": 30, "retry_total": 0}
_AZ = "the program `az` on PATH, logged in with `az login`"
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "workload-identity": ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"),
    "managed-identity": (),
    "service-principal": ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"),
    "cli": (_AZ,),
    "none": (),
}


def credential(kind: str, environ: Environment) -> TokenCredential:
    """The credential of that kind: `workload-identity`, `managed-identity`, `service-principal`, `cli`, or
    `none` for the sandbox. `environ` holds the AZURE_ variables. Raises Forbidden naming what is missing."""
    if missing := missing_for(kind, environ):
        raise Forbidden(f"the Azure credential `{kind}` needs {', '.join(missing)}")
    try:
        return _KINDS[kind](environ)
    except ValueError as malformed:
        raise Forbidden(f"the Azure credential `{kind}` cannot be made: {malformed}") from malformed


def missing_for(kind: str, environ: Environment) -> tuple[str, ...]:
    """The variables, or the program, that this kind needs and does not have. Raises Forbidden for a kind that
    nobody knows."""
    if kind not in _NEEDS:
        raise Forbidden(f"no Azure credential is called {kind!r}; there are: {', '.join(_NEEDS)}")
    return tuple(need for need in _NEEDS[kind] if not _is_there(need, environ))


class Nobody:
    """The credential of the sandbox, which asks for none. Asked for a token, it refuses."""

    def refuse(self, *_scopes: str, **_options: Any) -> NoReturn:
        """Raise Forbidden: whoever asks is not the sandbox."""
        raise Forbidden("the Azure credential `none` has no token: it is for the sandbox alone")

    get_token = refuse

    def close(self) -> None:
        """Nothing is open."""


def _is_there(need: str, environ: Environment) -> bool:
    if need == _AZ:
        return shutil.which("az", path=environ.get("PATH")) is not None
    return bool(environ.get(need))


def _workload_identity(environ: Environment) -> TokenCredential:
    tenant, client, file = (environ[name] for name in _NEEDS["workload-identity"])
    return WorkloadIdentityCredential(
        tenant_id=tenant, client_id=client, token_file_path=file, **_authority(environ), **_WAITING
    )


def _managed_identity(environ: Environment) -> TokenCredential:
    client = environ.get("AZURE_CLIENT_ID", "")
    chosen: dict[str, Any] = {"client_id": client} if client else {}
    return ManagedIdentityCredential(**chosen, **_WAITING)


def _service_principal(environ: Environment) -> TokenCredential:
    tenant, client, secret = (environ[name] for name in _NEEDS["service-principal"])
    return ClientSecretCredential(tenant, client, secret, **_authority(environ), **_WAITING)


def _cli(environ: Environment) -> TokenCredential:
    return AzureCliCredential(tenant_id=environ.get("AZURE_TENANT_ID", ""), process_timeout=30)


def _none(_: Environment) -> TokenCredential:
    return Nobody()


def _authority(environ: Environment) -> dict[str, Any]:
    """Where to log in. A host that is no public cloud's is not asked about at a public cloud first; it may
    have its own certificate authority."""
    host = environ.get("AZURE_AUTHORITY_HOST", "")
    bundle = environ.get("REQUESTS_CA_BUNDLE", "")
    private = urlsplit(host).netloc not in _PUBLIC if "://" in host else host not in _PUBLIC
    return {
        **({"authority": host} if host else {}),
        **({"disable_instance_discovery": True} if host and private else {}),
        **({"connection_verify": bundle} if bundle else {}),
    }


_PUBLIC = frozenset(
    {
        AzureAuthorityHosts.AZURE_PUBLIC_CLOUD,
        AzureAuthorityHosts.AZURE_CHINA,
        AzureAuthorityHosts.AZURE_GOVERNMENT,
    }
)
_KINDS: Mapping[str, Callable[[Environment], TokenCredential]] = {
    "workload-identity": _workload_identity,
    "managed-identity": _managed_identity,
    "service-principal": _service_principal,
    "cli": _cli,
    "none": _none,
}
