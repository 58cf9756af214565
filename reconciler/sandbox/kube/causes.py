"""The six ways a field can be wrong, in the words of the API server's field errors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .refusal import Cause


def required(field: str, why: str = "") -> Cause:
    """The field must be set."""
    return Cause(field, "FieldValueRequired", f"Required value: {why}" if why else "Required value")


def wrong(field: str, value: Any, why: str) -> Cause:
    """The value breaks a rule."""
    return Cause(field, "FieldValueInvalid", f"Invalid value: {_printed(value)}: {why}")


def mistyped(field: str, value: Any, wanted: str) -> Cause:
    """The value has another type than the schema says."""
    found = type_name(value)
    why = f"{field} in body must be of type {wanted}: {_printed(found)}"
    return Cause(field, "FieldValueTypeInvalid", f"Invalid value: {_printed(found)}: {why}")


def unsupported(field: str, value: Any, supported: Iterable[Any]) -> Cause:
    """The value is none of the known ones."""
    known = ", ".join(_printed(each) for each in supported)
    return Cause(
        field, "FieldValueNotSupported", f"Unsupported value: {_printed(value)}: supported values: {known}"
    )


def forbidden_field(field: str, why: str) -> Cause:
    """The field may not be set, or not changed."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {why}")


def duplicate(field: str, value: Any) -> Cause:
    """The value stands twice where it may stand once."""
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {_printed(value)}")


def missing(field: str, value: Any) -> Cause:
    """The value names something that is not there."""
    return Cause(field, "FieldValueNotFound", f"Not found: {_printed(value)}")


def type_name(value: Any) -> str:
    """A JSON value's type as OpenAPI names it."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "null")


def _printed(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
