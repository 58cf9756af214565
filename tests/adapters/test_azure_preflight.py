"""What is needed of Azure is asked one thing after another, and what is missing is told with its mend."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.adapters.azure.preflight import azure_checks
from reconciler.domain.fleet import AksCluster
from reconciler.domain.preflight import Answer, Check, is_ready
from reconciler.sandbox.certificate import certificate_of
from tests.adapters.azure_answers import arm
from tests.adapters.azure_login import CLIENT, TOKEN, Entra, fake_az, machine_identity, refusal
from tests.adapters.kube_answers import kube
from tests.adapters.scripted import Answer as Reply
from tests.adapters.scripted import Asked, Script, Scripted, closed_port, document, kubeconfig
from tests.e2e.typed import TOWLINE

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
CLUSTER = AksCluster(subscription=SUBSCRIPTION, resource_group="gpu-rg", name="gpu-aks", location="eastus")
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/gpu-rg"
ID = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/gpu-aks"
SUBJECTS = [
    "login",
    "token",
    "cluster",
    "power",
    "provisioning",
    "region",
    "agent pools",
    "rights",
    "machine sizes",
    "quota",
]


@pytest.fixture
def entra(tmp_path: Path) -> Iterator[Entra]:
    entra = Entra(tmp_path)
    with entra.server:
        yield entra


def azure(**other: Reply) -> Script:
    """An Azure where all is well but what is answered otherwise: cluster, pools, rights, skus, usages."""
    well = {
        "cluster": cluster(),
        "pools": document({"value": [{"name": "system", "properties": {}}]}),
        "rights": rights(["*"], ["Microsoft.Authorization/*/write"]),
        "skus": document({"value": [{"resourceType": "virtualMachines", "name": "Standard_NC1"}]}),
        "usages": document({"value": [{"name": {"value": "cores"}, "currentValue": 0, "limit": 9}]}),
    } | other
    words = {"agentpools": "pools", "permissions": "rights", "skus": "skus", "usages": "usages"}

    def script(asked: Asked) -> Reply:
        return well[words.get(asked.path.lower().rpartition("/")[2], "cluster")]

    return script


def cluster(power: str = "Running", state: str = "Succeeded", location: str = "eastus") -> Reply:
    properties = {"powerState": {"code": power}, "provisioningState": state}
    return document({"name": "gpu-aks", "location": location, "properties": properties})


def rights(actions: list[str], less: list[str]) -> Reply:
    return document({"value": [{"actions": actions, "notActions": less}]})


def checked(script: Script, entra: Entra, cluster: AksCluster = CLUSTER, **environ: str) -> dict[str, Check]:
    known = {**entra.environ, "AZURE_CLIENT_SECRET": "hunter2", **environ}
    with Scripted(script) as server:
        checks = azure_checks(cluster, "service-principal", known, server.url)
    assert "hunter2" not in str(checks)
    return {check.subject: check for check in checks}


def test_an_azure_where_all_is_well_is_ready(entra: Entra) -> None:
    checks = checked(azure(), entra)
    assert list(checks) == SUBJECTS
    assert {check.answer for check in checks.values()} == {Answer.YES}
    assert not any(check.mend for check in checks.values())


@pytest.mark.parametrize(
    ("other", "subject", "answer", "said", "mend"),
    [
        (
            {"cluster": arm(403, "AuthorizationFailed")},
            "cluster",
            Answer.NO,
            "AuthorizationFailed",
            f"az role assignment create --assignee {CLIENT} --role Contributor --scope {ID}",
        ),
        ({"cluster": arm(404, "ResourceNotFound")}, "cluster", Answer.NO, "ResourceNotFound", "spec.cluster"),
        (
            {"cluster": arm(409, "MissingSubscriptionRegistration")},
            "cluster",
            Answer.NO,
            "MissingSubscriptionRegistration",
            "az provider register",
        ),
        (
            {"cluster": cluster("Stopped")},
            "power",
            Answer.NO,
            "Stopped",
            "az aks start --resource-group gpu-rg --name gpu-aks",
        ),
        ({"cluster": cluster(state="Failed")}, "provisioning", Answer.NO, "Failed", "az aks update"),
        ({"cluster": cluster(state="Upgrading")}, "provisioning", Answer.LESS, "Upgrading", "removed"),
        (
            {"cluster": cluster(location="westus3")},
            "region",
            Answer.NO,
            "lies in westus3",
            "set spec.cluster.location to westus3",
        ),
        (
            {"pools": arm(403, "AuthorizationFailed")},
            "agent pools",
            Answer.NO,
            "Authorization",
            "Contributor",
        ),
        (
            {"rights": rights(["*/read"], [])},
            "rights",
            Answer.NO,
            "agentPools/write, Microsoft.ContainerService/managedClusters/agentPools/delete",
            "Contributor",
        ),
        (
            {"rights": rights(["Microsoft.ContainerService/*"], ["*/managedClusters/agentPools/delete"])},
            "rights",
            Answer.NO,
            "not allowed: Microsoft.ContainerService/managedClusters/agentPools/delete",
            "Contributor",
        ),
        ({"rights": arm(403, "AuthorizationFailed")}, "rights", Answer.LESS, "not known", "Contributor"),
        (
            {"skus": arm(403, "AuthorizationFailed")},
            "machine sizes",
            Answer.LESS,
            "AuthorizationFailed",
            f"--role Reader --scope /subscriptions/{SUBSCRIPTION}",
        ),
        ({"usages": arm(403, "AuthorizationFailed")}, "quota", Answer.LESS, "Authorization", "--role Reader"),
        ({"usages": arm(500, "InternalError")}, "quota", Answer.LESS, "InternalError", "without it"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    entra: Entra, other: dict[str, Reply], subject: str, answer: Answer, said: str, mend: str
) -> None:
    checks = checked(azure(**other), entra)
    check = checks[subject]
    assert (check.answer, said in check.said, mend in check.mend) == (answer, True, True), check
    assert is_ready(checks.values()) == (answer is not Answer.NO)


def test_without_a_login_nothing_else_is_asked(entra: Entra) -> None:
    (login,) = checked(azure(), entra, AZURE_CLIENT_ID="").values()
    assert (login.answer, "AZURE_CLIENT_ID" in login.said) == (Answer.NO, True)


def test_without_a_token_azure_is_not_asked(entra: Entra) -> None:
    entra.refusal = refusal(7000222, "The provided client secret keys are expired.")
    asked: list[Asked] = []

    def script(one: Asked) -> Reply:
        asked.append(one)
        return document({})

    checks = checked(script, entra)
    assert [check.answer for check in checks.values()] == [Answer.YES, Answer.NO]
    assert "AADSTS7000222" in checks["token"].said
    assert "AZURE_CLIENT_SECRET" in checks["token"].mend
    assert not asked


def test_a_fleet_that_names_no_cluster_is_told_which_fields_to_fill(entra: Entra) -> None:
    checks = checked(azure(), entra, AksCluster(name="gpu-aks"))
    assert "spec.cluster.subscription, spec.cluster.resourceGroup" in checks["cluster"].said
    assert list(checks) == ["login", "token", "cluster"]


def test_an_azure_out_of_reach_is_told_as_such(entra: Entra) -> None:
    known = {**entra.environ, "AZURE_CLIENT_SECRET": "s"}
    checks = azure_checks(CLUSTER, "service-principal", known, f"http://127.0.0.1:{closed_port()}")
    assert checks[2].answer is Answer.NO
    assert "HTTPS_PROXY" in checks[2].mend


# The command as a person types it: azure-identity takes these logins from the process's own environment.


def typed(folder: Path, login: str, environ: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    spec = {"cluster": CLUSTER.model_dump(by_alias=True)}
    fleet = {"apiVersion": "towline.dev/v1alpha1", "kind": "Fleet", "spec": spec}
    (folder / "towline.yaml").write_text(json.dumps(fleet))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "TOWLINE_"))}
    with Scripted(kube()) as cluster:
        place = ["--context", "test", "--kubeconfig", str(kubeconfig(folder, cluster.url))]
        words = ["check", str(folder), "--pre", *place, "--azure-login", login, "-o", "json"]
        run = subprocess.run(
            [TOWLINE, *words],
            env=clean | dict(environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert TOKEN not in run.stdout + run.stderr
    told: dict[str, Any] = json.loads(run.stdout)
    return run.returncode, {"ready": told["ready"], **{each["subject"]: each for each in told["checks"]}}


@pytest.fixture
def arm_server(tmp_path: Path) -> Iterator[tuple[Scripted, dict[str, str]]]:
    """Azure by https, and the environment that leads to it."""
    with Scripted(azure(), tmp_path / "arm.pem") as server:
        bundle = tmp_path / "arm-ca.pem"
        bundle.write_bytes(certificate_of(tmp_path / "arm.pem"))
        yield server, {"TOWLINE_AZURE_ENDPOINT": server.url, "REQUESTS_CA_BUNDLE": str(bundle)}


def test_a_machines_identity_is_used_and_its_token_reaches_azure(
    arm_server: tuple[Scripted, dict[str, str]], tmp_path: Path
) -> None:
    server, environ = arm_server
    with Scripted(machine_identity) as identity:
        environ |= {"AZURE_POD_IDENTITY_AUTHORITY_HOST": identity.url, "AZURE_CLIENT_ID": CLIENT}
        code, told = typed(tmp_path, "managed-identity", environ)
    assert (code, told["ready"]) == (0, True)
    assert CLIENT in told["login"]["said"]
    assert identity.asked[0].query["client_id"] == CLIENT
    assert identity.asked[0].query["resource"] == server.url
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {TOKEN}"}


def test_a_machine_that_has_no_identity_is_told(tmp_path: Path) -> None:
    with Scripted(lambda _: document({"error": "invalid_request"}, 400)) as identity:
        code, told = typed(tmp_path, "managed-identity", {"AZURE_POD_IDENTITY_AUTHORITY_HOST": identity.url})
    assert (code, told["token"]["answer"]) == (1, "missing")
    assert "assign an identity to the machine" in told["token"]["mend"]
    assert len(identity.asked) == 1


def test_whoever_az_let_in_is_used(arm_server: tuple[Scripted, dict[str, str]], tmp_path: Path) -> None:
    server, environ = arm_server
    folder = fake_az(tmp_path / "bin")
    code, told = typed(tmp_path, "cli", environ | {"PATH": f"{folder}:{os.environ['PATH']}"})
    assert (code, told["ready"]) == (0, True)
    assert f"--resource {server.url}" in (folder / "asked").read_text()
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_an_az_that_let_nobody_in_is_told(tmp_path: Path) -> None:
    folder = fake_az(tmp_path / "bin", logged_in=False)
    code, told = typed(tmp_path, "cli", {"PATH": f"{folder}:{os.environ['PATH']}"})
    assert (code, told["token"]["answer"]) == (1, "missing")
    assert "az login" in told["token"]["mend"]
