"""Who wrote which field: the managedFields of an object, kept up as writers come and go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .documents import Obj
from .fields import (
    Path,
    Step,
    add_path,
    children,
    from_fields_v1,
    is_leaf,
    leaves,
    remove_path,
    to_fields_v1,
)
from .shapes import Shape

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
        if index in lost:
            entry = {**entry, "fieldsV1": to_fields_v1(paths_of(entry) - lost[index])}
        kept.append(entry)
    return _ordered([*kept, writer.entry(to_fields_v1(mine))])


def differences(old: Any, new: Any, shape: Shape, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Each path that `new` sets differently (True) or no longer has (False)."""
    if old == new:
        return
    if is_leaf(new, shape) or is_leaf(old, shape):
        yield path, False
        yield from ((leaf, True) for leaf, _ in leaves(new, shape, path))
        return
    was, now = _parts(old, shape), _parts(new, shape)
    yield from (((*path, step), False) for step in was.keys() - now.keys())
    for step, (child, inner) in now.items():
        if step in was:
            yield from differences(was[step][0], child, inner, (*path, step))
        else:
            yield from ((leaf, True) for leaf, _ in leaves(child, inner, (*path, step)))


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
