"""Who wrote which field: the managedFields of an object, kept up as writers come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .documents import Obj, copied
from .fields import (
    ITSELF,
    Path,
    Step,
    add_path,
    children,
    from_fields_v1,
    is_leaf,
    is_open,
    leaves,
    members,
    remove_path,
    to_fields_v1,
)
from .shapes import SchemaShape, Shape

_KEPT_BY_THE_API = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
_NEVER_ABSENT = frozenset(
    ("f", name)
    for name in (
        "containers",
        "loadBalancer",
        "metadata",
        "spec",
        "status",
        "strategy",
        "template",
        "updateStrategy",
    )
)
"""Containers that a Go value always has, empty as it may be, so that no writer brings them."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: a field manager, how (Apply, Update), through which subresource, in which version, when."""

    manager: str
    operation: str = "Update"
    subresource: str = ""
    api_version: str = ""
    time: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes two writes the same writer's."""
        return self.manager, self.operation, self.subresource

    def entry(self, fields: Obj) -> Obj:
        """The managedFields entry that says this writer owns these fields."""
        return {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
            **({"subresource": self.subresource} if self.subresource else {}),
        }


def identity_of(entry: Obj) -> tuple[str, str, str]:
    """The writer of a managedFields entry."""
    return entry["manager"], entry["operation"], entry.get("subresource", "")


def paths_of(entry: Obj) -> set[Path]:
    """The leaves that an entry's writer owns."""
    return set(from_fields_v1(entry.get("fieldsV1") or {}))


def found(live: Obj, writer: Writer, shape: Shape) -> list[Obj]:
    """managedFields for an apply to an object that has none: all of it is one manager's, who came before."""
    earlier = Writer("before-first-apply", "Update", "", writer.api_version, writer.time)
    return record_update([], earlier, ({}, live), shape)


def elements_of(entry: Obj) -> set[Path]:
    """The list elements that an entry's writer owns themselves, not only something in them."""
    return {path for path in members(entry.get("fieldsV1") or {}) if path[-1][0] == "k"}


def settled(managed: list[Obj], live: Obj, shape: Shape) -> list[Obj]:
    """managedFields as a write finds them: who owns an emptied container owns what came into it since.

    So does structured-merge-diff (typed.ReconcileFieldSetWithSchema), which takes such an owner for one of a
    time when the container was owned as a whole.
    """
    grown = ((each, _regrown(each["fieldsV1"], live, shape)) for each in managed)
    return [each if fields is each["fieldsV1"] else {**each, "fieldsV1": fields} for each, fields in grown]


def _regrown(tree: Obj, value: Any, shape: Shape) -> Obj:
    if not isinstance(value, dict | list):
        return tree
    if not tree and value and is_open(value, shape):
        return {**to_fields_v1(path for path, _ in leaves(value, shape)), ".": {}}
    if isinstance(value, dict):
        parts = ((f"f:{name}", each, name) for name, each in value.items() if isinstance(each, dict | list))
        grown = {
            step: _regrown(tree[step], each, shape.field(name)) for step, each, name in parts if step in tree
        }
    elif tree.keys() - {"."}:
        steps = ((f"{tag}:{name}", child, inner) for child, (tag, name), inner in children(value, shape))
        grown = {step: _regrown(tree[step], child, inner) for step, child, inner in steps if step in tree}
    else:
        return tree
    return tree if all(tree[step] is each for step, each in grown.items()) else {**tree, **grown}


def record_update(managed: list[Obj], writer: Writer, change: tuple[Obj, Obj], shape: Shape) -> list[Obj]:
    """managedFields after an update: what the writer changed is its own, what is gone is nobody's.

    `change` is the object before and after; `managed` is consumed.
    """
    before, after = (_ownable(each) for each in change)
    changes = list(differences(before, after, shape))
    if not changes:
        return managed
    mine = next((each for each in managed if identity_of(each) == writer.identity), None)
    fields = mine["fieldsV1"] if mine else {}
    others = [each for each in managed if each is not mine]
    for path, present in changes:
        for other in others:
            remove_path(other["fieldsV1"], path)
        (add_path if present else remove_path)(fields, path)
    return _ordered([*others, writer.entry(fields)])


def record_apply(
    managed: list[Obj], writer: Writer, mine: set[Path], lost: dict[int, set[Path]]
) -> list[Obj]:
    """managedFields after an apply: the applier owns `mine`; entry number i loses `lost[i]`."""
    kept = []
    for index, entry in enumerate(managed):
        if identity_of(entry) == writer.identity:
            continue
        kept.append(without(entry, lost[index]) if index in lost else entry)
    return _ordered([*kept, writer.entry(to_fields_v1(mine))])


def without(entry: Obj, lost: Iterable[Path]) -> Obj:
    """A managedFields entry that no longer owns some paths, nor what is beneath them."""
    fields: Obj = copied(entry["fieldsV1"])
    for path in lost:
        remove_path(fields, path)
    return {**entry, "fieldsV1": fields}


def differences(old: Any, new: Any, shape: Shape, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Each path that `new` sets differently (True) or no longer has (False), with containers it brings."""
    if old == new:
        return
    if not (is_open(old, shape) and is_open(new, shape) and type(old) is type(new)):
        yield path, False
        yield from ((each, True) for each in _brought(new, shape, path))
        return
    was, now = _parts(old, shape), _parts(new, shape)
    yield from (((*path, step), False) for step in was.keys() - now.keys())
    for step, (child, inner) in now.items():
        if step in was:
            yield from differences(was[step][0], child, inner, (*path, step))
        else:
            yield from ((each, True) for each in _brought(child, inner, (*path, step)))


def _brought(value: Any, shape: Shape, path: Path) -> Iterator[Path]:
    """The leaves of a value that was not there before, and the containers that came with them."""
    if is_leaf(value, shape):
        yield from (leaf for leaf, _ in leaves(value, shape, path))
        return
    if path and (path[-1] not in _NEVER_ABSENT or isinstance(shape, SchemaShape)):
        yield (*path, ITSELF)
    for child, step, inner in children(value, shape):
        yield from _brought(child, inner, (*path, step))


def _parts(value: Any, shape: Shape) -> dict[Step, tuple[Any, Shape]]:
    return {step: (child, inner) for child, step, inner in children(value, shape)}


def _ownable(obj: Obj) -> Obj:
    rest = {name: value for name, value in obj.items() if name not in {"apiVersion", "kind", "metadata"}}
    metadata = {
        name: value for name, value in obj.get("metadata", {}).items() if name not in _KEPT_BY_THE_API
    }
    return {**rest, "metadata": metadata}


def _ordered(managed: list[Obj]) -> list[Obj]:
    return sorted(
        (entry for entry in managed if entry["fieldsV1"]),
        key=lambda entry: (entry["operation"], entry["time"], entry["manager"], entry.get("subresource", "")),
    )
