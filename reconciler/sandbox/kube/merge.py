"""Structured merge: server-side apply with its owners and conflicts, and the JSON merge patch (RFC 7386)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .documents import Obj, copied
from .fields import Path, is_open, leaves, look_up, plant, shape_at, uproot
from .managers import Writer, elements_of, identity_of, paths_of, record_apply, without
from .refusal import Refusal
from .shapes import Shape, merges_by_key

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class Live:
    """The object as it stands, and who owns what in it. An object yet to be made is empty."""

    obj: Obj
    managed: Sequence[Obj] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that another manager (entry number `owner`) holds at another value."""

    owner: int
    holder: str
    path: Path

    @property
    def field(self) -> str:
        """The path as the API server prints it, for example `.spec.containers[name="a"].image`."""
        return "".join(_print_step(tag, name) for tag, name in self.path)


def apply(live: Live, config: Obj, shape: Shape, writer: Writer, *, force: bool = False) -> Live:
    """Server-side apply: set what `config` states, drop what this writer stated before and states no more.

    Raises Refusal 409 with one cause a field where others own a differing value and `force` is not set.
    """
    stated = _without_nulls(config)
    _require_distinct_keys(stated, shape)
    wanted = dict(leaves(stated, shape))
    conflicts = list(_conflicts(live, wanted, shape, writer))
    if not force:
        _require_none(conflicts, _last_applied(live, shape, writer))
    mine = [paths_of(each) for each in live.managed if identity_of(each) == writer.identity]
    if mine == [wanted.keys()] and _holds(live.obj, wanted, shape):
        return live
    lost: dict[int, set[Path]] = {}
    for each in conflicts:
        lost.setdefault(each.owner, set()).add(each.path)
    managed = record_apply(list(live.managed), writer, set(wanted), lost)
    merged = copied(live.obj) or {"apiVersion": config["apiVersion"], "kind": config["kind"]}
    merged.setdefault("metadata", {})
    gone = _prune(merged, shape, set().union(*mine), managed)
    for path, value in wanted.items():
        if not _says_nothing(merged, shape, path, value):
            plant(merged, shape, path, copied(value))
    owners = [without(each, gone) for each in managed] if gone else managed
    return Live(merged, _unless_same(live.managed, [each for each in owners if each["fieldsV1"]], writer))


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes, maps merge, anything else replaces. Unchanged parts are shared, not copied."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _holds(obj: Obj, wanted: dict[Path, Any], shape: Shape) -> bool:
    """Whether an object already has every wanted field at its value."""
    return all(
        look_up(obj, shape, path) == (value, True) or _says_nothing(obj, shape, path, value)
        for path, value in wanted.items()
    )


def _says_nothing(obj: Obj, shape: Shape, path: Path, value: Any) -> bool:
    """Whether an empty container is stated where there is one: its parts are others' to state."""
    if value not in ({}, []):
        return False
    current, _ = look_up(obj, shape, path)
    return type(current) is type(value) and is_open(current, shape_at(shape, path))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _require_distinct_keys(value: Any, shape: Shape) -> None:
    if isinstance(value, dict) and not shape.atomic:
        for name, child in value.items():
            _require_distinct_keys(child, shape.field(name))
    elif isinstance(value, list) and merges_by_key(shape, value):
        keys = [shape.key_of(each) for each in value]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            where = "".join(_print_step("k", twice or ""))
            raise Refusal(
                500,
                "InternalError",
                f"failed to create typed patch object: duplicate entries for key {where}",
            )
        for each in value:
            _require_distinct_keys(each, shape.element())


def _conflicts(live: Live, wanted: dict[Path, Any], shape: Shape, writer: Writer) -> Iterator[Conflict]:
    for index, entry in enumerate(live.managed):
        if identity_of(entry) == writer.identity:
            continue
        for path in sorted(paths_of(entry) & wanted.keys()):
            current, present = look_up(live.obj, shape, path)
            if present and current != wanted[path] and not _says_nothing(live.obj, shape, path, wanted[path]):
                yield Conflict(index, _print_manager(entry), path)


def _last_applied(live: Live, shape: Shape, writer: Writer) -> set[Path]:
    """What `kubectl apply` wrote before it moved to the server's side, which `kubectl` may then overwrite.

    So does kube-apiserver (managedfields lastAppliedManager), for the manager `kubectl` alone.
    """
    annotations = live.obj.get("metadata", {}).get("annotations") or {}
    if writer.manager != "kubectl" or _LAST_APPLIED not in annotations:
        return set()
    try:
        return {path for path, _ in leaves(json.loads(annotations[_LAST_APPLIED]), shape)}
    except ValueError:
        return set()


def _require_none(conflicts: list[Conflict], allowed: set[Path]) -> None:
    if refused := [each for each in conflicts if each.path not in allowed]:
        raise _refused(refused)


def _prune(merged: Obj, shape: Shape, before: set[Path], managed: list[Obj]) -> set[Path]:
    """Drop what nobody states any more. The list elements gone: they stay where one owns themselves."""
    alive: set[Path] = set().union(*(paths_of(each) for each in managed))
    owned: set[Path] = set().union(*(elements_of(each) for each in managed))
    dropped = sorted(before - alive, key=len)
    gone = {path[:end] for path in dropped for end in _element_ends(path) if path[:end] not in owned}
    staying = (path for path in alive if not any(path[:end] in gone for end in _element_ends(path)))
    inhabited = {path[:length] for path in staying for length in range(1, len(path) + 1)}
    for path in dropped:
        deserted = next((path[:end] for end in _element_ends(path) if path[:end] in gone), None)
        if deserted is not None or not _names_its_element(path):
            uproot(merged, shape, deserted or path, inhabited)
    return gone


def _element_ends(path: Path) -> Iterator[int]:
    return (index + 1 for index, (tag, _) in enumerate(path) if tag == "k")


def _names_its_element(path: Path) -> bool:
    return len(path) > 1 and path[-2][0] == "k" and path[-1][1] in json.loads(path[-2][1])


def _unless_same(before: Sequence[Obj], after: list[Obj], writer: Writer) -> Sequence[Obj]:
    """The owners as they were where only the time would differ."""
    was, now = (
        {identity_of(each): _timeless(each, writer) for each in managed} for managed in (before, after)
    )
    return before if was == now else after


def _timeless(entry: Obj, writer: Writer) -> Obj:
    return {**entry, "time": ""} if identity_of(entry) == writer.identity else entry


def _refused(conflicts: list[Conflict]) -> Refusal:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {each.holder}", "field": each.field}
        for each in conflicts
    ]
    return Refusal(409, "Conflict", _conflict_message(conflicts), {"causes": causes})


def _conflict_message(conflicts: list[Conflict]) -> str:
    if len(conflicts) == 1:
        return f"Apply failed with 1 conflict: conflict with {conflicts[0].holder}: {conflicts[0].field}"
    lines = []
    for holder in sorted({each.holder for each in conflicts}):
        lines.append(f"conflicts with {holder}:")
        lines += [f"- {each.field}" for each in conflicts if each.holder == holder]
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def _print_manager(entry: Obj) -> str:
    said = json.dumps(entry["manager"])
    if entry.get("subresource"):
        said += f" with subresource {json.dumps(entry['subresource'])}"
    return said if entry["operation"] == "Apply" else f"{said} using {entry['apiVersion']}"


def _print_step(tag: str, name: str) -> str:
    if tag == "f":
        return f".{name}"
    if tag == "v":
        return f"[={name}]"
    return "[" + ",".join(f"{key}={json.dumps(value)}" for key, value in json.loads(name).items()) + "]"
