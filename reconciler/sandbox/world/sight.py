"""What the controllers look things up by: indices of pods, nodes and services, fed by the store's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.sandbox.kube.store import Event

from .queue import Key

Object = dict[str, Any]
Pair = tuple[str, str]


def key_of(obj: Object) -> Key:
    """Name an object within its kind."""
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def owner_of(obj: Object) -> Object:
    """Find the owner reference of the controller an object belongs to; {} where there is none."""
    for reference in obj["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return dict(reference)
    return {}


class Postings:
    """Which keys hold which label pairs."""

    def __init__(self) -> None:
        self._keys: dict[Pair, dict[Key, None]] = {}
        self._pairs: dict[Key, tuple[Pair, ...]] = {}

    def put(self, key: Key, pairs: Iterable[Pair]) -> None:
        """Note the pairs of a key, instead of those it had."""
        self.drop(key)
        self._pairs[key] = tuple(pairs)
        for pair in self._pairs[key]:
            self._keys.setdefault(pair, {})[key] = None

    def drop(self, key: Key) -> None:
        """Forget a key."""
        for pair in self._pairs.pop(key, ()):
            del self._keys[pair][key]
            if not self._keys[pair]:
                del self._keys[pair]

    def rarest(self, pairs: Iterable[Pair]) -> Iterable[Key]:
        """List the keys that hold the rarest of these pairs: few to search where all are asked for."""
        return min((self._keys.get(pair, {}) for pair in pairs), key=len)


class Sight:
    """Pods, nodes and services as last seen. What it returns is never mutated."""

    def __init__(self) -> None:
        self.pods: dict[Key, Object] = {}
        self.nodes: dict[str, Object] = {}
        self.services: dict[Key, Object] = {}
        self._owned: dict[str, dict[Key, None]] = {}
        self._placed: dict[str, dict[Key, None]] = {}
        self._node_labels = Postings()
        self._selectors: dict[tuple[str, Pair], dict[Key, None]] = {}
        self._pod_labels = Postings()

    def note(self, event: Event) -> None:
        """Take in an event of the store."""
        match event.kind:
            case "Pod":
                self._note_pod(event)
            case "Node":
                self._note_node(event)
            case "Service":
                self._note_service(event)

    def pods_of(self, uid: str) -> list[Object]:
        """List the pods a controller owns."""
        return [self.pods[key] for key in self._owned.get(uid, ())]

    def pods_on(self, node: str) -> list[Object]:
        """List the pods placed on a node."""
        return [self.pods[key] for key in self._placed.get(node, ())]

    def pods_like(self, namespace: str, selector: Mapping[str, str]) -> list[Object]:
        """List the pods of a namespace that a service's selector matches."""
        if not selector:
            return []
        found = (self.pods[key] for key in self._pod_labels.rarest(selector.items()) if key[0] == namespace)
        return [pod for pod in found if matches(selector, pod["metadata"].get("labels") or {})]

    def nodes_like(self, selector: Mapping[str, str]) -> list[Object]:
        """List the nodes that hold these labels (all nodes where none is asked for)."""
        if not selector:
            return list(self.nodes.values())
        found = (self.nodes[key[1]] for key in self._node_labels.rarest(selector.items()))
        return [node for node in found if matches(selector, node["metadata"].get("labels") or {})]

    def services_for(self, pod: Object) -> list[Object]:
        """List the services whose selector matches a pod."""
        namespace, labels = pod["metadata"]["namespace"], pod["metadata"].get("labels") or {}
        keys = [key for pair in labels.items() for key in self._selectors.get((namespace, pair), ())]
        found = [self.services[key] for key in keys]
        return [service for service in found if matches(service["spec"]["selector"], labels)]

    def _note_pod(self, event: Event) -> None:
        key = key_of(event.obj)
        if before := self.pods.pop(key, None):
            _take(self._owned, owner_of(before).get("uid"), key)
            _take(self._placed, before["spec"].get("nodeName"), key)
            self._pod_labels.drop(key)
        if event.type != "DELETED":
            self.pods[key] = event.obj
            _add(self._owned, owner_of(event.obj).get("uid"), key)
            _add(self._placed, event.obj["spec"].get("nodeName"), key)
            self._pod_labels.put(key, (event.obj["metadata"].get("labels") or {}).items())

    def _note_node(self, event: Event) -> None:
        key = key_of(event.obj)
        if event.type == "DELETED":
            self.nodes.pop(key[1], None)
            self._node_labels.drop(key)
        else:
            self.nodes[key[1]] = event.obj
            self._node_labels.put(key, (event.obj["metadata"].get("labels") or {}).items())

    def _note_service(self, event: Event) -> None:
        """File a service under one pair of its selector: a pod it matches holds that pair."""
        key = key_of(event.obj)
        if before := self.services.pop(key, None):
            _take(self._selectors, (key[0], _first_pair(before)), key)
        if event.type != "DELETED" and _first_pair(event.obj):
            self.services[key] = event.obj
            _add(self._selectors, (key[0], _first_pair(event.obj)), key)


def matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Do these labels hold every pair of the selector?"""
    return all(labels.get(name) == value for name, value in selector.items())


def _first_pair(service: Object) -> Pair | None:
    selector = service["spec"].get("selector") or {}
    return min(selector.items(), default=None)


def _add(index: dict[Any, dict[Key, None]], name: Any, key: Key) -> None:
    if name:
        index.setdefault(name, {})[key] = None


def _take(index: dict[Any, dict[Key, None]], name: Any, key: Key) -> None:
    if name in index:
        index[name].pop(key, None)
        if not index[name]:
            del index[name]
