"""The work of the controllers that a large stage goes without: a pod of each StatefulSet, and its status."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tests.bench_cluster.stage import LONGEST
from tests.cluster.asking import MERGE, Api
from tests.cluster.control_plane import ControlPlane
from tests.gitserver import until

_SETS = "/apis/apps/v1/namespaces/default/statefulsets"
_PODS = "/api/v1/namespaces/default/pods"
_HANDS = 8


def make_ready(plane: ControlPlane) -> None:
    """A pod of each, which the kubelet runs, and a status that says so."""
    api = Api(plane.kubeconfig, plane.context, _HANDS)
    found = api.ask("GET", _SETS)["items"]
    with ThreadPoolExecutor(_HANDS) as hands:
        for _ in hands.map(partial(_settle, api), found):
            continue
    waiting = f"{_PODS}?fieldSelector=status.phase!=Running&limit=1"
    assert until(lambda: not api.ask("GET", waiting)["items"], LONGEST), "the kubelet does not run all pods"


def _settle(api: Api, seen: dict[str, Any]) -> None:
    api.ask("POST", _PODS, _pod(seen))
    metadata, replicas = seen["metadata"], seen["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "readyReplicas", "currentReplicas", "updatedReplicas"), replicas)
    revisions = dict.fromkeys(("currentRevision", "updateRevision"), f"{metadata['name']}-1")
    status = {"observedGeneration": metadata["generation"], **counts, **revisions}
    api.ask("PATCH", f"{_SETS}/{metadata['name']}/status", {"status": status}, MERGE)


def _pod(seen: dict[str, Any]) -> dict[str, Any]:
    """The first of a StatefulSet, bound to a node."""
    metadata, template = seen["metadata"], seen["spec"]["template"]
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "controller": True}
    owners = [{**owner, "name": metadata["name"], "uid": metadata["uid"]}]
    named = {"name": f"{metadata['name']}-0", "labels": template["metadata"]["labels"]}
    spec = {**template["spec"], "nodeName": "gpu-0"}
    return {"metadata": {**named, "ownerReferences": owners}, "spec": spec}
