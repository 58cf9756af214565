"""Parser events to plain values and the places of each: a stack of our own, never recursion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from .composed import (
    MAX_DEPTH,
    MAX_DOCUMENTS,
    MAX_MISTAKES,
    MAX_NODES,
    MAX_TEXT,
    Composed,
    Mistake,
    Path,
    Spot,
    Tree,
    Unreadable,
)
from .scalars import resolve

_MERGE = "<<"
_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


@dataclass(frozen=True, slots=True)
class _Weight:
    """What a node costs wherever an alias repeats it."""

    nodes: int
    text: int
    height: int


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence that is still open."""

    value: Any
    tree: Tree
    anchor: str | None
    nodes: int
    text: int
    key: str | None = None
    key_at: Spot = (0, 0)
    merging: bool = False
    merged: list[dict[str, Any]] = field(default_factory=list)
    height: int = 1


class Composer:
    """Takes events one by one; open collections wait on a stack of our own."""

    def __init__(self) -> None:
        self.made = Composed()
        self.stack: list[_Frame] = []
        self.anchors: dict[str, tuple[Any, _Weight]] = {}
        self.nodes = self.text = self.seen = self.settled = 0
        self.takers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open_mapping,
            yaml.SequenceStartEvent: self._open_sequence,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._begin,
        }

    def give_up(self, mistake: Mistake) -> None:
        """Nothing more can be read: what was said of the unfinished document is of the file as a whole."""
        mistakes = self.made.mistakes
        mistakes[self.settled :] = [replace(each, breaks=True) for each in mistakes[self.settled :]]
        mistakes.append(mistake)

    def take(self, event: Any) -> None:
        """One event more; the end of a document or stream says nothing new."""
        if taker := self.takers.get(type(event)):
            taker(event)

    def _begin(self, event: Any) -> None:
        self.anchors.clear()
        self.seen += 1
        if self.seen > MAX_DOCUMENTS:
            raise Unreadable(_at(event), f"more than {MAX_DOCUMENTS:,} documents in a file", "split it")

    def _scalar(self, event: Any) -> None:
        text = event.value
        self._spend(event, 1, len(text))
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and type(frame.value) is dict:
            self._key(frame, event)
            return
        place, source = _at(event), None
        value = text
        if event.implicit[0] or event.tag not in (None, "!"):
            value = self._meaning(event, place)
            source = None if isinstance(value, str) else text
        if event.anchor:
            self.anchors[event.anchor] = value, _Weight(1, len(text), 0)
        self._put(value, [*place, source] if source is not None else [*place], place)

    def _key(self, frame: _Frame, event: Any) -> None:
        """Keys are text, whatever they look like; the same key twice is a mistake."""
        frame.key, frame.key_at = event.value, _at(event)
        frame.merging = event.value == _MERGE and event.implicit[0]
        if event.anchor:
            self.anchors[event.anchor] = event.value, _Weight(1, len(event.value), 0)
        if event.tag not in (None, "!", _TAG + "str"):
            self._say(_at(event), "a tag on a key is not supported", "remove the tag")
        if event.value in frame.value:
            first = frame.tree[2][event.value]
            self._say(
                _at(event),
                f"the key stands here a second time; first in line {first[0]}, column {first[1]}",
                "keep one of the two",
            )

    def _meaning(self, event: Any, place: Spot) -> Any:
        """The value of a scalar that is plain or tagged."""
        tag = event.tag
        if tag == _TAG + "str":
            return event.value
        value, complaint = resolve(event.value)
        if complaint:
            self._say(place, *complaint)
        kind = (tag or "").removeprefix(_TAG)
        if tag not in (None, "!") and not isinstance(value, _TYPES.get(kind, ())):
            self._say(place, f"the tag {_short(tag)} is not supported", "write the plain value without it")
        return value

    def _open_mapping(self, event: Any) -> None:
        self._open(event, {}, [*_at(event), {}], "map")

    def _open_sequence(self, event: Any) -> None:
        self._open(event, [], [*_at(event), []], "seq")

    def _open(self, event: Any, value: Any, tree: Tree, kind: str) -> None:
        self._refuse_as_key(event)
        if event.tag not in (None, "!", _TAG + kind):
            self._say(_at(event), f"the tag {_short(event.tag)} is not supported", "write the plain value")
        if len(self.stack) >= MAX_DEPTH:
            raise Unreadable(_at(event), f"nested deeper than {MAX_DEPTH} levels", "flatten it")
        self.stack.append(_Frame(value, tree, event.anchor, self.nodes, self.text))
        self._spend(event, 1, 0)

    def _close(self, _event: Any) -> None:
        frame = self.stack.pop()
        for other in frame.merged:
            for key, value in other.items():
                frame.value.setdefault(key, value)
        if frame.anchor:
            weight = _Weight(self.nodes - frame.nodes, self.text - frame.text, frame.height)
            self.anchors[frame.anchor] = frame.value, weight
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, frame.height + 1)
        self._put(frame.value, frame.tree, (frame.tree[0], frame.tree[1]))

    def _alias(self, event: Any) -> None:
        self._refuse_as_key(event)
        if any(frame.anchor == event.anchor for frame in self.stack):
            raise Unreadable(_at(event), f"*{_short(event.anchor)} contains itself", "write it out")
        if event.anchor not in self.anchors:
            raise Unreadable(_at(event), f"*{_short(event.anchor)} is not defined above", "define it first")
        value, weight = self.anchors[event.anchor]
        self._spend(event, weight.nodes, weight.text)
        if len(self.stack) + weight.height > MAX_DEPTH:
            raise Unreadable(_at(event), f"nested deeper than {MAX_DEPTH} levels by aliases", "flatten it")
        if self.stack:
            self.stack[-1].height = max(self.stack[-1].height, weight.height + 1)
        self._put(value, [*_at(event)], _at(event))

    def _put(self, value: Any, tree: Tree, place: Spot) -> None:
        """A finished value goes to the collection around it, or is a document."""
        if not self.stack:
            if value is not None:
                self.made.documents.append((place[0], value, tree))
            self.settled = len(self.made.mistakes)
            return
        frame = self.stack[-1]
        if type(frame.value) is list:
            frame.value.append(value)
            frame.tree[2].append(tree)
            return
        key, frame.key = frame.key, None
        tree[0], tree[1] = frame.key_at
        frame.tree[2].setdefault(key, tree)
        if frame.merging:
            self._merge(frame, value, place)
        else:
            frame.value.setdefault(key, value)

    def _merge(self, frame: _Frame, value: Any, place: Spot) -> None:
        others = value if isinstance(value, list) else [value]
        if all(isinstance(other, dict) for other in others):
            frame.merged += others
            self._spend_at(place, sum(map(len, others)), 0)
        else:
            self._say(place, "<< merges mappings, and this is none", "write the fields out")

    def _refuse_as_key(self, event: Any) -> None:
        frame = self.stack[-1] if self.stack else None
        if frame is not None and type(frame.value) is dict and frame.key is None:
            raise Unreadable(_at(event), "only text can be a key", "write the key out as text")

    def _spend(self, event: Any, nodes: int, text: int) -> None:
        self.nodes += nodes
        self.text += text
        if self.nodes > MAX_NODES or self.text > MAX_TEXT:
            self._spend_at(_at(event), 0, 0)

    def _spend_at(self, place: Spot, nodes: int, text: int) -> None:
        self.nodes += nodes
        self.text += text
        if self.nodes > MAX_NODES:
            raise Unreadable(place, f"more than {MAX_NODES:,} values, aliases expanded", "split the file")
        if self.text > MAX_TEXT:
            raise Unreadable(place, "more than 8 MiB of text, aliases expanded", "split the file")

    def _say(self, place: Spot, message: str, mend: str) -> None:
        self.made.mistakes.append(Mistake(*place, self._path(), message, mend))
        if len(self.made.mistakes) >= MAX_MISTAKES:
            raise Unreadable(place, f"more than {MAX_MISTAKES} mistakes", "mend those above first")

    def _path(self) -> Path:
        steps = (len(each.value) if type(each.value) is list else each.key for each in self.stack)
        return tuple(step for step in steps if step is not None)


def _at(event: Any) -> Spot:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
