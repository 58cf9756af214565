"""How the Kubernetes door gets in: TLS that is checked, and tokens that a login program brings."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest
import yaml

from reconciler.adapters.azure.cloud import AzureCloud
from reconciler.adapters.azure.credentials import Nobody
from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.kinds import KindInfo
from reconciler.adapters.kube.looks import Looking
from reconciler.domain.fleet import AksCluster
from reconciler.faults import Forbidden, Unreachable
from reconciler.ports import Cloud, Cluster
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.adapters.scripted import Answer, Asked, Scripted, document, kubeconfig

CONFIG_MAPS = KindInfo("v1", "ConfigMap", "configmaps")
ONCE = Looking(watch=False)


def with_login_program(tmp_path: Path, url: str, script: str) -> Path:
    """A kubeconfig as `az aks get-credentials` writes it: the token comes from a program."""
    program = tmp_path / "login"
    program.write_text(f"#!{sys.executable}\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    file = kubeconfig(tmp_path, url)
    content = yaml.safe_load(file.read_text())
    api = "client.authentication.k8s.io/v1beta1"
    content["users"][0]["user"] = {"exec": {"apiVersion": api, "command": str(program), "args": []}}
    file.write_text(yaml.safe_dump(content))
    return file


def forbidding(asked: Asked) -> Answer:
    if asked.headers.get("authorization") == "Bearer from-the-program":
        return document({"items": [], "metadata": {}})
    return document({"kind": "Status", "message": "Unauthorized", "reason": "Unauthorized"}, 401)


def test_a_token_may_come_from_a_login_program(tmp_path: Path) -> None:
    told = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"}
    credential = json.dumps({**told, "status": {"token": "from-the-program"}})
    with Scripted(forbidding) as server:
        file = with_login_program(tmp_path, server.url, f"print({credential!r})")
        assert dict(KubeCluster(file, "test", "demo", (CONFIG_MAPS,), ONCE).objects()) == {}


def test_a_login_program_that_fails_leaves_us_forbidden(tmp_path: Path) -> None:
    with Scripted(forbidding) as server:
        file = with_login_program(tmp_path, server.url, "raise SystemExit(1)")
        with pytest.raises(Forbidden):
            KubeCluster(file, "test", "demo", (CONFIG_MAPS,), ONCE).objects()


def test_the_kubeconfig_is_left_as_it_was(tmp_path: Path) -> None:
    with Scripted(forbidding) as server:
        file = kubeconfig(tmp_path, server.url)
        before = file.read_bytes()
        with pytest.raises(Forbidden):
            KubeCluster(file, "test", "demo", (CONFIG_MAPS,), ONCE).objects()
        assert file.read_bytes() == before


def test_a_server_whose_certificate_is_not_trusted_is_not_spoken_to(tmp_path: Path) -> None:
    with Sandbox(SandboxSettings(tmp_path / "sandbox")) as world:
        with pytest.raises(Unreachable, match="certificate verify failed"):
            KubeCluster(kubeconfig(tmp_path, world.kube_url), "test", "demo", (CONFIG_MAPS,), ONCE).objects()
        assert len(world.requests) == 0


def test_the_doors_fill_their_ports(tmp_path: Path) -> None:
    cluster: Cluster = KubeCluster(kubeconfig(tmp_path, "http://127.0.0.1:1"), "test", "demo", (), ONCE)
    cloud: Cloud = AzureCloud(AksCluster(), Nobody(), "http://127.0.0.1:1")
    with pytest.raises(Unreachable):
        cluster.nodes()
    with pytest.raises(Unreachable):
        cloud.remove("w")
