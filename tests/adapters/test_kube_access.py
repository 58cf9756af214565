"""How the Kubernetes door gets in: TLS that is checked, and tokens that a login program brings."""

from __future__ import annotations

import json
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from reconciler.adapters.azure.cloud import AzureCloud
from reconciler.adapters.azure.credentials import Nobody
from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.kinds import KindInfo
from reconciler.adapters.kube.looks import Looking
from reconciler.domain.fleet import AksCluster
from reconciler.domain.identity import Ref
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


COUNTING = """
import json, pathlib
runs = pathlib.Path(__file__).with_name("runs")
with runs.open("a") as file:
    file.write("x")
status = {"token": str(len(runs.read_text())), "expirationTimestamp": "2020-01-01T00:00:00Z"}
told = {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"}
print(json.dumps({**told, "status": status}))
"""
"""A token that has always expired: it is asked for as often as it may be."""


def test_a_token_that_was_not_accepted_is_asked_for_anew_by_the_next_request(tmp_path: Path) -> None:
    tokens: list[str] = []

    def script(asked: Asked) -> Answer:
        tokens.append(asked.headers["authorization"])
        accepted = tokens[-1] != tokens[0]
        return document({"items": [], "metadata": {}}) if accepted else document({"kind": "Status"}, 401)

    with Scripted(script) as server:
        cluster = KubeCluster(
            with_login_program(tmp_path, server.url, COUNTING), "test", "demo", (CONFIG_MAPS,), ONCE
        )
        with pytest.raises(Forbidden):
            cluster.objects()
        assert dict(cluster.objects()) == {}


def test_a_login_program_is_run_by_one_thread_while_the_others_wait(tmp_path: Path) -> None:
    with Scripted(lambda _: document({"metadata": {"name": "a", "uid": "u"}})) as server:
        file = with_login_program(tmp_path, server.url, COUNTING)
        cluster = KubeCluster(file, "test", "demo", (CONFIG_MAPS,), ONCE)
        before = len((tmp_path / "runs").read_text())
        with ThreadPoolExecutor(16) as workers:
            list(workers.map(cluster.find, [Ref("v1", "ConfigMap", "default", "a")] * 64))
        asked, runs = len(server.asked), len((tmp_path / "runs").read_text()) - before
    assert (asked, runs < 16) == (64, True)


@pytest.mark.parametrize(
    ("server", "proxy", "target"),
    [
        ("{}/k8s/clusters/c-1/", None, "/k8s/clusters/c-1/api/v1/configmaps"),
        ("http://api.invalid", "{}", "/api/v1/configmaps"),
    ],
)
def test_a_server_may_be_behind_a_path_or_a_proxy(
    tmp_path: Path, server: str, proxy: str | None, target: str
) -> None:
    with Scripted(lambda _: document({"items": [], "metadata": {}})) as scripted:
        file = kubeconfig(tmp_path, server.format(scripted.url))
        if proxy is not None:
            content = json.loads(file.read_text())
            content["clusters"][0]["cluster"]["proxy-url"] = proxy.format(scripted.url)
            file.write_text(json.dumps(content))
        KubeCluster(file, "test", "demo", (CONFIG_MAPS,), ONCE).objects()
    assert [asked.path for asked in scripted.asked] == [target]
