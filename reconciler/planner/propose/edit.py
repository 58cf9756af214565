"""An adapter written into the file of the workspace that is to serve it; every other character stays.

What cannot be done without touching more than the adapter is not done: a sentence says why. The text that
comes out was read again, and means the same but for the adapter.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.domain.identity import WorkspaceName
from reconciler.planner.parse.documents import parse_documents

from .block import Shape, item_lines, section_lines, shape_of
from .meaning import means
from .outline import Node, end_of, outline
from .pin import Pin

_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(\r\n|\n|\r|\Z)")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
_BOM = codecs.BOM_UTF8
_FLOW = "{} is written in flow style, in brackets"
_ELSEWHERE = "{} is written with an anchor, an alias or a tag"


@dataclass(frozen=True, slots=True)
class Unable:
    """Why a file is not changed: a sentence without a stop."""

    because: str


def with_adapter(data: bytes, target: WorkspaceName, default_namespace: str, pin: Pin) -> bytes | Unable:
    """The file with the adapter in `inference.adapters` of this workspace, or with its image where an adapter
    of that name is there."""
    before = parse_documents(data)
    if before.findings:
        return Unable("the file has mistakes, which come first")
    bom, text = (_BOM if data.startswith(_BOM) else b""), _decoded(data)
    if text is None:
        return Unable("the file is not UTF-8")
    found = [each for each in _workspaces(outline(text)) if _is(each, target, default_namespace)]
    if len(found) != 1:
        return Unable(f"the file does not write out workspace {target} just once")
    edited = _edited(text, found[0], pin)
    if isinstance(edited, Unable):
        return edited
    after = bom + edited.encode()
    if not means(before, parse_documents(after), (target, default_namespace), pin):
        return Unable("an anchor, an alias or a merge there makes more of the change than this adapter")
    return after


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _workspaces(documents: tuple[Node, ...]) -> Iterator[Node]:
    """Every Workspace that is written out, those of lists too."""
    waiting = list(documents)
    while waiting:
        node = waiting.pop()
        kind, items = node.at("kind"), node.at("items")
        if kind is not None and kind.text == "Workspace":
            yield node
        elif items is not None and items.kind == "list":
            waiting.extend(items.parts)


def _is(node: Node, target: WorkspaceName, default_namespace: str) -> bool:
    name, namespace = node.at("metadata", "name"), node.at("metadata", "namespace")
    told = (namespace.text if namespace and not namespace.is_empty else "") or default_namespace
    return name is not None and name.text == target.name and told == target.namespace


def _edited(text: str, workspace: Node, pin: Pin) -> str | Unable:
    found = workspace.entry("inference")
    if found is None or found[1].kind != "map":
        return Unable(_ELSEWHERE.format("inference"))
    key, inference = found
    adapters = inference.entry("adapters")
    if adapters is not None and (item := _named(adapters[1], pin.name)):
        return _with_image(text, item, adapters[1], pin)
    if workspace.is_flow or inference.is_flow:
        return Unable(_FLOW.format("inference" if inference.is_flow else "the workspace"))
    if adapters is None:
        shape = shape_of(workspace, key, inference)
        return _inserted(text, inference, section_lines(shape, pin))
    return _appended(text, shape_of(workspace, key, inference, adapters[1]), adapters, pin)


def _appended(text: str, shape: Shape, adapters: tuple[Node, Node], pin: Pin) -> str | Unable:
    key, value = adapters
    if value.is_empty:
        return _filled(text, shape, key, value, pin)
    if value.kind != "list" or value.is_marked:
        return Unable(_ELSEWHERE.format("inference.adapters"))
    if value.is_flow:
        return Unable(_FLOW.format("inference.adapters"))
    return _inserted(text, value, item_lines(shape, pin))


def _filled(text: str, shape: Shape, key: Node, value: Node, pin: Pin) -> str | Unable:
    """Behind a key that holds nothing, null or []."""
    colon = text.index(":", key.end) + 1
    if text[colon : value.start].strip(" \t"):
        return Unable("inference.adapters holds nothing, on another line than its name")
    emptied = text[:colon] + text[value.end :]
    return _inserted(emptied, Node("text", colon, colon, 0), item_lines(shape, pin))


def _named(adapters: Node, name: str) -> Node | None:
    """The source of the adapter of that name."""
    sources = (item.at("source") for item in adapters.parts if adapters.kind == "list")
    for source in sources:
        called = source.at("name") if source else None
        if called is not None and called.text == name:
            return source
    return None


def _with_image(text: str, source: Node, adapters: Node, pin: Pin) -> str | Unable:
    image = source.at("image")
    if image is None:
        return Unable(f"its adapter {pin.name} comes from elsewhere than an image")
    if image.kind != "text" or image.is_marked or image.style in ("|", ">"):
        return Unable(_ELSEWHERE.format(f"the image of adapter {pin.name}"))
    is_plain_inside = not image.style and (source.is_flow or adapters.is_flow)
    written = json.dumps(pin.image) if is_plain_inside else f"{image.style}{pin.image}{image.style}"
    return text[: image.start] + written + text[image.end :]


def _inserted(text: str, behind: Node, lines: list[str]) -> str | Unable:
    """The lines below the last line of a value, ended as the file's other lines are."""
    end = end_of(behind, text)
    rest = _REST_OF_LINE.match(text, end)
    known = _LINE_BREAK.search(text)
    line_break = known[0] if known else "\n"
    block = line_break.join(lines)
    if end and text[end - 1] in "\r\n":
        return f"{text[:end]}{block}{line_break}{text[end:]}"
    if rest is None:
        return Unable("more stands on the line where it would be added")
    if not rest[1]:
        return f"{text}{line_break}{block}"
    return f"{text[: rest.end()]}{block}{line_break}{text[rest.end() :]}"
