"""The three states of one thing, and what every kind's judge reads alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.domain.report import Health

HEALTHY = "Healthy"
PROGRESSING = "Progressing"
DEGRADED = "Degraded"

Document = Mapping[str, Any]


def healthy(reason: str, message: str) -> Health:
    """As it should be."""
    return Health(HEALTHY, reason, message)


def progressing(reason: str, message: str) -> Health:
    """On its way; nothing is known to be wrong."""
    return Health(PROGRESSING, reason, message)


def degraded(reason: str, message: str) -> Health:
    """Broken: it will not come right unless something changes."""
    return Health(DEGRADED, reason, message)


def section(document: Document, key: str) -> Document:
    """A map inside a document, empty when it is absent or null."""
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def entries(document: Document, key: str) -> list[Document]:
    """The maps of a list inside a document, empty when it is absent or null."""
    value = document.get(key)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def number(document: Document, key: str, default: int = 0) -> int:
    """An integer inside a document; Kubernetes omits zeroes."""
    value = document.get(key)
    return value if isinstance(value, int) else default


def named(document: Document) -> str:
    """`metadata.name`."""
    return str(section(document, "metadata").get("name", ""))


def born(document: Document) -> tuple[str, str]:
    """By which the newest of several is found: when it was made, and its name."""
    return str(section(document, "metadata").get("creationTimestamp", "")), named(document)


def is_stale(document: Document) -> bool:
    """Whether the status speaks of an older spec: `status.observedGeneration` < `metadata.generation`."""
    observed = section(document, "status").get("observedGeneration")
    generation = number(section(document, "metadata"), "generation")
    return isinstance(observed, int) and observed < generation


def is_deleting(document: Document) -> bool:
    """Whether somebody has asked for its deletion."""
    return bool(section(document, "metadata").get("deletionTimestamp"))


def condition(document: Document, kind: str) -> Document:
    """The condition of that type, empty when it has not been reported."""
    for each in entries(section(document, "status"), "conditions"):
        if each.get("type") == kind:
            return each
    return {}


def is_true(document: Document, kind: str) -> bool:
    """Whether that condition is reported True."""
    return condition(document, kind).get("status") == "True"


def sentence(condition_: Document, fallback: str) -> str:
    """A condition's own message, on one line, without its full stop."""
    return " ".join(str(condition_.get("message") or fallback).split()).rstrip(".")
