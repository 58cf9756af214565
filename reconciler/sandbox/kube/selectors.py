"""Label and field selectors: the query words, and the few facets of an object that they look at."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .documents import Obj
from .kinds import Kind
from .refusal import bad_request

Test = Callable[[Mapping[str, str]], bool]

_BESIDES_NAME: Mapping[str, tuple[str, ...]] = {
    "/Event": (
        "involvedObject.apiVersion",
        "involvedObject.fieldPath",
        "involvedObject.kind",
        "involvedObject.name",
        "involvedObject.namespace",
        "involvedObject.resourceVersion",
        "involvedObject.uid",
        "reason",
        "reportingComponent",
        "source.component",
        "type",
    ),
    "/Namespace": ("status.phase",),
    "/Node": ("spec.unschedulable",),
    "/Pod": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.nominatedNodeName",
        "status.phase",
        "status.podIP",
    ),
    "/Secret": ("type",),
    "/Service": ("spec.clusterIP", "spec.type"),
    "apps/ReplicaSet": ("status.replicas",),
    "batch/Job": ("status.successful",),
}
_SET_BASED = re.compile(r"^(\S+)\s+(in|notin)\s*\(([^()]*)\)$")
_KEY = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?$")


@dataclass(frozen=True, slots=True)
class Facets:
    """What selectors see of an object."""

    namespace: str
    labels: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind are asked for. `exact` are the label pairs that every one of them has."""

    namespace: str | None = None
    labels: tuple[Test, ...] = ()
    fields: tuple[Test, ...] = ()
    exact: Mapping[str, str] = field(default_factory=dict)

    @property
    def picky(self) -> bool:
        """Whether more than the namespace is asked."""
        return bool(self.labels or self.fields)

    def takes(self, facets: Facets) -> bool:
        """Whether an object with these facets is asked for."""
        if self.namespace is not None and facets.namespace != self.namespace:
            return False
        return all(test(facets.labels) for test in self.labels) and all(
            test(facets.fields) for test in self.fields
        )


def facets_of(kind: Kind, obj: Obj) -> Facets:
    """The facets of an object."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace", "")
    fields = {"metadata.name": metadata["name"], "metadata.namespace": namespace}
    for path in _BESIDES_NAME.get(kind.key, ()):
        fields[path] = _text(obj, path)
    return Facets(namespace, metadata.get("labels") or {}, fields)


def parse_selection(kind: Kind, namespace: str | None, labels: str = "", fields: str = "") -> Selection:
    """The selection that `labelSelector` and `fieldSelector` spell; Refusal 400 where they cannot be read."""
    requirements = [part for part in re.split(r",(?![^()]*\))", labels) if part.strip()]
    exact = dict(pair for part in requirements if (pair := _equality(part)) is not None)
    return Selection(
        namespace,
        tuple(_label_test(part.strip()) for part in requirements),
        tuple(_field_test(kind, part.strip()) for part in fields.split(",") if part.strip()),
        exact,
    )


def _equality(part: str) -> tuple[str, str] | None:
    if "!=" in part or "=" not in part or _SET_BASED.match(part.strip()):
        return None
    name, value = re.split(r"==?", part, maxsplit=1)
    return name.strip(), value.strip()


def _label_test(part: str) -> Test:
    if found := _SET_BASED.match(part):
        name, values = found[1], {each.strip() for each in found[3].split(",")}
        if found[2] == "in":
            return lambda labels: labels.get(name) in values
        return lambda labels: labels.get(name) not in values
    if (pair := _equality(part)) is not None:
        key, wanted = _checked(pair[0]), pair[1]
        return lambda labels: labels.get(key) == wanted
    if "!=" in part:
        key, _, unwanted = (each.strip() for each in part.partition("!="))
        _checked(key)
        return lambda labels: labels.get(key) != unwanted
    if part.startswith("!"):
        absent = _checked(part[1:].strip())
        return lambda labels: absent not in labels
    present = _checked(part)
    return lambda labels: present in labels


def _checked(key: str) -> str:
    if not _KEY.match(key):
        raise bad_request(f"unable to parse requirement: invalid label key {key!r}")
    return key


def _field_test(kind: Kind, part: str) -> Test:
    found = re.match(r"^([^=!]+)(==|=|!=)(.*)$", part)
    if found is None:
        raise bad_request(f"invalid field selector: {part!r}; can't understand {part!r}")
    name, wanted, negated = found[1].strip(), found[3].strip(), found[2] == "!="
    known = {"metadata.name", "metadata.namespace", *_BESIDES_NAME.get(kind.key, ())}
    if name not in known:
        raise bad_request(_unknown_field(kind, name))
    return lambda fields: (fields.get(name, "") == wanted) != negated


def _unknown_field(kind: Kind, name: str) -> str:
    if kind.key in _BESIDES_NAME:
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def _text(obj: Obj, path: str) -> str:
    value: Any = obj
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
