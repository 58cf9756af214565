"""Names and labels: what Kubernetes accepts, and what the objects we derive from a name need."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.domain.workspace import Workspace

from .flaw import Flaw, said, warning

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LONGEST_LABEL = 63
_LONGEST_SUBDOMAIN = 253
LONGEST_NAME = 52
"""A StatefulSet's pods carry its name and a hash of up to 11 characters in a label of at most 63."""


def is_label(text: str) -> bool:
    """An RFC 1123 label: lower-case letters, digits and dashes, at most 63."""
    return len(text) <= _LONGEST_LABEL and bool(_LABEL.fullmatch(text))


def is_subdomain(text: str) -> bool:
    """An RFC 1123 subdomain: labels with dots between them, at most 253 characters."""
    return len(text) <= _LONGEST_SUBDOMAIN and bool(_SUBDOMAIN.fullmatch(text))


def metadata(workspace: Workspace) -> Iterator[Flaw]:
    """Name, namespace, labels and annotations."""
    yield from _name(workspace.metadata.name)
    if workspace.metadata.namespace is not None and not is_label(workspace.metadata.namespace):
        yield _no_label("namespace", workspace.metadata.namespace)
    for key, value in (workspace.metadata.labels or {}).items():
        yield from label(("metadata", "labels", key), key, value)
    for key in workspace.annotations:
        if not is_qualified(key):
            yield Flaw(("metadata", "annotations", key), *_not_qualified(key))


def label(path: tuple[str | int, ...], key: str, value: str) -> Iterator[Flaw]:
    """One label: key and value as Kubernetes accepts them."""
    if not is_qualified(key):
        yield Flaw(path, *_not_qualified(key))
    if value and not _QUALIFIED.fullmatch(value):
        yield Flaw(
            path,
            f"{said(value)} cannot be a label's value",
            "use at most 63 letters, digits, dashes, dots and underscores",
        )


def is_qualified(key: str) -> bool:
    """Whether this can be the key of a label or annotation: `name` or `prefix/name`."""
    prefix, slash, name = key.rpartition("/")
    return bool(_QUALIFIED.fullmatch(name)) and (not slash or is_subdomain(prefix))


def _name(name: str) -> Iterator[Flaw]:
    if not is_label(name):
        yield _no_label("name", name)
    elif not name[0].isalpha():
        yield warning(
            ("metadata", "name"),
            f"{said(name)} begins with a digit, which Kubernetes before 1.34 refuses for the Service",
            "begin the name with a letter",
        )
    elif len(name) > LONGEST_NAME:
        yield warning(
            ("metadata", "name"),
            f"the name has {len(name)} characters; pods of a StatefulSet allow {LONGEST_NAME}",
            "shorten the name",
        )


def _no_label(field: str, text: str) -> Flaw:
    return Flaw(
        ("metadata", field),
        f"{said(text)} cannot be a {field}",
        "use at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends",
    )


def _not_qualified(key: str) -> tuple[str, str]:
    return f"{said(key)} cannot be a key", "write name or prefix/name, of letters, digits, dashes and dots"
