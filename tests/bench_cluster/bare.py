"""A bare load generator: the same PATCH bodies, sent by urllib3 in as many threads as asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config

APPLY = "application/apply-patch+yaml"
_PLURALS = {
    ("v1", "Service"): "services",
    ("apps/v1", "StatefulSet"): "statefulsets",
    ("kaito.sh/v1beta1", "Workspace"): "workspaces",
}


def best_rate(kubeconfig: Path, objects: list[dict[str, Any]], threads: Iterable[int]) -> float:
    """Writes a second with that number of threads that reaches the most; each makes the objects anew, in a
    namespace of its own."""
    told = client.Configuration()
    config.load_kube_config(str(kubeconfig), client_configuration=told)  # type: ignore[no-untyped-call]
    return max(_rate(told, objects, number) for number in threads)


def _rate(told: Any, objects: list[dict[str, Any]], threads: int) -> float:
    pool = urllib3.PoolManager(maxsize=threads, ca_certs=told.ssl_ca_cert, retries=False)
    headers = {"Content-Type": APPLY, "Authorization": told.auth_settings()["BearerToken"]["value"]}
    namespace = f"bare-{threads}-{time.time_ns()}"
    _make_namespace(pool, told.host, headers, namespace)
    work = iter([(told.host + _path(each, namespace), _body(each, namespace)) for each in objects])
    lock = threading.Lock()
    hands = [threading.Thread(target=_send_all, args=(pool, headers, work, lock)) for _ in range(threads)]
    begun = time.monotonic()
    for each in hands:
        each.start()
    for each in hands:
        each.join()
    return len(objects) / (time.monotonic() - begun)


def _send_all(
    pool: urllib3.PoolManager,
    headers: dict[str, str],
    work: Iterator[tuple[str, bytes]],
    lock: threading.Lock,
) -> None:
    while True:
        with lock:
            url, body = next(work, ("", b""))
        if not url:
            return
        answer = pool.request("PATCH", url, body=body, headers=headers)
        if answer.status != 201:
            raise RuntimeError(answer.data.decode(errors="replace"))


def _make_namespace(pool: urllib3.PoolManager, host: str, headers: dict[str, str], name: str) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).encode()
    url = f"{host}/api/v1/namespaces/{name}?fieldManager=towline"
    assert pool.request("PATCH", url, body=body, headers=headers).status == 201


def _path(each: dict[str, Any], namespace: str) -> str:
    version = each["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural, name = _PLURALS[(version, each["kind"])], each["metadata"]["name"]
    return f"{root}/namespaces/{namespace}/{plural}/{name}?fieldManager=towline&force=false"


def _body(each: dict[str, Any], namespace: str) -> bytes:
    return json.dumps({**each, "metadata": {**each["metadata"], "namespace": namespace}}).encode()
