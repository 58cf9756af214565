"""A custom resource against its OpenAPI v3 schema: defaults, pruning, and the checks people run into."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from .causes import mistyped, required, type_name, unsupported, wrong
from .documents import Obj
from .refusal import Cause

Schema = Mapping[str, Any]
_OPEN = "x-kubernetes-preserve-unknown-fields"
_ENVELOPE = frozenset({"apiVersion", "kind", "metadata"})


def prune(obj: Obj, schema: Schema) -> list[str]:
    """Drop the fields that the schema does not know, and name them; `obj` is changed."""
    if not schema:
        return []
    known = {**(schema.get("properties") or {}), **{name: {_OPEN: True} for name in _ENVELOPE}}
    return list(_prune(obj, {**schema, "properties": known}, ""))


def fill_in(value: Any, schema: Schema) -> None:
    """Set the defaults that the schema states; `value` is changed."""
    if isinstance(value, dict):
        for name, inner in (schema.get("properties") or {}).items():
            if name not in value and "default" in inner:
                value[name] = deepcopy(inner["default"])
        for name, child in value.items():
            fill_in(child, _inside(schema, name))
    elif isinstance(value, list):
        for each in value:
            fill_in(each, schema.get("items") or {})


def schema_causes(obj: Obj, schema: Schema) -> list[Cause]:
    """Everything in which an object differs from its schema, the envelope (metadata …) aside."""
    body = {name: value for name, value in obj.items() if name not in _ENVELOPE}
    return list(_check(body, {**schema, "required": _asked(schema)}, ""))


def _asked(schema: Schema) -> list[str]:
    return [name for name in schema.get("required") or () if name not in _ENVELOPE]


def _prune(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if schema.get("x-kubernetes-embedded-resource"):
        return
    if isinstance(value, dict) and not isinstance(schema.get("additionalProperties"), dict):
        properties = schema.get("properties") or {}
        if not schema.get(_OPEN) and not schema.get("additionalProperties"):
            for name in [name for name in value if name not in properties]:
                del value[name]
                yield f"{path}.{name}".lstrip(".")
        for name in value.keys() & properties.keys():
            yield from _prune(value[name], properties[name], f"{path}.{name}")
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _prune(child, schema["additionalProperties"], f"{path}.{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _prune(each, schema.get("items") or {_OPEN: True}, f"{path}[{index}]")


def _inside(schema: Schema, name: str) -> Schema:
    rest = schema.get("additionalProperties")
    found: Schema = (schema.get("properties") or {}).get(name) or (rest if isinstance(rest, dict) else {})
    return found


def _check(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    if value is None and schema.get("nullable"):
        return
    wanted = schema.get("type")
    if wanted and not _is_of(value, wanted, schema):
        yield mistyped(path.lstrip("."), value, wanted)
        return
    if schema.get("enum") and value not in schema["enum"]:
        yield unsupported(path.lstrip("."), value, schema["enum"])
    yield from _bounds(value, schema, path.lstrip("."))
    if isinstance(value, dict):
        for name in schema.get("required") or ():
            if name not in value:
                yield required(f"{path}.{name}".lstrip("."))
        for name, child in value.items():
            yield from _check(child, _inside(schema, name), f"{path}.{name}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _check(each, schema.get("items") or {}, f"{path}[{index}]")


def _is_of(value: Any, wanted: str, schema: Schema) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return type_name(value) in {"integer", "string"}
    found = type_name(value)
    return found == wanted or (wanted == "number" and found == "integer")


def _bounds(value: Any, schema: Schema, field: str) -> Iterator[Cause]:
    match value:
        case str():
            yield from _text_bounds(value, schema, field)
        case bool():
            return
        case int() | float():
            if value < schema.get("minimum", value):
                yield wrong(field, value, f"{_said(field)} greater than or equal to {schema['minimum']}")
            if value > schema.get("maximum", value):
                yield wrong(field, value, f"{_said(field)} less than or equal to {schema['maximum']}")
        case list():
            if len(value) < schema.get("minItems", 0):
                why = f"{field} in body should have at least {schema['minItems']} items"
                yield wrong(field, len(value), why)
            if len(value) > schema.get("maxItems", len(value)):
                yield wrong(field, len(value), f"must have at most {schema['maxItems']} items")


def _text_bounds(value: str, schema: Schema, field: str) -> Iterator[Cause]:
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield wrong(field, value, f"{field} in body should match '{schema['pattern']}'")
    if len(value) < schema.get("minLength", 0):
        yield wrong(field, value, f"{_said(field)} at least {schema['minLength']} chars long")
    if len(value) > schema.get("maxLength", len(value)):
        yield wrong(field, value, f"{_said(field)} at most {schema['maxLength']} chars long")


def _said(field: str) -> str:
    return f"{field} in body should be"
