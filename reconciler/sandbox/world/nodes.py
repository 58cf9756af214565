"""Nodes: they join when their pool has machines, become ready, find their GPUs, and go with the pool."""

from __future__ import annotations

from reconciler.sandbox.arm.cloud import Cloud
from reconciler.sandbox.arm.pool import Pool
from reconciler.sandbox.kube.store import Event

from .ground import Ground
from .machines import NOT_READY, conditions, is_ready, node_object
from .queue import Key, Queue
from .sight import Object

_POOL = "kubernetes.azure.com/agentpool"
_TYPE = "node.kubernetes.io/instance-type"
_GPU = "nvidia.com/gpu"
_BY = "node-controller"


class Nodes:
    """Keeps the cluster's nodes in step with the cloud's pools."""

    kinds = ("Node",)

    def __init__(self, ground: Ground, cloud: Cloud) -> None:
        self._ground, self._cloud = ground, cloud
        self._queue = Queue(ground.clock, self._look)
        self._machines: dict[str, int] = {}
        self._moves = Queue(ground.clock, self._move)

    def note(self, event: Event) -> None:
        """Hear of a node: a new one becomes ready in time."""
        if event.type == "ADDED":
            self._queue.add_later(("", event.obj["metadata"]["name"]), self._ground.pace.node)

    def note_pool(self, pool: Pool) -> None:
        """Hear of a pool: see to each node it has or shall have, one after the other."""
        for node in self._ground.sight.nodes_like({_POOL: pool.name}):
            self._moves.add((pool.name, node["metadata"]["name"]))
        for machine in pool.machines:
            name = self._cloud.place.node_name(pool.name, machine)
            self._machines[name] = machine
            self._moves.add((pool.name, name))

    def settle(self, pool: Pool) -> None:
        """Have a pool's nodes stand ready at once, as in a world that has been there for a while."""
        for machine in pool.machines:
            name = self._cloud.place.node_name(pool.name, machine)
            if name not in self._ground.sight.nodes:
                self._join(pool, machine)
                self._make_ready(self._ground.sight.nodes[name])

    def look_again(self) -> None:
        """Look at every node: what kept a device plugin away may be over."""
        for name in self._ground.sight.nodes:
            self._queue.add(("", name))

    def _move(self, key: Key) -> None:
        """Have one node join, be cordoned and drained, or leave, as its pool wants."""
        pool, node = self._cloud.pools.get(key[0]), self._ground.sight.nodes.get(key[1])
        machine = self._machines.get(key[1])
        if pool is None or machine not in pool.machines:
            self._machines.pop(key[1], None)
            if node:
                self._remove(node)
        elif node and pool.state == "Deleting":
            self._cordon(node)
        elif node:
            self._relabel(node, pool)
        elif machine is not None and pool.state == "Succeeded" and not self._is_lost(pool):
            self._join(pool, machine)

    def _is_lost(self, pool: Pool) -> bool:
        return self._ground.troubles.strikes("node-never-joins", pool.name, pool.size)

    def _join(self, pool: Pool, machine: int) -> None:
        size = self._cloud.sizes.find(pool.size)
        if size is None:
            return
        node = node_object(pool, machine, size, self._cloud.place, self._ground.clock.stamp())
        made = self._ground.store.create(node)
        said = f"Node {made['metadata']['name']} event: Registered Node in Controller"
        self._ground.recorder.say(made, "RegisteredNode", said, by=_BY)

    def _relabel(self, node: Object, pool: Pool) -> None:
        """Bring a pool's own labels to a node that stands: they may change, taints may not."""
        wanted = pool.properties.get("nodeLabels") or {}
        changed = {
            key: value for key, value in wanted.items() if node["metadata"]["labels"].get(key) != value
        }
        if changed:
            name = node["metadata"]["name"]
            self._ground.store.patch("Node", None, name, {"metadata": {"labels": changed}})

    def _look(self, key: Key) -> None:
        node = self._ground.sight.nodes.get(key[1])
        if node is None or _TYPE not in (node["metadata"].get("labels") or {}):
            return
        if not is_ready(node):
            if self._is_due(node):
                self._make_ready(node)
                self._queue.add_later(key, self._ground.pace.node / 3)
        elif self._gpus(node) and _GPU not in node["status"]["allocatable"]:
            self._find_gpus(node)

    def _is_due(self, node: Object) -> bool:
        """Has it had the time to become ready? (Stamps are whole seconds.)"""
        age = self._ground.clock.since(node["metadata"]["creationTimestamp"])
        return age >= self._ground.pace.node - 1

    def _make_ready(self, node: Object) -> None:
        name = node["metadata"]["name"]
        taints = [taint for taint in node["spec"].get("taints") or () if taint["key"] != NOT_READY]
        self._ground.store.patch("Node", None, name, {"spec": {"taints": taints or None}})
        self._ground.write_status("Node", node, {"conditions": conditions(True, self._ground.clock.stamp())})
        self._ground.recorder.say(node, "NodeReady", f"Node {name} status is now: NodeReady", by="kubelet")

    def _gpus(self, node: Object) -> int:
        size = self._cloud.sizes.find(node["metadata"]["labels"][_TYPE])
        return size.gpus if size and size.vendor == "NVIDIA" else 0

    def _find_gpus(self, node: Object) -> None:
        labels = node["metadata"]["labels"]
        names = (labels.get(_POOL, node["metadata"]["name"]), labels[_TYPE])
        if self._ground.troubles.strikes("no-device-plugin", *names):
            return
        found = {_GPU: str(self._gpus(node))}
        status = node["status"]
        grown = {name: {**status[name], **found} for name in ("capacity", "allocatable")}
        self._ground.write_status("Node", node, grown)

    def _cordon(self, node: Object) -> None:
        self._ground.store.patch("Node", None, node["metadata"]["name"], {"spec": {"unschedulable": True}})
        self._drain(node)

    def _remove(self, node: Object) -> None:
        self._drain(node)
        self._ground.delete("Node", node)

    def _drain(self, node: Object) -> None:
        for pod in self._ground.sight.pods_on(node["metadata"]["name"]):
            self._ground.delete("Pod", pod)
