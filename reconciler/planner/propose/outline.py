"""A YAML text as the places of what is written in it: for a change that leaves all else as it is.

The parser's events know where each value begins and ends and in which style; plain values do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BLOCK_SCALARS = ("|", ">")


@dataclass(slots=True)
class Node:
    """A value: its characters from `start` to `end` (of a block collection only `start` counts) and its
    column. `parts` are the items of a list, or keys and values in turn. `is_marked`: it has an anchor or a
    tag, and `start` is theirs."""

    kind: str
    start: int
    end: int
    column: int
    text: str = ""
    style: str = ""
    is_flow: bool = False
    is_marked: bool = False
    parts: list[Node] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """Whether it is a collection over several lines, without brackets."""
        return self.kind in ("map", "list") and not self.is_flow

    @property
    def is_empty(self) -> bool:
        """Whether nothing, null or [] is written."""
        is_null = self.kind == "text" and not self.style and self.text in ("", "~", "null", "Null", "NULL")
        return not self.is_marked and (is_null or (self.kind == "list" and not self.parts))

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Keys and values of a map; nothing of anything else."""
        if self.kind == "map":
            yield from zip(self.parts[::2], self.parts[1::2], strict=True)

    def entry(self, key: str) -> tuple[Node, Node] | None:
        """The key and value of that name."""
        return next(((name, value) for name, value in self.pairs() if name.text == key), None)

    def at(self, *path: str) -> Node | None:
        """The value at a path of keys, as far as it is written here and not elsewhere."""
        node: Node | None = self
        for key in path:
            found = node.entry(key) if node else None
            node = found[1] if found else None
        return node

    def last(self) -> Node:
        """The last value written in it; itself where it is no block collection."""
        node = self
        while node.is_block and node.parts:
            node = node.parts[-1]
        return node


def outline(text: str) -> tuple[Node, ...]:
    """The root of each document. Raises `yaml.YAMLError` for what is no YAML."""
    stack: list[Node] = []
    documents: list[Node] = []
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop().end = _end(event)
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event)
            (stack[-1].parts if stack else documents).append(node)
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(node)
    return tuple(documents)


def end_of(node: Node, text: str) -> int:
    """Where the last value written in a node ends. Blank lines below a block of text are left to what
    follows, unless they are kept on purpose; then it ends where the next line begins."""
    last = node.last()
    if last.style not in _BLOCK_SCALARS:
        return last.end
    written = text[last.start : last.end]
    if "+" in written.splitlines()[0]:
        return last.end
    trimmed = written.rstrip(" \r\n")
    return last.start + len(trimmed)


def _end(event: Any) -> int:
    index: int = event.end_mark.index
    return index


def _node(event: Any) -> Node:
    start, end = event.start_mark, event.end_mark
    is_marked = bool(event.anchor or getattr(event, "tag", None))
    node = Node("text", start.index, end.index, start.column, is_marked=is_marked)
    if isinstance(event, yaml.AliasEvent):
        node.kind = "alias"
    elif isinstance(event, yaml.ScalarEvent):
        node.text, node.style = event.value, event.style or ""
    else:
        node.kind = "map" if isinstance(event, yaml.MappingStartEvent) else "list"
        node.is_flow = bool(event.flow_style)
    return node
