"""Image references, by the grammar of github.com/distribution/reference."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.domain.config import FieldPath

from .flaw import Flaw, said

_HOST_PART = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = rf"(?:{_HOST_PART}(?:\.{_HOST_PART})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_STEP = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = rf"(?:{_HOST}/)?{_STEP}(?:/{_STEP})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(rf"(?P<name>{_NAME})(?::{_TAG})?(?:@(?P<digest>{_DIGEST}))?")
_LONGEST_NAME = 255
_LONGEST_REFERENCE = 1024
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


def image(path: FieldPath, reference: str) -> Iterator[Flaw]:
    """Nothing where the reference is well formed."""
    if is_reference(reference):
        return
    if is_reference(reference.lower()):
        yield Flaw(path, f"{said(reference)} has upper-case letters", f"write {said(reference.lower())}")
        return
    yield Flaw(
        path,
        f"{said(reference)} is not an image reference",
        "write registry/repository:tag in lower case, such as myregistry.azurecr.io/adapters/phi-3:0.0.1",
    )


def is_reference(text: str) -> bool:
    """Whether this is [host/]path[:tag][@digest]."""
    match = _REFERENCE.fullmatch(text) if len(text) <= _LONGEST_REFERENCE else None
    if match is None or len(match["name"]) > _LONGEST_NAME:
        return False
    digest = match["digest"] or ""
    return not digest.startswith("sha256:") or bool(_SHA256.fullmatch(digest))
