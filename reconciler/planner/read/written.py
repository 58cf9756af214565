"""What people wrote, held against a model: every mistake with its field, and what was probably meant."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reconciler.domain.config import FieldPath, Place
from reconciler.domain.written import Written
from reconciler.planner.parse.places import Places, dotted
from reconciler.planner.rules.flaw import Flaw, one_of, said

Model = TypeVar("Model", bound=Written)

_NEEDED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "float_type": "a number",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}
_MOST_LEVELS = 6
MOST_FLAWS = 50
_OPAQUE = ("template", "volumeSource", "status")
_HINTS = {
    "spec": "remove spec: resource, inference and tuning stand at the top of a Workspace",
    "volume": "did you mean volumeSource?",
    "replicas": "did you mean resource.count?",
    "nodeSelector": "did you mean labelSelector?",
}


def read_written(
    model: type[Model], value: Any, places: Mapping[FieldPath, Place] | None = None
) -> tuple[Model | None, tuple[Flaw, ...]]:
    """The value as a model, or None and the flaws for which it is none. A null counts as not written."""
    if not isinstance(value, dict):
        return None, (
            Flaw((), f"a mapping is needed here, and this is {_is(value)}", "write key: value lines"),
        )
    text = json.dumps(without_nulls(value))
    try:
        return model.model_validate_json(text, by_alias=True, by_name=False), ()
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)[:MOST_FLAWS]
        return None, tuple(_flaw(model, detail, places or {}) for detail in details)


def what_remains(model: type[Model], value: Mapping[str, Any]) -> Model | None:
    """The value as a model without the fields that have flaws, or what those fields are missing from."""
    rest = json.loads(json.dumps(without_nulls(value)))
    for outward in range(_MOST_LEVELS):
        kept, flaws = read_written(model, rest)
        if kept is not None:
            return kept
        for path in sorted((flaw.path for flaw in flaws), key=_depth_last, reverse=True):
            _remove(rest, path[: len(path) - outward])
    return None


def without_nulls(value: Any) -> Any:
    """The same without the fields that are null, which Kubernetes takes for not written."""
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: each if key in _OPAQUE else without_nulls(each)
        for key, each in value.items()
        if each is not None
    }


def _flaw(model: type[BaseModel], detail: ErrorDetails, places: Mapping[FieldPath, Place]) -> Flaw:
    path: FieldPath = detail["loc"]
    kind, given = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return Flaw(path, f"{said(str(path[-1]))} is no field here", _meant(model, path))
    if kind == "missing":
        return Flaw(path, f"{path[-1]} is missing", f"add {path[-1]}")
    if kind == "literal_error":
        choices = detail.get("ctx", {}).get("expected", "").replace("'", "")
        return Flaw(path, f"{said(given)} is none of its values", f"use {choices}")
    if kind in _NEEDED:
        return _wrong_type(path, _NEEDED[kind], given, places)
    return Flaw(path, detail["msg"][:1].lower() + detail["msg"][1:], "correct the value")


def _wrong_type(path: FieldPath, needed: str, given: Any, places: Mapping[FieldPath, Place]) -> Flaw:
    source = places.source(path) if isinstance(places, Places) else None
    message = f"{needed} is needed here, and this is {_is(given, source)}"
    if needed == "text" and not isinstance(given, dict | list | None):
        return Flaw(path, message, f'put it in quotes: "{said(_source(given, source))}"')
    if isinstance(given, str):
        return Flaw(path, message, f"write {needed}, without quotes")
    return Flaw(path, message, f"write {needed}")


def _is(value: Any, source: str | None = None) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None:
        return "nothing"
    shown = said(_source(value, source))
    return {bool: f"the boolean {shown}", str: "text"}.get(type(value), f"the number {shown}")


def _source(value: Any, source: str | None) -> str:
    return source if source is not None else json.dumps(value)


def _meant(model: type[BaseModel], path: FieldPath) -> str:
    """The nearest field of the same mapping, else the place where a field of that name belongs."""
    name = str(path[-1])
    here = _model_at(model, path[:-1])
    known = sorted(_aliases(here)) if here else []
    if near := _near(name, known):
        return f"did you mean {near}?"
    if name in _HINTS:
        return _HINTS[name]
    if elsewhere := _paths(model).get(name):
        return f"it belongs in {dotted(elsewhere[:-1]) or 'the document itself'}"
    return f"remove it; the fields here are {one_of(known)}" if known else "remove it"


def _near(name: str, known: list[str]) -> str:
    by_lower = {each.lower(): each for each in known}
    key = name.lower().replace("_", "").replace("-", "")
    if key in by_lower:
        return by_lower[key]
    close = difflib.get_close_matches(name[:80].lower(), by_lower, n=1, cutoff=0.65)
    return by_lower[close[0]] if close else ""


def _aliases(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _model_at(model: type[BaseModel] | None, path: FieldPath) -> type[BaseModel] | None:
    for step in path:
        if isinstance(step, str):
            model = _model_in(_aliases(model).get(step)) if model else None
    return model


@cache
def _paths(model: type[BaseModel]) -> dict[str, FieldPath]:
    """Where each field of the whole model stands, the outermost of a name first."""
    found: dict[str, FieldPath] = {}
    waiting: list[tuple[FieldPath, type[BaseModel]]] = [((), model)]
    while waiting:
        path, each = waiting.pop(0)
        for alias, annotation in _aliases(each).items():
            found.setdefault(alias, (*path, alias))
            if inner := _model_in(annotation):
                waiting.append(((*path, alias), inner))
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as `tuple[Adapter, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for each in get_args(annotation) if (inner := _model_in(each))), None)


def _remove(value: Any, path: FieldPath) -> None:
    if not path:
        return
    for step in path[:-1]:
        value = _step(value, step)
    if isinstance(value, dict):
        value.pop(path[-1], None)
    elif isinstance(value, list) and isinstance(path[-1], int) and path[-1] < len(value):
        value.pop(path[-1])


def _step(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(str(step))
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _depth_last(path: FieldPath) -> tuple[str, ...]:
    return tuple(f"{step:09d}" if isinstance(step, int) else step for step in path)
