"""What the tests of the contract act on: a namespace of their own on a plane, and documents to put there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.cluster.planes import APPLY, MERGE, Plane, Said
from tests.gitserver import until

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_LONGEST = 40.0


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace on a plane."""

    plane: Plane
    name: str

    def at(self, plural: str, name: str = "", group: str = "/api/v1") -> str:
        """The path of a collection here, or of one object in it."""
        return f"{group}/namespaces/{self.name}/{plural}" + (f"/{name}" if name else "")

    def make(self, name: str, **more: Any) -> Said:
        """A ConfigMap labelled `t=1`; `more` are fields of its metadata, `data` its data."""
        return self.plane.call("POST", self.at("configmaps"), config_map(name, **more))

    def maps(self, name: str = "") -> str:
        """The path of ConfigMaps, or of one."""
        return self.at("configmaps", name)

    def apply(self, path: str, body: Any, manager: str = "m1", more: str = "") -> Said:
        """Server-side apply."""
        return self.plane.call("PATCH", f"{path}?fieldManager={manager}{more}", body, APPLY)

    def merge(self, path: str, body: Any) -> Said:
        """A merge patch."""
        return self.plane.call("PATCH", path, body, MERGE)

    def get(self, path: str) -> Said:
        """Read."""
        return self.plane.call("GET", path)

    def delete(self, path: str, **options: Any) -> Said:
        """Delete, with DeleteOptions."""
        return self.plane.call("DELETE", path, options or None)

    def becomes(self, question: Callable[[], Any]) -> None:
        """Wait until that holds: on a real plane it is a controller who does it."""
        assert until(question, _LONGEST), "it never came to be"


def config_map(name: str, data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    """A ConfigMap labelled `t=1`."""
    labels = {"t": "1", **metadata.pop("labels", {})}
    about = {"name": name, "labels": labels, **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": data or {"a": "1"}}


def deployment(name: str, **spec: Any) -> dict[str, Any]:
    """A Deployment of nothing: no replicas."""
    labels = {"app": name}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "i:1"}]}}
    wanted = {"replicas": 0, "selector": {"matchLabels": labels}, "template": pods, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": wanted}


def definition(group: str) -> dict[str, Any]:
    """The definition of Widgets of a group."""
    size = {"type": "integer", "maximum": 9}
    spec = {"type": "object", "required": ["size"], "properties": {"size": size}}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    versions = [{**version, "subresources": {"status": {}}}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": versions},
    }


def widget(group: str, name: str, **spec: Any) -> dict[str, Any]:
    """A Widget."""
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}
