"""Tables (meta.k8s.io/v1): what kubectl asks for when it prints a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .cells import Value, ago
from .columns import AGE, CELLS, NAME, PLAIN, Cell
from .documents import Obj
from .jsonpath import find_all
from .kinds import Column, Kind

_NAME_WORDS = "Name must be unique within a namespace."


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints the objects of a kind as one version serves them. `include` is Metadata, Object or None."""

    kind: Kind
    version: str
    now: datetime
    include: str = "Metadata"

    def table(self, objects: Iterable[Obj], metadata: Mapping[str, Any], *, headed: bool = True) -> Obj:
        """The table of some objects; `metadata` is that of the list."""
        cells = columns_of(self.kind, self.version)
        return {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": dict(metadata),
            "columnDefinitions": [_heading(cell) for cell in cells] if headed else None,
            "rows": [self._row(obj, cells) for obj in objects],
        }

    def _row(self, obj: Obj, cells: tuple[Cell, ...]) -> Obj:
        row: Obj = {"cells": [cell.value(obj, self.now) for cell in cells]}
        if self.include == "Object":
            row["object"] = obj
        elif self.include != "None":
            row["object"] = partial(obj)
        return row


def partial(obj: Obj) -> Obj:
    """Only the metadata of an object, as PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def columns_of(kind: Kind, version: str) -> tuple[Cell, ...]:
    """The columns of a kind: the server's own, or those that its definition asks for."""
    if not kind.custom:
        return CELLS.get(kind.key, PLAIN)
    asked = kind.as_served(version).columns
    if not asked:
        return PLAIN
    return (NAME, *(Cell(each.name, _custom(each), each.priority, each.type) for each in asked))


def _custom(column: Column) -> Value:
    if column.path == ".metadata.creationTimestamp":
        return AGE.value
    if column.type == "date":
        return _dated(column.path)

    def value(obj: Obj, _now: datetime) -> Any:
        found = find_all(obj, column.path)
        if not found:
            return None
        return _typed(found[0], column.type) if len(found) == 1 else ",".join(map(str, found))

    return value


def _dated(path: str) -> Callable[[Obj, datetime], Any]:
    return ago(path.removeprefix("."))


def _typed(value: Any, wanted: str) -> Any:
    if wanted == "string" and not isinstance(value, str):
        return (
            {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        )
    return value


def _heading(cell: Cell) -> Obj:
    words = _NAME_WORDS if cell.format == "name" else ""
    return {
        "name": cell.name,
        "type": cell.type,
        "format": cell.format,
        "description": words,
        "priority": cell.priority,
    }
