from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.sandbox.kube.store import Store
from tests.sandbox.kube.served import Served, config_map, definition, pod, service, widget, workload

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "t"}}


class Kubectl:
    """kubectl against one served API, in namespace `t`."""

    def __init__(self, api: Served, home: Path) -> None:
        self.api = api
        self._home = home
        self._config = home / "kubeconfig"
        self._config.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [{"name": "c", "cluster": {"server": api.url}}],
                    "users": [{"name": "u", "user": {}}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "t"}}],
                    "current-context": "x",
                }
            )
        )

    def run(self, *words: str, given: Any = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "HOME": str(self._home), "KUBECTL_APPLYSET": "true"}
        return subprocess.run(
            ["kubectl", "--kubeconfig", str(self._config), *words],
            input=json.dumps(given) if given is not None else None,
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
            env=environment,
        )

    def __call__(self, *words: str, given: Any = None) -> str:
        done = self.run(*words, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def apply(self, obj: dict[str, Any], *words: str) -> str:
        return self("apply", "--server-side", "-f", "-", *words, given=obj)


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    with Served() as api:
        client = Kubectl(api, tmp_path_factory.mktemp("home"))
        client.apply(NAMESPACE)
        yield client


def test_it_knows_the_kinds(kubectl: Kubectl) -> None:
    listed = kubectl("api-resources", "-o", "name").split()
    assert {"pods", "statefulsets.apps", "jobs.batch", "leases.coordination.k8s.io"} <= set(listed)


def test_it_applies_and_finds_a_conflict_and_forces(kubectl: Kubectl) -> None:
    one, two = workload(name="d1", replicas=1), workload(name="d1", replicas=4)
    assert "serverside-applied" in kubectl.apply(one, "--field-manager=m1")
    assert "serverside-applied" in kubectl.apply(one, "--field-manager=m1")
    refused = kubectl.run("apply", "--server-side", "--field-manager=m2", "-f", "-", given=two)
    assert 'conflict with "m1": .spec.replicas' in refused.stderr
    kubectl.apply(two, "--field-manager=m2", "--force-conflicts")
    assert kubectl("get", "deploy", "d1", "-o", "jsonpath={.spec.replicas}") == "4"


def test_it_applies_on_its_own_side_and_moves_to_the_servers(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=workload(name="d2"))
    kubectl("apply", "-f", "-", given=workload(name="d2", replicas=2))
    assert kubectl("get", "deploy", "d2", "-o", "jsonpath={.spec.replicas}") == "2"
    kubectl.apply(workload(name="d2", replicas=3))
    assert kubectl("get", "deploy", "d2", "-o", "jsonpath={.spec.replicas}") == "3"


def test_it_shows_differences_without_making_them(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=config_map("diffed", a="1"))
    found = kubectl.run("diff", "-f", "-", given=config_map("diffed", a="2"))
    assert (found.returncode, '+  a: "2"' in found.stdout) == (1, True)
    assert "server dry run" in kubectl.apply(
        config_map("diffed", a="2"), "--dry-run=server", "--force-conflicts"
    )
    assert kubectl("get", "cm", "diffed", "-o", "jsonpath={.data.a}") == "1"


def test_it_scales_patches_and_labels(kubectl: Kubectl) -> None:
    kubectl.apply(workload("StatefulSet", "s1"))
    kubectl("scale", "sts/s1", "--replicas=3")
    kubectl("set", "image", "sts/s1", "main=j:2")
    kubectl("label", "sts", "s1", "z=1")
    kubectl("annotate", "sts", "s1", "y=2")
    kubectl(
        "patch", "sts", "s1", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels/w","value":"1"}]'
    )
    status = '{"status":{"replicas":3,"readyReplicas":3}}'
    kubectl("patch", "sts", "s1", "--subresource=status", "--type=merge", "-p", status)
    found = json.loads(kubectl("get", "sts", "s1", "-o", "json"))
    assert found["spec"]["replicas"] == 3
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "j:2"
    assert {"z", "w"} <= found["metadata"]["labels"].keys()
    assert kubectl("get", "sts", "s1").splitlines()[1].split()[:2] == ["s1", "3/3"]


def test_it_prints_lists_as_a_real_cluster_prints_them(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", given=service("svc"))
    assert kubectl("get", "svc").splitlines()[0].split() == [
        "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE",
    ]  # fmt: skip
    assert "SELECTOR" in kubectl("get", "svc", "-o", "wide").splitlines()[0]
    assert "service/svc" in kubectl("get", "all")
    assert "NAMESPACE" in kubectl("get", "svc", "-A").splitlines()[0]
    assert kubectl("get", "svc", "-l", "none=such", "-o", "name") == ""


def test_it_describes_and_waits(kubectl: Kubectl) -> None:
    kubectl.apply(workload(name="waited"))
    ready = {"status": {"conditions": [{"type": "Available", "status": "True"}]}}
    kubectl("patch", "deploy", "waited", "--subresource=status", "--type=merge", "-p", json.dumps(ready))
    kubectl("wait", "--for=condition=Available", "deploy/waited", "--timeout=10s")
    kubectl("wait", "--for=jsonpath={.spec.replicas}=1", "deploy/waited", "--timeout=10s")
    assert "Available" in kubectl("describe", "deploy", "waited")


def test_it_replaces_only_what_is_fresh(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", given=config_map("fresh", a="1"))
    stale = json.loads(kubectl("get", "cm", "fresh", "-o", "json"))
    kubectl("replace", "-f", "-", given={**stale, "data": {"a": "2"}})
    refused = kubectl.run("replace", "-f", "-", given=stale)
    assert "the object has been modified" in refused.stderr


def test_it_uses_a_definition_from_end_to_end(kubectl: Kubectl) -> None:
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    kubectl.apply(definition(additionalPrinterColumns=columns))
    kubectl("wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=10s")
    kubectl.apply(widget(size=3))
    header, row = kubectl("get", "wg").splitlines()
    assert (header.split(), row.split()) == (["NAME", "SIZE"], ["a", "3"])
    refused = kubectl.run("apply", "--server-side", "-f", "-", given=widget(sise=1))
    assert 'unknown field "spec.sise"' in refused.stderr
    kubectl("delete", "crd", "widgets.example.com", "--timeout=10s")


def test_it_waits_for_finalizers_and_deletes(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", given=config_map("held"))
    kubectl("patch", "cm", "held", "--type=merge", "-p", '{"metadata":{"finalizers":["x/y"]}}')
    kubectl("delete", "cm", "held", "--wait=false")
    assert kubectl("get", "cm", "held", "-o", "jsonpath={.metadata.deletionTimestamp}")
    kubectl("patch", "cm", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    assert "NotFound" in kubectl.run("get", "cm", "held").stderr


def test_it_prunes_an_apply_set(kubectl: Kubectl) -> None:
    words = ("apply", "--server-side", "--prune", "--applyset=set1", "-n", "t", "-f", "-")
    kubectl(*words, given=config_map("kept"))
    kubectl(*words, given=config_map("other"))
    assert "NotFound" in kubectl.run("get", "cm", "kept").stderr


def test_it_reads_the_logs_of_a_running_pod(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", given=pod("talker"))

    def start(store: Store) -> None:
        store.patch("Pod", "t", "talker", {"spec": {"nodeName": "n"}})
        running = {"name": "main", "ready": True, "restartCount": 0, "state": {"running": {}}}
        status = {"phase": "Running", "containerStatuses": [running]}
        store.patch("Pod", "t", "talker", {"status": status}, subresource="status")

    kubectl.api.inside(start)
    assert kubectl("logs", "talker", "--tail=1") == "line 4 of talker"
    assert kubectl("get", "pod", "talker").splitlines()[1].split()[:4] == ["talker", "1/1", "Running", "0"]
    refused = kubectl.run("exec", "talker", "--", "true")
    assert "the sandbox has no exec" in refused.stderr


def test_it_creates_what_it_sends_as_protobuf(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "v")
    kubectl("-n", "v", "create", "configmap", "c", "--from-literal=a=1", "--from-literal=b=ü")
    kubectl("-n", "v", "create", "secret", "generic", "s", "--from-literal=a=1")
    kubectl("-n", "v", "create", "serviceaccount", "account")
    kubectl(
        "-n", "v", "create", "deployment", "d", "--image=i:1", "--replicas=2", "--port=80", "--", "run", "it"
    )
    kubectl("-n", "v", "create", "job", "j", "--image=i:1")
    kubectl("-n", "v", "create", "service", "clusterip", "s", "--tcp=80:web")
    kubectl("-n", "v", "create", "role", "r", "--verb=get,list", "--resource=pods,deployments.apps")
    kubectl("-n", "v", "create", "rolebinding", "b", "--role=r", "--serviceaccount=v:account")
    assert kubectl("-n", "v", "get", "svc", "s", "-o", "jsonpath={.spec.ports[0].targetPort}") == "web"
    rules = json.loads(kubectl("-n", "v", "get", "role", "r", "-o", "jsonpath={.rules}"))
    assert [each["apiGroups"] for each in rules] == [[""], ["apps"]]
    assert kubectl("auth", "can-i", "--list")
    assert json.loads(kubectl("-n", "v", "get", "cm", "c", "-o", "jsonpath={.data}")) == {"a": "1", "b": "ü"}
    assert kubectl("-n", "v", "get", "secret", "s", "-o", "jsonpath={.type} {.data.a}") == "Opaque MQ=="
    spec = json.loads(kubectl("-n", "v", "get", "deploy", "d", "-o", "jsonpath={.spec}"))
    assert (spec["replicas"], spec["selector"]) == (2, {"matchLabels": {"app": "d"}})
    container = spec["template"]["spec"]["containers"][0]
    assert (container["image"], container["command"]) == ("i:1", ["run", "it"])
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def test_it_is_told_what_to_do_about_other_protobuf(kubectl: Kubectl) -> None:
    refused = kubectl.run("create", "poddisruptionbudget", "b", "--selector=a=b", "--min-available=1")
    assert "the sandbox cannot read this protobuf body; send JSON" in refused.stderr


def test_it_deletes_a_namespace_with_all_in_it(kubectl: Kubectl) -> None:
    kubectl.apply({**NAMESPACE, "metadata": {"name": "u"}})
    kubectl("-n", "u", "create", "-f", "-", given=config_map("inside"))
    kubectl("delete", "ns", "u", "--timeout=20s")
    assert "NotFound" in kubectl.run("get", "ns", "u").stderr
