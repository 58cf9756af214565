"""The work of the controllers that a large stage goes without: every StatefulSet is said to be ready."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tests.cluster.asking import MERGE, Api
from tests.cluster.control_plane import ControlPlane

_SETS = "/apis/apps/v1/namespaces/default/statefulsets"
_HANDS = 8


def make_ready(plane: ControlPlane) -> int:
    """Say so of each; how many there are."""
    api = Api(plane.kubeconfig, plane.context, _HANDS)
    found = api.ask("GET", _SETS)["items"]
    with ThreadPoolExecutor(_HANDS) as hands:
        return len(list(hands.map(partial(_say, api), found)))


def _say(api: Api, seen: dict[str, Any]) -> None:
    metadata, replicas = seen["metadata"], seen["spec"]["replicas"]
    counts = dict.fromkeys(("replicas", "readyReplicas", "currentReplicas", "updatedReplicas"), replicas)
    revisions = dict.fromkeys(("currentRevision", "updateRevision"), f"{metadata['name']}-1")
    status = {"observedGeneration": metadata["generation"], **counts, **revisions}
    api.ask("PATCH", f"{_SETS}/{metadata['name']}/status", {"status": status}, MERGE)
