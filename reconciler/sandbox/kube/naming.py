"""What names, labels and annotations may look like (RFC 1123, RFC 1035, the Kubernetes label rules)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .causes import required, wrong
from .documents import Obj
from .kinds import Kind
from .refusal import Cause

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LETTER_FIRST = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"

_EDGES = "and must start and end with an alphanumeric character"
_LABEL_WORDS = (
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_EDGES} "
    f"(e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    f"{_EDGES} (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_LETTER_FIRST_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for "
    f"validation is '{_LETTER_FIRST}')"
)
_NAME_WORDS = (
    f"name part must consist of alphanumeric characters, '-', '_' or '.', {_EDGES} (e.g. 'MyName',  or "
    f"'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    f"{_EDGES} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '{_VALUE}')"
)
_ANNOTATIONS_LIMIT = 256 * 1024


def metadata_causes(kind: Kind, obj: Obj) -> Iterator[Cause]:
    """What is wrong with an object's name, labels and annotations."""
    metadata = obj["metadata"]
    yield from name_causes(kind, "metadata.name", metadata["name"])
    yield from label_causes("metadata.labels", metadata.get("labels"))
    annotations = metadata.get("annotations") or {}
    for key in annotations:
        yield from _key_causes("metadata.annotations", key.lower())
    if sum(len(key) + len(str(value)) for key, value in annotations.items()) > _ANNOTATIONS_LIMIT:
        yield Cause(
            "metadata.annotations", "FieldValueTooLong", "Too long: may not be more than 262144 bytes"
        )


def name_causes(kind: Kind, field: str, name: str) -> Iterator[Cause]:
    """What is wrong with the name of an object of this kind."""
    if not name:
        yield required(field, "name or generateName is required")
    elif kind.group == "rbac.authorization.k8s.io":
        if "/" in name or "%" in name:
            yield wrong(field, name, "may not contain '/' or '%'")
    elif kind.key == "/Service":
        yield from _matched(field, name, _LETTER_FIRST, (63, _LETTER_FIRST_WORDS))
    elif kind.key == "/Namespace":
        yield from dns_label_causes(field, name)
    else:
        yield from _matched(field, name, _SUBDOMAIN, (253, _SUBDOMAIN_WORDS))


def dns_label_causes(field: str, name: Any) -> Iterator[Cause]:
    """What keeps a name from being an RFC 1123 label, as containers, volumes and ports want it."""
    yield from _matched(field, str(name), _LABEL, (63, _LABEL_WORDS))


def label_causes(field: str, labels: Obj | None) -> Iterator[Cause]:
    """What is wrong with a map of labels."""
    for key, value in (labels or {}).items():
        yield from _key_causes(field, key)
        yield from _matched(field, str(value), _VALUE, (63, _VALUE_WORDS))


def _key_causes(field: str, key: str) -> Iterator[Cause]:
    prefix, _, name = key.rpartition("/")
    if prefix:
        yield from _matched(field, prefix, _SUBDOMAIN, (253, f"prefix part {_SUBDOMAIN_WORDS}"))
    yield from _matched(field, name, _QUALIFIED, (63, _NAME_WORDS))


def _matched(field: str, text: str, pattern: str, limit: tuple[int, str]) -> Iterator[Cause]:
    longest, words = limit
    if len(text) > longest:
        yield wrong(field, text, f"must be no more than {longest} characters")
    if not re.fullmatch(pattern, text):
        yield wrong(field, text, words)
