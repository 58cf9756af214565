"""How much room each node has left, and which nodes are alike: what a scheduler with many nodes must know."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.kube.store import Event

from .fit import amounts_of
from .pods import is_done
from .quantity import thousandths
from .sight import Object

HOSTNAME = "kubernetes.io/hostname"


class Rooms:
    """Nodes by kin (same taints, same labels but for the host name), what each has and what is taken."""

    def __init__(self) -> None:
        self.kin: dict[str, dict[str, Object]] = {}
        self._kin_of: dict[str, str] = {}
        self._has: dict[str, dict[str, int]] = {}
        self._taken: dict[str, Counter[str]] = {}
        self._placed: dict[str, tuple[str, Mapping[str, int]]] = {}

    def note(self, event: Event) -> bool:
        """Take in a node or a pod; is there, maybe, more room than before?"""
        if event.kind == "Node":
            return self._note_node(event)
        return self._note_pod(event)

    def shortages(self, node: str, amounts: Mapping[str, int]) -> list[str]:
        """Name what a node has too little left of, in the scheduler's words."""
        has, taken = self._has[node], self._taken.get(node, Counter())
        short = [name for name, amount in amounts.items() if amount > has.get(name, 0) - taken[name]]
        return ["Too many pods" if name == "pods" else f"Insufficient {name}" for name in short]

    def _note_node(self, event: Event) -> bool:
        name = event.obj["metadata"]["name"]
        before = self._kin_of.get(name), self._has.get(name)
        self._forget(name)
        if event.type == "DELETED":
            return False
        self._kin_of[name] = _kin_of_node(event.obj)
        self.kin.setdefault(self._kin_of[name], {})[name] = event.obj
        allocatable = event.obj["status"].get("allocatable") or {}
        self._has[name] = {resource: _amount(given) for resource, given in allocatable.items()}
        return before != (self._kin_of[name], self._has[name])

    def _forget(self, name: str) -> None:
        kin = self._kin_of.pop(name, None)
        self._has.pop(name, None)
        if kin is not None:
            del self.kin[kin][name]
            if not self.kin[kin]:
                del self.kin[kin]

    def _note_pod(self, event: Event) -> bool:
        uid, node = event.obj["metadata"]["uid"], event.obj["spec"].get("nodeName")
        if event.type == "DELETED" or is_done(event.obj):
            return self._leave(uid)
        if node and uid not in self._placed:
            self._placed[uid] = node, _asked(event.obj)
            self._taken.setdefault(node, Counter()).update(self._placed[uid][1])
        return False

    def _leave(self, uid: str) -> bool:
        if uid not in self._placed:
            return False
        node, amounts = self._placed.pop(uid)
        self._taken[node].subtract(amounts)
        if not +self._taken[node]:
            del self._taken[node]
        return True


def _kin_of_node(node: Object) -> str:
    labels = {key: value for key, value in (node["metadata"].get("labels") or {}).items() if key != HOSTNAME}
    spec = node["spec"]
    return json.dumps([labels, spec.get("taints"), spec.get("unschedulable")], sort_keys=True)


def _amount(given: Any) -> int:
    try:
        return thousandths(given)
    except ValueError:
        return 0


def _asked(pod: Object) -> Mapping[str, int]:
    try:
        return amounts_of(pod["spec"])
    except ValueError:
        return {}
