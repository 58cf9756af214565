"""A blob of YAML to documents and findings: lists unfolded, secrets kept out of every message."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from reconciler.domain.config import Document, FieldPath, Parsed
from reconciler.domain.finding import Finding

from .composed import MAX_BYTES, MAX_DEPTH, Composed, Mistake
from .composing import compose
from .places import Places, dotted

__all__ = [
    "MAX_BYTES",
    "is_secret",
    "owner",
    "parse_documents",
    "read_answer",
    "read_composed",
    "unreadable",
]


def parse_documents(data: bytes) -> Parsed:
    """What a blob holds. A finding without a `field` says that the rest of the file could not be read."""
    return read_composed(compose(data))


def read_composed(composed: Composed) -> Parsed:
    """Documents and findings out of what was composed, here or in another process."""
    documents = tuple(
        document
        for line, value, tree in composed.documents
        for document in _unfold(Document(line, value, Places(tree)))
    )
    return Parsed(documents, tuple(_findings(composed.mistakes, documents)))


def read_answer(answer: bytes) -> Parsed:
    """What `composing.compose_answer` said in another process."""
    documents, mistakes = json.loads(answer)
    return read_composed(Composed(documents, [_mistake(*each) for each in mistakes]))


def unreadable(message: str, mend: str) -> Parsed:
    """A blob of which nothing is known, and why."""
    return Parsed((), (Finding("", 0, 0, "", message, mend),))


def owner(documents: tuple[Document, ...], line: int) -> Document | None:
    """The document a line belongs to: the last that begins there or above."""
    return next((each for each in reversed(documents) if each.line <= line), None)


def is_secret(value: Any) -> bool:
    """Whether this document is a Secret, of which nothing may be repeated."""
    return isinstance(value, dict) and str(value.get("kind", "")).strip().lower() == "secret"


def _mistake(line: int, column: int, path: list[str | int], message: str, *rest: Any) -> Mistake:
    return Mistake(line, column, tuple(path), message, *rest)


def _unfold(document: Document) -> Iterator[Document]:
    """A `kind: List` as its items, in order; anything else as it is."""
    waiting = [(document, 0)]
    while waiting:
        each, depth = waiting.pop()
        items = each.value.get("items") if isinstance(each.value, dict) else None
        if not isinstance(items, list) or each.value.get("kind") != "List" or depth > MAX_DEPTH:
            yield each
        else:
            each = _opened(each)
            waiting += [(_item(each, index), depth + 1) for index in reversed(range(len(items)))]


def _opened(document: Document) -> Document:
    assert isinstance(document.places, Places)
    return replace(document, places=document.places.opened())


def _item(document: Document, index: int) -> Document:
    path: FieldPath = ("items", index)
    places = document.places
    assert isinstance(places, Places)
    return Document(places.nearest(path)[0], document.value["items"][index], places.under(path))


def _findings(mistakes: Iterable[Mistake], documents: tuple[Document, ...]) -> Iterator[Finding]:
    for mistake in mistakes:
        document = owner(documents, mistake.line)
        if document is None or not is_secret(document.value) or mistake.breaks:
            field = "" if mistake.breaks else dotted(mistake.path) or "the document"
            yield Finding("", mistake.line, mistake.column, field, mistake.message, mistake.mend)
