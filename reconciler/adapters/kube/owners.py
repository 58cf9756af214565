"""Who owns which field of an object, as its managedFields say (FieldsV1 of structured-merge-diff: `f:` is a
field, `k:` an entry of a list by its keys, `v:` one by its value, `i:` one by its position)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from reconciler.domain.field import entry_name
from reconciler.domain.state import FIELD_MANAGER

from .seen import Json


def field_owners(document: Json, fields: Iterable[str]) -> tuple[str, ...]:
    """The managers, other than us, of any of these fields; whoever wrote last comes first. An entry that is
    missing from a list was taken out by an owner of the list."""
    wanted = [f".{field}" for field in fields]
    lists = [field.rpartition("[")[0] for field in wanted if field.endswith("]")]
    return _owners(document, wanted) or _owners(document, lists)


def disowning(document: Json) -> list[Json]:
    """The JSON patch after which what we own of an object is what we applied, and nothing else; empty where
    that is so. Whatever we wrote in another way, overwriting a list, would stay for ever once it leaves our
    wish: two operations of one manager are two managers to the API."""
    entries = document["metadata"].get("managedFields") or []
    kept = [each for each in entries if not _is_written(each)]
    if len(kept) == len(entries) or not any(_is_applied(each) for each in kept):
        return []
    version = document["metadata"]["resourceVersion"]
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/metadata/managedFields", "value": kept},
    ]


def _is_written(entry: Json) -> bool:
    ours = entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Update"
    return ours and not entry.get("subresource")


def _is_applied(entry: Json) -> bool:
    return bool(entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply")


def _owners(document: Json, fields: list[str]) -> tuple[str, ...]:
    entries = document["metadata"].get("managedFields") or ()
    theirs = [each for each in entries if each.get("manager", "") not in ("", FIELD_MANAGER)]
    latest = sorted(theirs, key=lambda each: str(each.get("time", "")), reverse=True)
    owning = (each for each in latest if any(_owns(each.get("fieldsV1") or {}, field) for field in fields))
    return tuple(dict.fromkeys(each["manager"] for each in owning))


def _owns(owned: Json, field: str) -> bool:
    """Whether the field is in this tree, or something below it, or all of what it is a part of."""
    for step, below in owned.items():
        for spelling in _spellings(step):
            rest = field.removeprefix(spelling)
            if rest != field and (not rest or (rest[0] in ".[" and (not below or _owns(below, rest)))):
                return True
    return False


def _spellings(step: str) -> Iterator[str]:
    """How we write a step of a FieldsV1 path."""
    kind, _, what = step.partition(":")
    match kind:
        case "f":
            yield f".{what}"
        case "k":
            yield f"[{entry_name(json.loads(what))}]"
        case "v":
            yield f"[{json.loads(what)}]"
        case "i":
            yield f"[{what}]"
