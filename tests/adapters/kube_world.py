"""The sandbox as the Kubernetes door's tests use it, and somebody else who uses it too."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import config

from reconciler.adapters.kube.kinds import known_kind
from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.watch import Pace
from reconciler.adapters.kube.wire import Patience
from reconciler.domain.identity import Ref
from reconciler.domain.state import DesiredObject, packed
from reconciler.sandbox.server import Sandbox

CONTEXT = "towline-sandbox"
FLEET = {"towline.dev/fleet": "demo"}
QUICK = Looking(patience=Patience(2, 10, 20), pace=Pace(first=0.02, longest=0.2))
NAMES = (
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("apps/v1", "StatefulSet"),
    ("kaito.sh/v1beta1", "Workspace"),
)
KINDS = tuple(kind for kind in (known_kind(*name) for name in NAMES) if kind)
CRD = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "workspaces.kaito.sh")


def ref(name: str) -> Ref:
    return Ref("v1", "ConfigMap", "default", name)


def desired(document: dict[str, Any]) -> DesiredObject:
    metadata = document["metadata"]
    where = Ref(document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"])
    body = json.dumps(document, sort_keys=True).encode()
    return DesiredObject(where, None, packed(body), hashlib.sha256(body).hexdigest())


def config_map(name: str, namespace: str = "default", **data: str) -> DesiredObject:
    metadata = {"name": name, "namespace": namespace, "labels": FLEET}
    return desired({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def definition(**labels: str) -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": CRD.name, "labels": labels},
        "spec": {
            "group": "kaito.sh",
            "scope": "Namespaced",
            "names": {"kind": "Workspace", "plural": "workspaces", "singular": "workspace"},
            "versions": [{**version, "subresources": {"status": {}}}],
        },
    }


def workspace(name: str) -> DesiredObject:
    metadata = {"name": name, "namespace": "default", "labels": FLEET}
    return desired(
        {"apiVersion": "kaito.sh/v1beta1", "kind": "Workspace", "metadata": metadata, "inference": {}}
    )


def ask(world: Sandbox, method: str, path: str, body: dict[str, Any]) -> int:
    """Another client than ours: the HTTP status it was answered with."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    vendor: Any = config
    with vendor.new_client_from_config(str(world.kubeconfig), CONTEXT) as client:
        headers = {"Content-Type": kind}
        signed = client.param_serialize(
            method, path, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        return int(client.call_api(*signed, _request_timeout=10).status)


def somebody_else(world: Sandbox, method: str, path: str, body: dict[str, Any]) -> None:
    assert ask(world, method, path, body) < 300


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        waiting.wait(0.02)
    pytest.fail("it never came to be")


def asked(world: Sandbox, **what: Any) -> int:
    return world.requests.count(api="kube", agent="towline/", **what)
