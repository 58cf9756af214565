"""Fields of an object as paths: listing them, finding, setting and removing one, and FieldsV1 both ways.

A path is a tuple of steps, as structured-merge-diff writes them in managedFields: ("f", name) enters a
field, ("k", keys) a list-map element, ("v", json) a set member, and ITSELF, at the end, is the container.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from .documents import Obj
from .shapes import Shape, merges_by_key

Step = tuple[str, str]
Path = tuple[Step, ...]

ITSELF: Step = (".", "")
_UNOWNED: frozenset[Path] = frozenset(
    {
        (("f", "apiVersion"),),
        (("f", "kind"),),
        (("f", "metadata"),),
        (("f", "metadata"), ("f", "name")),
        (("f", "metadata"), ("f", "namespace")),
    }
)


def leaves(value: Any, shape: Shape, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every owned leaf with its value; empty containers and atomic ones are leaves themselves."""
    for child, step, inner in children(value, shape):
        yield from leaves(child, inner, (*path, step))
    if path and is_leaf(value, shape) and path not in _UNOWNED:
        yield path, value


def children(value: Any, shape: Shape) -> Iterator[tuple[Any, Step, Shape]]:
    """The parts of a value that are owned one by one, each with the step into it and its shape."""
    if isinstance(value, dict) and not shape.atomic:
        for name, child in value.items():
            yield child, ("f", name), shape.field(name)
    elif isinstance(value, list) and shape.is_set:
        for each in value:
            yield each, ("v", json.dumps(each)), shape.element()
    elif isinstance(value, list) and merges_by_key(shape, value):
        for each in value:
            yield each, ("k", shape.key_of(each) or ""), shape.element()


def is_leaf(value: Any, shape: Shape) -> bool:
    """Whether a value is owned as a whole."""
    if isinstance(value, dict):
        return not value or shape.atomic
    if isinstance(value, list):
        return not value or not (shape.is_set or merges_by_key(shape, value))
    return True


def is_open(value: Any, shape: Shape) -> bool:
    """Whether a value is a container whose parts are owned one by one, empty as it may be."""
    return value == [] or (value == {} and not shape.atomic) or not is_leaf(value, shape)


def shape_at(shape: Shape, path: Path) -> Shape:
    """The shape of what stands at a path."""
    for tag, name in path:
        shape = shape.field(name) if tag == "f" else shape.element()
    return shape


def look_up(value: Any, shape: Shape, path: Path) -> tuple[Any, bool]:
    """The value at a path, and whether there is one."""
    for step in path:
        entered = next(_child_at(value, shape, step), None)
        if entered is None:
            return None, False
        value, shape = entered
    return value, True


def plant(obj: Obj, shape: Shape, path: Path, value: Any) -> None:
    """Set the value at a path, making the containers on the way; `obj` is changed."""
    here: Any = obj
    for step, following in zip(path, (*path[1:], None), strict=True):
        inner = shape.field(step[1]) if step[0] == "f" else shape.element()
        here = _enter(here, shape, step, None if following is None else following[0], value)
        shape = inner


def _enter(here: Any, shape: Shape, step: Step, following: str | None, value: Any) -> Any:
    tag, name = step
    if tag == "f":
        return _enter_field(here, name, following, value)
    if tag == "v":
        if value not in here:
            here.append(value)
        return value
    return _enter_element(here, shape, name, (following is None, value))


def _enter_field(here: Obj, name: str, following: str | None, value: Any) -> Any:
    if following is None:
        here[name] = value
        return value
    wanted = list if following in "kv" else dict
    if not isinstance(here.get(name), wanted):
        here[name] = wanted()
    return here[name]


def _enter_element(here: list[Any], shape: Shape, key: str, last: tuple[bool, Any]) -> Any:
    is_last, value = last
    at = next((index for index, each in enumerate(here) if shape.key_of(each) == key), None)
    if at is None:
        here.append(value if is_last else json.loads(key))
        at = len(here) - 1
    elif is_last:
        here[at] = value
    return here[at]


def uproot(obj: Obj, shape: Shape, path: Path, kept: frozenset[Path] | set[Path]) -> None:
    """Remove the value at a path, and the containers it leaves empty unless `kept` names them."""
    trail: list[tuple[Any, Shape]] = [(obj, shape)]
    for step in path[:-1]:
        here, shape = trail[-1]
        entered = next(_child_at(here, shape, step), None)
        if entered is None:
            return
        trail.append(entered)
    for depth in range(len(path) - 1, -1, -1):
        _drop(trail[depth][0], trail[depth][1], path[depth])
        if trail[depth][0] or path[:depth] in kept:
            return


def _child_at(value: Any, shape: Shape, step: Step) -> Iterator[tuple[Any, Shape]]:
    tag, name = step
    if tag == "f" and isinstance(value, dict):
        if name in value:
            yield value[name], shape.field(name)
    elif tag == "k" and isinstance(value, list):
        yield from ((each, shape.element()) for each in value if shape.key_of(each) == name)
    elif tag == "v" and isinstance(value, list):
        yield from ((each, shape.element()) for each in value if json.dumps(each) == name)


def _drop(here: Any, shape: Shape, step: Step) -> None:
    tag, name = step
    if tag == "f" and isinstance(here, dict):
        here.pop(name, None)
    elif tag == "k" and isinstance(here, list):
        here[:] = [each for each in here if shape.key_of(each) != name]
    elif tag == "v" and isinstance(here, list):
        here[:] = [each for each in here if json.dumps(each) != name]


def to_fields_v1(paths: Iterable[Path]) -> Obj:
    """Paths as a FieldsV1 tree; a list element is marked with "." as an apply owns it with its fields."""
    tree: Obj = {}
    for path in sorted(paths):
        add_path(tree, path)
        for end in range(1, len(path)):
            if path[end - 1][0] == "k":
                add_path(tree, (*path[:end], ITSELF))
    return tree


def add_path(tree: Obj, path: Path) -> None:
    """Write one path into a FieldsV1 tree. An empty branch is owned itself; with parts beside, by its "."."""
    owned = False
    for tag, name in path:
        if tag == ".":
            tree |= {".": {}} if tree else {}
            return
        if owned:
            tree["."] = {}
        owned = tree.get(f"{tag}:{name}") == {}
        tree = tree.setdefault(f"{tag}:{name}", {})


def remove_path(tree: Obj, path: Path) -> None:
    """Take a path and all beneath it out of a FieldsV1 tree, with the branches that this empties."""
    trail = [tree]
    steps = ["." if tag == "." else f"{tag}:{name}" for tag, name in path]
    for step in steps:
        if step not in trail[-1]:
            return
        trail.append(trail[-1][step])
    for branch, step in zip(reversed(trail[:-1]), reversed(steps), strict=True):
        del branch[step]
        if branch.keys() == {"."}:
            del branch["."]
            return
        if branch:
            return


def members(tree: Obj, path: Path = ()) -> Iterator[Path]:
    """The paths that a FieldsV1 tree owns themselves: its leaves, and the containers marked with "."."""
    if path and (not tree or "." in tree):
        yield path
    for name in tree.keys() - {"."}:
        yield from members(tree[name], (*path, (name[0], name[2:])))


def from_fields_v1(tree: Obj, path: Path = ()) -> Iterator[Path]:
    """The leaf paths of a FieldsV1 tree."""
    named = [name for name in tree if name != "."]
    if not named and path:
        yield path
    for name in named:
        yield from from_fields_v1(tree[name], (*path, (name[0], name[2:])))
