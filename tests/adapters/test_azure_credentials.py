"""Who we are to Azure is chosen by name, and what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.adapters.azure.cloud import AzureCloud
from reconciler.adapters.azure.credentials import Environment, credential
from reconciler.domain.fleet import AksCluster
from reconciler.faults import Forbidden

TENANT = "11111111-1111-1111-1111-111111111111"
SCOPE = "https://management.azure.com/.default"


@pytest.mark.parametrize(
    ("kind", "environ", "named"),
    [
        ("workload-identity", {}, "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE"),
        (
            "workload-identity",
            {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "c"},
            "AZURE_FEDERATED_TOKEN_FILE",
        ),
        ("service-principal", {"AZURE_TENANT_ID": TENANT}, "AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"),
        ("cli", {"PATH": ""}, "az login"),
        ("default", {}, "workload-identity, managed-identity, service-principal, cli, none"),
    ],
)
def test_what_is_missing_is_named(kind: str, environ: Environment, named: str) -> None:
    with pytest.raises(Forbidden, match=named):
        credential(kind, environ)


def test_a_tenant_that_is_no_tenant_is_told() -> None:
    environ = {"AZURE_TENANT_ID": "not/a/tenant", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "hunter2"}
    with pytest.raises(Forbidden, match="cannot be made") as caught:
        credential("service-principal", environ)
    assert "hunter2" not in str(caught.value)


def test_the_sandboxs_credential_has_no_token_for_anyone() -> None:
    with pytest.raises(Forbidden, match="sandbox"):
        credential("none", {}).get_token(SCOPE)


def test_a_token_file_that_is_gone_is_forbidden_at_the_door(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    environ = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "c", "AZURE_FEDERATED_TOKEN_FILE": str(gone)}
    cloud = AzureCloud(
        AksCluster(subscription="s", resource_group="g", name="c"),
        credential("workload-identity", {**environ, "AZURE_AUTHORITY_HOST": "https://127.0.0.1:1"}),
    )
    with pytest.raises(Forbidden, match="gone"):
        cloud.pools()


def test_every_other_kind_can_be_made() -> None:
    principal = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
    assert hasattr(credential("service-principal", principal), "get_token")
    assert hasattr(credential("managed-identity", {}), "get_token")
    assert hasattr(credential("managed-identity", {"AZURE_CLIENT_ID": "c"}), "get_token")
