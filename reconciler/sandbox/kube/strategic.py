"""The strategic merge patch: lists of the built-in kinds merge by key, and `$` directives steer it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .documents import Obj
from .shapes import LIST_KEYS

_ORDER = "$setElementOrder/"
_DELETE = "$deleteFromPrimitiveList/"
_RETAIN = "$retainKeys"


def strategic_merge_patch(target: Any, patch: Any, name: str = "") -> Any:
    """`patch` laid over `target`; `name` is the field they stand in. Neither is changed."""
    if isinstance(patch, dict):
        return _merge_maps(target if isinstance(target, dict) else {}, patch)
    if isinstance(patch, list) and isinstance(target, list):
        return _merge_lists(target, patch, name)
    return [each for each in patch if not _is_directive(each)] if isinstance(patch, list) else patch


def _merge_maps(target: Obj, patch: Obj) -> Obj:
    if patch.get("$patch") == "delete":
        return {}
    if patch.get("$patch") == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    merged = _retained(target, patch)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = strategic_merge_patch(merged.get(key), value, key)
    _follow_directives(merged, patch, target)
    return merged


def _retained(target: Obj, patch: Obj) -> Obj:
    if _RETAIN not in patch:
        return dict(target)
    return {key: value for key, value in target.items() if key in patch[_RETAIN]}


def _follow_directives(merged: Obj, patch: Obj, before: Obj) -> None:
    for directive, values in patch.items():
        if directive.startswith(_DELETE):
            field = directive.removeprefix(_DELETE)
            merged[field] = [each for each in merged.get(field) or [] if each not in values]
        elif directive.startswith(_ORDER):
            field = directive.removeprefix(_ORDER)
            if isinstance(merged.get(field), list):
                merged[field] = _in_order(merged[field], values, before.get(field) or [], field)


def _merge_lists(target: list[Any], patch: list[Any], name: str) -> list[Any]:
    if name == "finalizers":
        return _in_order([*target, *(each for each in patch if each not in target)], patch, target, name)
    key = _merge_key(name, [*target, *patch])
    if key is None or {"$patch": "replace"} in patch:
        return [each for each in patch if not _is_directive(each)]
    merged = list(target)
    for element in patch:
        _merge_element(merged, element, key)
    return _in_order(merged, [each for each in patch if "$patch" not in each], target, name)


def _merge_element(merged: list[Any], element: Obj, key: str) -> None:
    at = next((index for index, each in enumerate(merged) if each.get(key) == element.get(key)), None)
    if element.get("$patch") == "delete":
        if at is not None:
            del merged[at]
    elif at is None:
        merged.append(_merge_maps({}, element))
    else:
        merged[at] = _merge_maps(merged[at], element)


def _merge_key(name: str, elements: list[Any]) -> str | None:
    named = [each for each in elements if not _is_directive(each)]
    if not named or not all(isinstance(each, dict) for each in named):
        return None
    candidates = ("containerPort", "port") if name == "ports" else LIST_KEYS.get(name, ())[:1]
    return next((key for key in candidates if all(key in each for each in named)), None)


def _is_directive(element: Any) -> bool:
    return isinstance(element, dict) and element.keys() == {"$patch"}


def _in_order(values: list[Any], order: list[Any], before: list[Any], name: str) -> list[Any]:
    """What `order` names in its order, the rest as it stood, each of the rest before what it stood before.

    So does strategicpatch.mergeSortedSlice: of the two that come next, the rest's goes first only where both
    stood in the list and it stood before the other.
    """
    key = _merge_key(name, values)
    wanted, stood = (_ranks(each, key) for each in (order, before))
    named = sorted(
        (each for each in values if _name(each, key) in wanted), key=lambda each: wanted[_name(each, key)]
    )
    rest = [each for each in values if _name(each, key) not in wanted]
    merged: list[Any] = []
    while named and rest:
        one, other = (stood.get(_name(each[0], key)) for each in (rest, named))
        first = one is not None and other is not None and one < other
        merged.append((rest if first else named).pop(0))
    return [*merged, *named, *rest]


def _ranks(values: list[Any], key: str | None) -> Mapping[Any, int]:
    return {_name(each, key): rank for rank, each in enumerate(values)}


def _name(element: Any, key: str | None) -> Any:
    return element.get(key) if isinstance(element, dict) else element
