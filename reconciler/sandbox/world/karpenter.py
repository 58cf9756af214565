"""Karpenter, as far as static NodePools go: `spec.replicas` NodeClaims, and a node for each of them.

Its kinds are served from the beginning, as where AKS provisions nodes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.sandbox.arm.cloud import Cloud
from reconciler.sandbox.arm.pool import Pool, settle
from reconciler.sandbox.arm.sizes import VmSize
from reconciler.sandbox.kube.store import Event

from .ground import Ground
from .machines import is_ready, node_object
from .pods import condition, in_letters, reference_to, settled
from .queue import Key, Queue
from .sight import Object

NODE_POOL = "karpenter.sh/nodepool"
_TYPE = "node.kubernetes.io/instance-type"
_CAPACITY = "karpenter.sh/capacity-type"
_GPU = "nvidia.com/gpu"
_AGENT_POOL = ("agentpool", "kubernetes.azure.com/agentpool")


class Karpenter:
    """Keeps the NodeClaims of NodePools, and the nodes of NodeClaims."""

    kinds = ("NodePool", "NodeClaim", "Node")

    def __init__(self, ground: Ground, cloud: Cloud) -> None:
        self._ground, self._cloud = ground, cloud
        self._pools = Queue(ground.clock, self._look_at_pool)
        self._claims = Queue(ground.clock, self._look_at_claim)
        self._made = 0

    def note(self, event: Event) -> None:
        """Hear of a NodePool, a NodeClaim, or the node of one."""
        labels = event.obj["metadata"].get("labels") or {}
        name = event.obj["metadata"]["name"]
        if event.kind == "NodePool":
            self._pools.add(("", name))
            return
        if NODE_POOL not in labels:
            return
        self._pools.add(("", labels[NODE_POOL]))
        if event.kind == "NodeClaim" and event.type == "DELETED":
            self._remove_node(event.obj)
        elif event.kind == "NodeClaim" and event.type == "ADDED":
            self._claims.add_later(("", name), self._cloud.terms.pool_seconds / 2)
        elif event.kind == "Node":
            self._claims.add(("", name.removeprefix("aks-")))

    def _look_at_pool(self, key: Key) -> None:
        pool = self._ground.find("NodePool", *key)
        if pool is None or pool["metadata"].get("deletionTimestamp"):
            return
        claims = self._ground.store.objects("NodeClaim", None, {NODE_POOL: key[1]})
        wanted = pool["spec"].get("replicas")
        if wanted is not None:
            for _ in range(wanted - len(claims)):
                self._make_claim(pool)
            for claim in claims[wanted:]:
                self._ground.delete("NodeClaim", claim)
        ready = [condition("Ready", True, self._ground.clock.stamp(), "Ready")]
        before = (pool.get("status") or {}).get("conditions") or ()
        status = {
            "nodes": sum(_is_true(one, "Ready") for one in claims),
            "conditions": settled(ready, before),
        }
        self._ground.write_status("NodePool", pool, status)

    def _make_claim(self, pool: Object) -> None:
        self._made += 1
        name, template = pool["metadata"]["name"], pool["spec"]["template"]
        suffix = in_letters(f"{pool['metadata']['uid']}/{self._made}/{self._ground.clock.now()}", 5)
        labels = {**((template.get("metadata") or {}).get("labels") or {}), NODE_POOL: name}
        meta = {"name": f"{name}-{suffix}", "labels": labels, "ownerReferences": [reference_to(pool)]}
        kind = {"apiVersion": pool["apiVersion"], "kind": "NodeClaim"}
        self._ground.store.create({**kind, "metadata": meta, "spec": template["spec"]}, manager="karpenter")

    def _look_at_claim(self, key: Key) -> None:
        claim = self._ground.find("NodeClaim", *key)
        if claim is None or claim["metadata"].get("deletionTimestamp"):
            return
        size = self._cloud.sizes.find(_instance_type(claim))
        node = self._node_of(claim)
        if node is None and not _is_true(claim, "Launched") and not self._is_due(claim):
            return
        if why := self._against(claim, size):
            self._tell(claim, {}, {"Launched": why})
            return
        if size and node is None and not self._ground.troubles.strikes("node-never-joins", *_names(claim)):
            node = self._ground.store.create(self._node(claim, size), manager="karpenter")
        self._tell(claim, node or {}, {})

    def _is_due(self, claim: Object) -> bool:
        """Has its machine had the time to start? (Stamps are whole seconds.)"""
        age = self._ground.clock.since(claim["metadata"]["creationTimestamp"])
        return age >= self._cloud.terms.pool_seconds / 2 - 1

    def _against(self, claim: Object, size: VmSize | None) -> str:
        """Say why a claim's machine cannot be had; it is tried again a minute later."""
        if _is_true(claim, "Launched"):
            return ""
        short = self._ground.troubles.strikes("no-capacity", *_names(claim))
        if size and not short:
            return ""
        self._claims.add_later(("", claim["metadata"]["name"]), 60)
        return "all requested instance types were unavailable during launch"

    def _node(self, claim: Object, size: VmSize) -> Object:
        name = claim["metadata"]["name"]
        asked = {"vmSize": size.name, "nodeLabels": claim["metadata"]["labels"]}
        pool = Pool(name, settle({"properties": asked}, None), "Succeeded", "")
        node = node_object(pool, 0, size, self._cloud.place, self._ground.clock.stamp())
        labels = {key: value for key, value in node["metadata"]["labels"].items() if key not in _AGENT_POOL}
        labels |= {
            "kubernetes.io/hostname": f"aks-{name}",
            "karpenter.sh/registered": "true",
            _CAPACITY: _capacity_type(claim),
        }
        node["metadata"] |= {
            "name": f"aks-{name}",
            "labels": labels,
            "ownerReferences": [reference_to(claim, controller=False)],
        }
        machines = node["spec"]["providerID"].partition("/virtualMachineScaleSets/")[0]
        node["spec"]["providerID"] = f"{machines}/virtualMachines/aks-{name}"
        node["spec"]["taints"] = [*(claim["spec"].get("taints") or ()), *node["spec"]["taints"]]
        return node

    def _tell(self, claim: Object, node: Object, failures: Mapping[str, str]) -> None:
        """Write a claim's conditions: launched, registered, initialized, and ready when all of them are."""
        held = node.get("status", {}).get("allocatable", {})
        size = self._cloud.sizes.find(_instance_type(claim))
        has_gpus = not size or size.vendor != "NVIDIA" or _GPU in held
        facts = {"Launched": not failures, "Registered": bool(node)}
        facts["Initialized"] = bool(node) and is_ready(node) and has_gpus
        facts["Ready"] = all(facts.values())
        now = self._ground.clock.stamp()
        told = [
            condition(kind, true, now, kind if true else _reason(kind, failures), failures.get(kind, ""))
            for kind, true in facts.items()
        ]
        conditions = settled(told, (claim.get("status") or {}).get("conditions") or ())
        about = (
            {"nodeName": node["metadata"]["name"], "providerID": node["spec"]["providerID"]} if node else {}
        )
        self._ground.write_status("NodeClaim", claim, {"conditions": conditions, **about})

    def _node_of(self, claim: Object) -> Object | None:
        return self._ground.sight.nodes.get(f"aks-{claim['metadata']['name']}")

    def _remove_node(self, claim: Object) -> None:
        if node := self._node_of(claim):
            for pod in self._ground.sight.pods_on(node["metadata"]["name"]):
                self._ground.delete("Pod", pod)
            self._ground.delete("Node", node)


def _names(claim: Object) -> tuple[str, ...]:
    """List what troubles may be told by: name, size and capacity type."""
    return (claim["metadata"]["name"], _instance_type(claim), _capacity_type(claim))


def _instance_type(claim: Object) -> str:
    return next(iter(_wanted(claim, _TYPE)), "")


def _capacity_type(claim: Object) -> str:
    return next(iter(_wanted(claim, _CAPACITY)), "on-demand")


def _wanted(claim: Object, key: str) -> list[str]:
    """List the values a claim requires of a label; none where it requires nothing."""
    rules = claim["spec"].get("requirements") or ()
    return [str(value) for rule in rules if rule["key"] == key for value in rule.get("values") or ()]


def _is_true(obj: Object, kind: str) -> bool:
    found = (obj.get("status") or {}).get("conditions") or ()
    return any(one["type"] == kind and one["status"] == "True" for one in found)


def _reason(kind: str, failures: Mapping[str, str]) -> str:
    return "LaunchFailed" if kind in failures else f"Not{kind}"
