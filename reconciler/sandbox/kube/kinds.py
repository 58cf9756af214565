"""The kind table: what the API serves, and how custom resource definitions add to it and take away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column that a custom resource definition asks for; priority above 0 shows with `-o wide`."""

    name: str
    type: str
    path: str
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """One version of a custom kind as it is served."""

    version: str
    schema: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    subresources: frozenset[str] = frozenset()
    replicas_path: str = ".spec.replicas"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object: where it is served and what it is called. `version` is the one it is stored in."""

    group: str
    version: str
    plural: str
    name: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    categories: tuple[str, ...] = ()
    singular: str = ""
    served: tuple[Served, ...] = ()

    @property
    def key(self) -> str:
        """Group and kind, which name it in the store whatever its version."""
        return f"{self.group}/{self.name}"

    @property
    def resource(self) -> str:
        """Plural and group, as the API server's messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """Group and version it is stored in."""
        return self.api_version_of(self.version)

    @property
    def custom(self) -> bool:
        """Whether a custom resource definition brought it."""
        return bool(self.served)

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version it is served in."""
        return tuple(each.version for each in self.served) or (self.version,)

    @property
    def has_generation(self) -> bool:
        """Whether metadata.generation counts changes of its spec."""
        return self.custom or self.group in {"apps", "batch", "policy", "apiextensions.k8s.io"}

    def api_version_of(self, version: str) -> str:
        """Group and the given version as `apiVersion` writes them."""
        return f"{self.group}/{version}" if self.group else version

    def as_served(self, version: str) -> Served:
        """What is particular to one version; a built-in kind has nothing particular."""
        plain = Served(version, subresources=self.subresources)
        return next((each for each in self.served if each.version == version), plain)


class KindTable:
    """Every kind served now. Built-in kinds stay; custom ones come and go with their definitions."""

    def __init__(self) -> None:
        self._by_key: dict[str, Kind] = {}
        self._by_name: dict[str, Kind] = {}
        self._by_path: dict[tuple[str, str, str], Kind] = {}
        for kind in BUILT_IN:
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_key.values())

    def add(self, kind: Kind) -> None:
        """Serve a kind, in the place of an earlier form of it."""
        self.remove(kind.key)
        self._by_key[kind.key] = kind
        self._by_name.setdefault(kind.name, kind)
        for version in kind.versions:
            self._by_path[kind.group, version, kind.plural] = kind

    def remove(self, key: str) -> None:
        """Serve a kind no longer; unknown keys are fine."""
        if key not in self._by_key:
            return
        gone = self._by_key.pop(key)
        self._by_path = {path: kind for path, kind in self._by_path.items() if kind.key != key}
        if self._by_name.get(gone.name) == gone:
            del self._by_name[gone.name]
            for other in self._by_key.values():
                self._by_name.setdefault(other.name, other)

    def named(self, name: str) -> Kind | None:
        """The kind called `StatefulSet`, or `apps/StatefulSet` where two groups share a name."""
        return self._by_name.get(name) or self._by_key.get(name) or self._by_key.get(f"/{name}")

    def of_object(self, obj: Mapping[str, Any]) -> Kind | None:
        """The kind of a document, by its apiVersion and kind."""
        group, _, _ = str(obj.get("apiVersion", "")).rpartition("/")
        return self._by_key.get(f"{group}/{obj.get('kind', '')}")

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind served at a path."""
        return self._by_path.get((group, version, plural))

    def group_versions(self) -> dict[str, dict[str, list[Kind]]]:
        """Group to version to kinds, in the order they were added."""
        tree: dict[str, dict[str, list[Kind]]] = {}
        for kind in self:
            for version in kind.versions:
                tree.setdefault(kind.group, {}).setdefault(version, []).append(kind)
        return tree


def kind_of_definition(crd: Mapping[str, Any]) -> Kind:
    """The kind that a CustomResourceDefinition (apiextensions.k8s.io/v1) describes."""
    spec = crd["spec"]
    names = spec["names"]
    versions = sorted(
        (each for each in spec["versions"] if each.get("served", True)), key=lambda each: _rank(each["name"])
    )
    stored = next((each for each in spec["versions"] if each.get("storage")), spec["versions"][0])
    served = tuple(_served(each) for each in versions)
    return Kind(
        group=spec["group"],
        version=stored["name"],
        plural=names["plural"],
        name=names["kind"],
        namespaced=spec.get("scope") == "Namespaced",
        short=tuple(names.get("shortNames", ())),
        subresources=frozenset().union(*(each.subresources for each in served)),
        categories=tuple(names.get("categories", ())),
        singular=names.get("singular", ""),
        served=served or (_served(stored),),
    )


def _rank(version: str) -> tuple[int, int, int, str]:
    """Where a version stands: stable before beta before alpha, the newer first, and then all other names."""
    found = re.fullmatch(r"v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?", version)
    if found is None:
        return (3, 0, 0, version)
    stage = {None: 0, "beta": 1, "alpha": 2}[found[2]]
    return (stage, -int(found[1]), -int(found[3] or 0), version)


def _served(version: Mapping[str, Any]) -> Served:
    subresources = version.get("subresources") or {}
    scale = subresources.get("scale") or {}
    return Served(
        version=version["name"],
        schema=(version.get("schema") or {}).get("openAPIV3Schema") or {},
        columns=tuple(_columns(version.get("additionalPrinterColumns", ()))),
        subresources=frozenset(subresources),
        replicas_path=scale.get("specReplicasPath", ".spec.replicas"),
    )


def _columns(asked: Iterable[Mapping[str, Any]]) -> Iterator[Column]:
    for each in asked:
        yield Column(
            name=each["name"],
            type=each.get("type", "string"),
            path=each["jsonPath"],
            priority=each.get("priority", 0),
            description=each.get("description", ""),
        )


_STATUS = frozenset({"status"})
_SCALED = frozenset({"status", "scale"})
_POD = frozenset({"status", "log", "exec", "attach", "portforward"})
_ALL = ("all",)
_RBAC = "rbac.authorization.k8s.io"

BUILT_IN: tuple[Kind, ...] = (
    Kind("", "v1", "namespaces", "Namespace", False, ("ns",), frozenset({"status"})),
    Kind("", "v1", "configmaps", "ConfigMap", short=("cm",)),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "services", "Service", True, ("svc",), frozenset({"status", "proxy"}), _ALL),
    Kind("", "v1", "pods", "Pod", True, ("po",), _POD, _ALL),
    Kind("", "v1", "events", "Event", short=("ev",)),
    Kind("", "v1", "nodes", "Node", False, ("no",), _STATUS),
    Kind("", "v1", "serviceaccounts", "ServiceAccount", short=("sa",)),
    Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",), _STATUS),
    Kind("apps", "v1", "deployments", "Deployment", True, ("deploy",), _SCALED, _ALL),
    Kind("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",), _SCALED, _ALL),
    Kind("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",), _SCALED, _ALL),
    Kind("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Kind("batch", "v1", "jobs", "Job", True, (), _STATUS, _ALL),
    Kind("coordination.k8s.io", "v1", "leases", "Lease"),
    Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",), _STATUS),
    Kind(_RBAC, "v1", "clusterroles", "ClusterRole", False),
    Kind(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Kind(_RBAC, "v1", "roles", "Role"),
    Kind(_RBAC, "v1", "rolebindings", "RoleBinding"),
    Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", False, ("sc",)),
    Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False,
         ("crd", "crds"), _STATUS),
)  # fmt: skip
