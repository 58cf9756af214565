"""Nodes: they join when their pool has machines, are drained when it shall go, and leave with it."""

from __future__ import annotations

from reconciler.sandbox.arm.cloud import Cloud
from reconciler.sandbox.arm.failures import Blocker
from reconciler.sandbox.arm.pool import Pool

from .budgets import Budgets
from .ground import Ground
from .machines import node_object
from .queue import Key, Queue
from .sight import Object, key_of
from .vitals import POOL, Vitals

_BY = "node-controller"
_BETWEEN_DRAINS = 10.0


class Nodes:
    """Keeps the cluster's nodes in step with the cloud's pools."""

    def __init__(self, ground: Ground, cloud: Cloud, vitals: Vitals, budgets: Budgets) -> None:
        self._ground, self._cloud, self._vitals, self._budgets = ground, cloud, vitals, budgets
        self._machines: dict[str, int] = {}
        self._moves = Queue(ground.clock, self._move)

    def note_pool(self, pool: Pool) -> None:
        """Hear of a pool: see to each node it has or shall have, one after the other."""
        for node in self._ground.sight.nodes_like({POOL: pool.name}):
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
                self._vitals.revive(name)

    def blockers(self, pool: Pool) -> list[Blocker]:
        """List the pods of a pool's nodes that a disruption budget keeps from being evicted now."""
        pods = (pod for name in self._standing(pool) for pod in self._ground.sight.pods_on(name))
        told = ((pod, self._budgets.forbidding(pod)) for pod in pods)
        return [
            Blocker(pod["spec"]["nodeName"], "/".join(key_of(pod)), budget) for pod, budget in told if budget
        ]

    def _standing(self, pool: Pool) -> list[str]:
        return [node["metadata"]["name"] for node in self._ground.sight.nodes_like({POOL: pool.name})]

    def _move(self, key: Key) -> None:
        """Have one node join, be cordoned and drained, or leave, as its pool wants."""
        pool, node = self._cloud.pools.get(key[0]), self._ground.sight.nodes.get(key[1])
        machine = self._machines.get(key[1])
        if pool is None or machine not in pool.machines:
            self._machines.pop(key[1], None)
            if node:
                self._remove(node)
        elif node and pool.state == "Deleting":
            self._cordon(key, node)
        elif node:
            self._relabel(node, pool)
        elif machine is not None and pool.state == "Succeeded" and not self._is_lost(pool):
            self._join(pool, machine)

    def _is_lost(self, pool: Pool) -> bool:
        return self._ground.troubles.strikes("node-never-joins", *pool.names)

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

    def _cordon(self, key: Key, node: Object) -> None:
        """Drain a node of what may leave it, and come back for the rest."""
        name = node["metadata"]["name"]
        if not node["spec"].get("unschedulable"):
            self._ground.store.patch("Node", None, name, {"spec": {"unschedulable": True}})
        if self._evict(name, forced=self._is_forced(key[0])):
            self._moves.add_later(key, _BETWEEN_DRAINS)

    def _is_forced(self, pool: str) -> bool:
        running = self._cloud.estate.operations.running(pool)
        return running is not None and running.forced

    def _evict(self, node: str, *, forced: bool) -> bool:
        """Delete a node's pods but those a disruption budget keeps; are there such?"""
        kept = False
        for pod in self._ground.sight.pods_on(node):
            if not forced and self._budgets.forbidding(pod):
                kept = True
            else:
                self._ground.delete("Pod", pod)
        return kept

    def _remove(self, node: Object) -> None:
        self._evict(node["metadata"]["name"], forced=True)
        self._ground.delete("Node", node)
