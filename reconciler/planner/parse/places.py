"""Where in a file each field stands, kept as the tree the file is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.domain.config import FieldPath, Place

_LONGEST_STEP = 100

Tree = list[Any]
"""[line, column], then for a mapping {key: Tree}, for a sequence [Tree, ...], for a scalar that is no text
its source text."""


class Places(Mapping[FieldPath, Place]):
    """Line and column (from 1) by field path. A tree given as JSON stays so until a place is asked for, which
    only a finding does: it takes a tenth of the memory."""

    __slots__ = ("_kept",)

    def __init__(self, tree: Tree | str) -> None:
        self._kept = tree

    @property
    def _tree(self) -> Tree:
        return json.loads(self._kept) if isinstance(self._kept, str) else self._kept

    def __getitem__(self, path: FieldPath) -> Place:
        node, depth = self._walk(path)
        if depth < len(path):
            raise KeyError(path)
        return node[0], node[1]

    def __iter__(self) -> Iterator[FieldPath]:
        waiting: list[tuple[FieldPath, Tree]] = [((), self._tree)]
        while waiting:
            path, node = waiting.pop()
            yield path
            waiting += [((*path, step), child) for step, child in _children(node)]

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True

    def nearest(self, path: FieldPath) -> Place:
        """The place of the field, or of the innermost field around it that is written down."""
        node, _ = self._walk(path)
        return node[0], node[1]

    def source(self, path: FieldPath) -> str | None:
        """How a number, boolean or null was written; None for everything else."""
        node, depth = self._walk(path)
        is_source = depth == len(path) and len(node) > 2 and isinstance(node[2], str)
        return node[2] if is_source else None

    def opened(self) -> Places:
        """The same, for whoever will ask for many places."""
        return Places(self._tree)

    def under(self, path: FieldPath) -> Places:
        """The places of a part of the document, by paths that begin there."""
        return Places(self._walk(path)[0])

    def _walk(self, path: FieldPath) -> tuple[Tree, int]:
        node = self._tree
        for depth, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                return node, depth
            node = child
        return node, len(path)


def nearest(places: Mapping[FieldPath, Place], path: FieldPath) -> Place:
    """Line and column of the field or of the innermost known field around it; (0, 0) when none is."""
    if isinstance(places, Places):
        return places.nearest(path)
    known = (places[path[:end]] for end in range(len(path), -1, -1) if path[:end] in places)
    return next(known, (0, 0))


def dotted(path: FieldPath) -> str:
    """A field path as people write it: inference.adapters[0].source.image, annotations[kaito.sh/runtime]."""
    return "".join(map(_word, path)).removeprefix(".")


def _word(step: str | int) -> str:
    text = str(step)
    shown = text if len(text) <= _LONGEST_STEP else f"{text[:_LONGEST_STEP]}…"
    plain = isinstance(step, str) and text.replace("-", "").replace("_", "").isalnum()
    return f".{shown}" if plain else f"[{shown}]"


def _children(node: Tree) -> Iterator[tuple[str | int, Tree]]:
    if len(node) > 2 and isinstance(node[2], dict):
        yield from node[2].items()
    elif len(node) > 2 and isinstance(node[2], list):
        yield from enumerate(node[2])


def _child(node: Tree, step: str | int) -> Tree | None:
    inside = node[2] if len(node) > 2 else None
    if isinstance(inside, dict):
        return inside.get(step)
    if isinstance(inside, list) and isinstance(step, int) and 0 <= step < len(inside):
        child: Tree = inside[step]
        return child
    return None
