"""Whether machines live: nodes become ready, find their GPUs, fall silent, and come back.

A silent node's pods are marked not ready; they are not evicted from it, and go with the node.
"""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.arm.cloud import Cloud
from reconciler.sandbox.arm.pool import SPOT
from reconciler.sandbox.kube.store import Event
from reconciler.sandbox.trouble import Marks

from .ground import Ground
from .machines import (
    NOT_READY,
    UNREACHABLE,
    conditions,
    faulty_condition,
    readiness,
    silent_conditions,
)
from .pods import condition, settled
from .queue import Key, Queue
from .sight import Object

POOL = "kubernetes.azure.com/agentpool"
_TYPE = "node.kubernetes.io/instance-type"
_MODE = "kubernetes.azure.com/mode"
_ZONE = "topology.kubernetes.io/zone"
_GPU = "nvidia.com/gpu"
_HEALTHY = ("Ready", "ContainersReady")


class Vitals:
    """Keeps the conditions, taints and GPUs of nodes as their machines are."""

    kinds = ("Node",)

    def __init__(self, ground: Ground, cloud: Cloud) -> None:
        self._ground, self._cloud = ground, cloud
        self._marks = Marks(ground.troubles)
        self._queue = Queue(ground.clock, self._look)

    def note(self, event: Event) -> None:
        """Hear of a node: a new one becomes ready in time."""
        name = event.obj["metadata"]["name"]
        if event.type == "ADDED":
            self._queue.add_later(("", name), self._ground.pace.node)
        elif event.type == "DELETED":
            self._marks.forget(name)

    def look_again(self) -> None:
        """Look at every node: what kept it from living may be over, or have begun."""
        for name in self._ground.sight.nodes:
            self._queue.add(("", name))

    def revive(self, name: str) -> None:
        """Have a node stand ready at once, as in a world that has been there for a while."""
        self._make_ready(self._ground.sight.nodes[name])

    def _look(self, key: Key) -> None:
        node = self._ground.sight.nodes.get(key[1])
        if node is None or _TYPE not in (node["metadata"].get("labels") or {}):
            return
        match readiness(node):
            case "True":
                self._look_at_ready(node)
            case "Unknown":
                if not self._is_silent(node):
                    self._come_alive(node)
            case _:
                self._look_at_new(node)

    def _look_at_new(self, node: Object) -> None:
        if not self._cloud.standing.is_awake:
            self._silence(node)
        elif self._is_due(node) and not self._suffers("node-never-ready", node):
            self._come_alive(node)

    def _come_alive(self, node: Object) -> None:
        self._make_ready(node)
        self._queue.add_later(("", node["metadata"]["name"]), self._ground.pace.node / 3)

    def _look_at_ready(self, node: Object) -> None:
        if self._is_silent(node):
            self._silence(node)
            return
        if self._gpus(node) and _GPU not in node["status"]["allocatable"]:
            self._find_gpus(node)
        self._tell_faults(node)

    def _is_due(self, node: Object) -> bool:
        """Has it had the time to become ready? (Stamps are whole seconds.)"""
        age = self._ground.clock.since(node["metadata"]["creationTimestamp"])
        return age >= self._ground.pace.node - 1

    def _is_silent(self, node: Object) -> bool:
        """Is its machine without power, lost, or deallocated by an eviction?"""
        labels = node["metadata"]["labels"]
        if not self._cloud.standing.is_awake:
            return True
        if labels.get(_MODE) != "system" and self._suffers("node-lost", node):
            return True
        pool = self._cloud.pools.get(labels.get(POOL, ""))
        parked = pool is not None and pool.properties.get("scaleSetEvictionPolicy") == "Deallocate"
        return parked and self._suffers("spot-evicted", node)

    def _suffers(self, word: str, node: Object) -> bool:
        return self._marks.suffers(word, node["metadata"]["name"], *names_of(node))

    def _make_ready(self, node: Object) -> None:
        name, now = node["metadata"]["name"], self._ground.clock.stamp()
        gone = (NOT_READY, UNREACHABLE)
        taints = [taint for taint in node["spec"].get("taints") or () if taint["key"] not in gone]
        self._ground.store.patch("Node", None, name, {"spec": {"taints": taints or None}})
        self._ground.write_status("Node", node, {"conditions": conditions(True, now)})
        self._ground.recorder.say(node, "NodeReady", f"Node {name} status is now: NodeReady", by="kubelet")
        self._tell_pods(name, ready=True)

    def _silence(self, node: Object) -> None:
        name, now = node["metadata"]["name"], self._ground.clock.stamp()
        kept = [taint for taint in node["spec"].get("taints") or () if taint["key"] != UNREACHABLE]
        new = [
            {"key": UNREACHABLE, "effect": effect, "timeAdded": now} for effect in ("NoSchedule", "NoExecute")
        ]
        self._ground.store.patch("Node", None, name, {"spec": {"taints": [*kept, *new]}})
        self._ground.write_status("Node", node, {"conditions": silent_conditions(now)})
        said = f"Node {name} status is now: NodeNotReady"
        self._ground.recorder.say(node, "NodeNotReady", said, by="node-controller")
        self._tell_pods(name, ready=False)

    def _tell_pods(self, node: str, *, ready: bool) -> None:
        """Mark a node's pods as its machine is: those whose containers are ready are so again."""
        for pod in self._ground.sight.pods_on(node):
            status = pod.get("status") or {}
            boxes = status.get("containerStatuses") or ()
            if boxes and all(box.get("ready") for box in boxes):
                self._ground.write_status("Pod", pod, {"conditions": self._conditions(status, ready=ready)})

    def _conditions(self, status: dict[str, Any], *, ready: bool) -> list[dict[str, Any]]:
        before, now = status.get("conditions") or (), self._ground.clock.stamp()
        kept = [one for one in before if one["type"] not in _HEALTHY]
        new = [condition(kind, ready, now) for kind in _HEALTHY]
        return [*kept, *settled(new, before)]

    def _gpus(self, node: Object) -> int:
        size = self._cloud.sizes.find(node["metadata"]["labels"][_TYPE])
        return size.gpus if size and size.vendor == "NVIDIA" else 0

    def _find_gpus(self, node: Object) -> None:
        if self._suffers("no-device-plugin", node):
            return
        found = {_GPU: str(self._gpus(node))}
        status = node["status"]
        grown = {name: {**status[name], **found} for name in ("capacity", "allocatable")}
        self._ground.write_status("Node", node, grown)

    def _tell_faults(self, node: Object) -> None:
        """Tell the condition of faulty GPUs while they are so, and no longer."""
        told = node["status"]["conditions"]
        sound = [one for one in told if one["type"] != "GPUXIDErrors"]
        if not self._gpus(node) or not self._suffers("gpu-faulty", node):
            if len(sound) != len(told):
                self._ground.write_status("Node", node, {"conditions": sound})
        elif len(sound) == len(told):
            faults = faulty_condition(self._ground.clock.stamp())
            self._ground.write_status("Node", node, {"conditions": [*sound, faults]})


def names_of(node: Object) -> tuple[str, ...]:
    """List what troubles may be told by: pool, size, capacity type, zone and the node's own name."""
    labels, name = node["metadata"]["labels"], node["metadata"]["name"]
    kind = "spot" if "spot" in (labels.get(SPOT), labels.get("karpenter.sh/capacity-type")) else "on-demand"
    _, _, zone = labels.get(_ZONE, "").rpartition("-")
    return (labels.get(POOL, name), labels.get(_TYPE, ""), kind, f"zone-{zone}", name)
