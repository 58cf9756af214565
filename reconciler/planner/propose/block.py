"""An adapter's lines, indented and quoted as the file around them is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.planner.parse.scalars import resolve

from .outline import Node
from .pin import Pin

_BARE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/@-]|:(?=[A-Za-z0-9]))*")


@dataclass(frozen=True, slots=True)
class Shape:
    """Columns from 0: of the key `adapters`, of its dashes; how far behind a dash the item begins; how far a
    map is indented below its key; whether a list is; and the quotes of texts, empty for none."""

    key: int
    dash: int
    gap: int
    step: int
    indents_lists: bool
    quote: str = ""


def shape_of(workspace: Node, key: Node, inference: Node, adapters: Node | None = None) -> Shape:
    """How this workspace is written; the adapters that are there come before what is around them."""
    column = inference.parts[0].column
    step = max(1, column - key.column)
    indents = next(_lists(workspace), True)
    like = Shape(column, column + step if indents else column, 2, step, indents)
    if adapters is None or not adapters.is_block or not adapters.parts:
        return like
    return _like_first(adapters, like)


def section_lines(shape: Shape, pin: Pin) -> list[str]:
    """The whole of `adapters`, with this as the only one."""
    return [f"{' ' * shape.key}adapters:", *item_lines(shape, pin)]


def item_lines(shape: Shape, pin: Pin) -> list[str]:
    """One item of `adapters`."""
    column = shape.dash + shape.gap + shape.step
    indent = " " * column
    lines = [
        f"{' ' * shape.dash}-{' ' * (shape.gap - 1)}source:",
        f"{indent}name: {_text(pin.name, shape.quote)}",
        f"{indent}image: {_text(pin.image, shape.quote)}",
    ]
    if not pin.pull_secrets:
        return lines
    dash = " " * (column + (shape.step if shape.indents_lists else 0))
    secrets = [f"{dash}- {_text(each, shape.quote)}" for each in pin.pull_secrets]
    return [*lines, f"{indent}imagePullSecrets:", *secrets]


def _like_first(adapters: Node, like: Shape) -> Shape:
    dash = adapters.column
    first = adapters.parts[0]
    source = first.entry("source") if first.is_block else None
    if source is None:
        return Shape(like.key, dash, like.gap, like.step, dash > like.key)
    key, value = source
    column = first.parts[0].column
    step = value.parts[0].column - key.column if value.is_block and value.parts else like.step
    image = value.at("image")
    quote = image.style if image is not None and image.style in ("'", '"') else ""
    return Shape(like.key, dash, column - dash, step, dash > like.key, quote)


def _lists(node: Node) -> Iterator[bool]:
    """Of every list over several lines below a key, in order: whether it is indented."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        for key, value in each.pairs():
            if value.kind == "list" and value.is_block and not value.is_marked:
                yield value.column > key.column
        waiting.extend(reversed(each.parts))


def _text(value: str, quote: str) -> str:
    """A text as no YAML reader takes it for anything else. Names and images need no escaping in quotes."""
    if quote:
        return f"{quote}{value}{quote}"
    is_plain = _BARE.fullmatch(value) and resolve(value) == (value, None)
    return value if is_plain else json.dumps(value)
