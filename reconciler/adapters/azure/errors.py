"""Azure's error documents, read: ARM's nested ones, AKS's flat ones, an agent pool's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.domain.cloud import CloudError

Document = Mapping[str, Any]

_LONGEST_MESSAGE = 800
_SIGNED = re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*")
_POLICY_NAMES = (
    "policyDefinitionDisplayName",
    "policyDefinitionName",
    "policyAssignmentDisplayName",
    "policyAssignmentName",
)


def error_document(body: bytes) -> Document:
    """The error in an answer: ARM nests it under `error`, AKS answers it flat. Empty where there is none."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    nested = document.get("error")
    return nested if isinstance(nested, dict) else document


def cloud_error(status: int, error: Document, correlation: str = "") -> CloudError:
    """The error as the house keeps it; one that says nothing is told by its status."""
    message = error_sentence(error) or f"Azure answered HTTP {status}"
    return CloudError(status, tuple(_codes(error)), message, correlation)


def provisioning_error(error: Document | None) -> CloudError | None:
    """What an agent pool says of its own failure; None where it says nothing."""
    return cloud_error(200, error) if error else None


def error_sentence(error: Document) -> str:
    """An Azure error as one line, `Code: message`, told by the innermost of its nested errors: the outer
    ones say that something failed, the inner what. Several innermost are joined. Empty for no error."""
    return scrubbed("; ".join(dict.fromkeys(": ".join(filter(None, each)) for each in _leaves(error))))


def correlation_of(headers: Mapping[str, str]) -> str:
    """The id that Azure's support asks for; empty where an answer has none."""
    return headers.get("x-ms-correlation-request-id") or headers.get("x-ms-request-id") or ""


def scrubbed(text: str) -> str:
    """One line of bounded length, its URLs without their query, which may hold a signature."""
    line = _SIGNED.sub(r"\1", " ".join(text.split()))
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def _codes(error: Document) -> Iterator[str]:
    """The words for it from the outermost in; AKS's `subcode` is inside its code."""
    for key in ("code", "subcode"):
        if word := error.get(key):
            yield str(word)
    for detail in _inside(error):
        yield from _codes(detail)


def _leaves(error: Document, outer: str = "") -> Iterator[tuple[str, str]]:
    """Code and message of the innermost errors; one that says nothing is told by the error around it."""
    message = " ".join(filter(None, (_policies(error), str(error.get("message") or outer).strip())))
    details = _inside(error)
    if not details:
        yield str(error.get("subcode") or error.get("code") or ""), message
    for detail in details:
        yield from _leaves(detail, message)


def _inside(error: Document) -> list[Document]:
    """The errors within an error: its details, and OData's inner error where that has a code."""
    inner = error.get("innererror")
    named = [inner] if isinstance(inner, Mapping) and inner.get("code") else []
    return [*_mappings(error.get("details")), *named]


def _policies(error: Document) -> str:
    """The names of the policies that forbid it, before the message, so that they are never cut off."""
    details = (each.get("info") for each in _mappings(error.get("additionalInfo")))
    named = dict.fromkeys(name for info in details if isinstance(info, Mapping) and (name := _policy(info)))
    return f"[{', '.join(named)}]" if named else ""


def _policy(info: Document) -> str:
    """A violated policy's own name, and that of its assignment, which is what a person can find."""
    policy, assignment = (
        next((str(info[key]) for key in keys if info.get(key)), "")
        for keys in (_POLICY_NAMES[:2], _POLICY_NAMES[2:])
    )
    if not (policy and assignment):
        return f"policy {policy or assignment}" if policy or assignment else ""
    return f"policy {policy}, assigned as {assignment}"


def _mappings(value: Any) -> list[Document]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else []
