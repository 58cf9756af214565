"""Which lists merge element by element and which maps are one value: what merging must know of a kind.

The built-in kinds need only field names (list-map keys, sets and atomic maps as the Kubernetes API
reference states them for each type); a custom kind's OpenAPI schema says it with x-kubernetes-* words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Protocol

LIST_KEYS: Mapping[str, tuple[str, ...]] = {
    "addresses": ("type",),
    "claims": ("name",),
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "hostIPs": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "podIPs": ("ip",),
    "resourceClaims": ("name",),
    "schedulingGates": ("name",),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_ATOMIC_MAPS = frozenset(
    {
        "claimRef",
        "configMapKeyRef",
        "dataSource",
        "fieldRef",
        "involvedObject",
        "labelSelector",
        "localObjectReference",
        "namespaceSelector",
        "nodeSelector",
        "podSelector",
        "related",
        "resourceFieldRef",
        "roleRef",
        "secretKeyRef",
        "selector",
        "targetRef",
    }
)
_ATOMIC_ELEMENTS = frozenset({"imagePullSecrets", "ownerReferences", "secrets"})
_SETS = frozenset({"finalizers"})


class Shape(Protocol):
    """How the value at one place of an object merges."""

    @property
    def atomic(self) -> bool:
        """A map here is one value, owned as a whole."""
        ...

    @property
    def is_set(self) -> bool:
        """A list here is a set of plain values."""
        ...

    def key_of(self, element: Any) -> str | None:
        """The identity of a list element here as canonical JSON; None where the list is one value."""
        ...

    def field(self, name: str) -> Shape:
        """The shape of a field of the map here."""
        ...

    def element(self) -> Shape:
        """The shape of the elements of the list here."""
        ...


def shape_of(schema: Mapping[str, Any] | None) -> Shape:
    """The shape of a whole object: by names for a built-in kind (None), by its schema for a custom one."""
    return _named("") if schema is None else SchemaShape(schema, root=True)


def merges_by_key(shape: Shape, values: list[Any]) -> bool:
    """Whether this non-empty list merges element by element."""
    return bool(values) and all(shape.key_of(each) is not None for each in values)


@dataclass(frozen=True, slots=True)
class NamedShape:
    """The shape of a built-in kind's field, known by the field's name."""

    name: str
    inside: str = ""

    @property
    def atomic(self) -> bool:
        """A map here is one value."""
        return self.name in _ATOMIC_MAPS or self.inside in _ATOMIC_ELEMENTS

    @property
    def is_set(self) -> bool:
        """A list here is a set."""
        return self.name in _SETS

    def key_of(self, element: Any) -> str | None:
        """The element's list-map keys; ports default to TCP as their schema does."""
        if not isinstance(element, dict):
            return None
        if self.name == "ports":
            return _port_key(element)
        return _key(element, LIST_KEYS.get(self.name, ()), {})

    def field(self, name: str) -> Shape:
        """Known by its own name alone."""
        return _named(name)

    def element(self) -> Shape:
        """An element remembers its list."""
        return _element(self.name)


@dataclass(frozen=True, slots=True)
class SchemaShape:
    """The shape of a custom kind's field, as its OpenAPI v3 schema states it."""

    schema: Mapping[str, Any] = field(default_factory=dict)
    root: bool = False

    @property
    def atomic(self) -> bool:
        """x-kubernetes-map-type says so."""
        return self.schema.get("x-kubernetes-map-type") == "atomic"

    @property
    def is_set(self) -> bool:
        """x-kubernetes-list-type says so."""
        return self.schema.get("x-kubernetes-list-type") == "set"

    def key_of(self, element: Any) -> str | None:
        """The keys that x-kubernetes-list-map-keys names, with their schema's defaults."""
        if not isinstance(element, dict) or self.schema.get("x-kubernetes-list-type") != "map":
            return None
        items = (self.schema.get("items") or {}).get("properties") or {}
        defaults = {name: each["default"] for name, each in items.items() if "default" in each}
        return _key(element, tuple(self.schema.get("x-kubernetes-list-map-keys", ())), defaults)

    def field(self, name: str) -> Shape:
        """A property, or what additionalProperties says; metadata is the same in every kind."""
        if self.root and name == "metadata":
            return _named("metadata")
        known = (self.schema.get("properties") or {}).get(name)
        rest = self.schema.get("additionalProperties")
        return SchemaShape(known or (rest if isinstance(rest, dict) else {}))

    def element(self) -> Shape:
        """What `items` says."""
        return SchemaShape(self.schema.get("items") or {})


@cache
def _named(name: str) -> NamedShape:
    return NamedShape(name)


@cache
def _element(name: str) -> NamedShape:
    return NamedShape("", inside=name)


def _port_key(port: Mapping[str, Any]) -> str | None:
    for number in ("containerPort", "port"):
        if number in port:
            return _key(port, (number, "protocol"), {"protocol": "TCP"})
    return None


def _key(element: Mapping[str, Any], names: tuple[str, ...], defaults: Mapping[str, Any]) -> str | None:
    found = ((name, element.get(name, defaults.get(name))) for name in names)
    present = tuple((name, value) for name, value in found if value is not None)
    return _canonical(present, tuple(type(value) for _, value in present)) if present else None


@lru_cache(maxsize=4096)
def _canonical(present: tuple[tuple[str, Any], ...], _types: tuple[type, ...]) -> str:
    """Canonical JSON; the types keep the key 1 apart from the key true."""
    return json.dumps(dict(present), sort_keys=True, separators=(",", ":"))
