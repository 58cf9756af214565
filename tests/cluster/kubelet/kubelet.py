"""One kubelet for all nodes whose names begin as told: it looks, `pods` and `nodes` decide, it writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.cluster.asking import APPLY, MERGE, Api, Refused
from tests.cluster.kubelet.agenda import Agenda
from tests.cluster.kubelet.following import follow
from tests.cluster.kubelet.nodes import gpu_node, is_well, node_words
from tests.cluster.kubelet.pods import Move, Pace, next_move

NODES = "/api/v1/nodes"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
BOUND = "fieldSelector=spec.nodeName!="


class Kubelet:
    """`prefix` keeps it from the nodes of a real cluster."""

    def __init__(self, api: Api, pace: Pace, prefix: str = "") -> None:
        self._api = api
        self._pace = pace
        self._prefix = prefix
        self._agenda = Agenda()
        self._seen = threading.RLock()
        self._nodes: set[str] = set()
        self._ill: set[str] = set()
        self._pods: dict[str, dict[str, Any]] = {}
        self._planned: dict[str, str] = {}

    def bring(self, count: int, gpus: int, labels: dict[str, str]) -> None:
        """Make nodes, those that are not there yet."""
        for number in range(count):
            node = gpu_node(f"{self._prefix or 'gpu-'}{number}", gpus, labels)
            self._write("POST", NODES, node, "application/json")

    def start(self, workers: int) -> None:
        """Begin, in threads that end with the process."""
        for work in (self._follow_nodes, self._follow_pods, *[self._agenda.work] * workers):
            threading.Thread(target=work, daemon=True).start()

    def keep_alive(self, every: float) -> None:
        """Renew the leases of its nodes, for the node lifecycle controller of a whole cluster."""
        for name in sorted(self._nodes):
            spec = {"holderIdentity": name, "renewTime": f"{_now()[:-1]}.000000Z", "leaseDurationSeconds": 40}
            lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "spec": spec}
            path = f"{LEASES}/{name}?fieldManager=kubelet&force=true"
            self._write("PATCH", path, {**lease, "metadata": {"name": name}}, APPLY)
        self._agenda.put(every, partial(self.keep_alive, every))

    def _follow_nodes(self) -> None:
        for happened, node in follow(self._api, NODES):
            name = node["metadata"]["name"]
            if happened == "DELETED":
                self._nodes.discard(name)
            elif name.startswith(self._prefix):
                self._nodes.add(name)
                self._see_node(node)

    def _follow_pods(self) -> None:
        for happened, pod in follow(self._api, "/api/v1/pods", BOUND):
            if pod["spec"]["nodeName"].startswith(self._prefix):
                self._see_pod(happened, pod)

    def _see_node(self, node: dict[str, Any]) -> None:
        name, words = node["metadata"]["name"], node_words(node, _now())
        if words.status:
            self._soon(f"{NODES}/{name}/status", {"status": words.status})
        if words.spec:
            self._soon(f"{NODES}/{name}", {"spec": words.spec})
        with self._seen:
            if (name in self._ill) == is_well(node):
                self._ill ^= {name}
                for pod in [each for each in self._pods.values() if each["spec"]["nodeName"] == name]:
                    self._plan(pod)

    def _see_pod(self, happened: str, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        with self._seen:
            if happened == "DELETED":
                self._pods.pop(uid, None)
                self._planned.pop(uid, None)
                return
            pod["metadata"].pop("managedFields", None)
            self._pods[uid] = pod
            self._plan(pod)

    def _plan(self, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        move = next_move(pod, pod["spec"]["nodeName"] not in self._ill, self._pace, _now())
        if move and self._planned.get(uid) != move.stage:
            self._planned[uid] = move.stage
            self._agenda.put(move.after, partial(self._make, pod, move))

    def _make(self, pod: dict[str, Any], move: Move) -> None:
        """The pod's own uid goes with it: another one of its name is not touched."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if move.status is None:
            end = {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}}
            self._write("DELETE", path, end, "application/json")
        elif self._planned.get(metadata["uid"]) == move.stage:
            patch = {"metadata": {"uid": metadata["uid"]}, "status": move.status}
            self._write("PATCH", f"{path}/status", patch, MERGE)

    def _soon(self, path: str, body: dict[str, Any]) -> None:
        self._agenda.put(0, partial(self._write, "PATCH", path, body, MERGE))

    def _write(self, method: str, path: str, body: dict[str, Any], kind: str) -> None:
        _as_far_as_agreed(partial(self._api.ask, method, path, body, kind))


def _as_far_as_agreed(ask: Callable[[], Any]) -> None:
    """What is another by now, or there already, stays as it is; a server that cannot is asked again."""
    try:
        ask()
    except Refused as refused:
        if refused.code >= 429:
            raise ConnectionError(str(refused)) from refused
        if refused.code != 409:
            raise


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
