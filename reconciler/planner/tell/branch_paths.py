"""Where things lie on the status branch: one folder a kind of file, in it one a namespace."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, unquote

from reconciler.domain.identity import WorkspaceName

_OURS = (("status/", ".yaml"), ("badges/", ".svg"), ("badges/", ".json"), ("curves/", ".svg"))
_LONGEST_SEGMENT = 100


def status_path(name: WorkspaceName) -> str:
    """Its status file."""
    return _path("status", name, ".yaml")


def badge_path(name: WorkspaceName) -> str:
    """Its badge."""
    return _path("badges", name, ".svg")


def endpoint_path(name: WorkspaceName) -> str:
    """Its badge as an endpoint for shields.io."""
    return _path("badges", name, ".json")


def curve_path(name: WorkspaceName) -> str:
    """The loss curve of its tuning."""
    return _path("curves", name, ".svg")


def is_of_a_workspace(path: str) -> bool:
    """Whether we wrote this file for some workspace; what else lies on the branch is not ours to remove."""
    return path.count("/") == 2 and any(path.startswith(start) and path.endswith(end) for start, end in _OURS)


def whose(path: str) -> WorkspaceName | None:
    """Which workspace such a file is of; None where its path does not tell for certain."""
    if not is_of_a_workspace(path):
        return None
    folder, namespace, rest = path.split("/")
    ending = next(end for start, end in _OURS if start == f"{folder}/" and rest.endswith(end))
    segments = (namespace, rest.removesuffix(ending))
    if any(len(segment) >= _LONGEST_SEGMENT for segment in segments):
        return None
    name = WorkspaceName(*map(unquote, segments))
    return name if _path(folder, name, ending) == path else None


def _path(folder: str, name: WorkspaceName, ending: str) -> str:
    return f"{folder}/{_segment(name.namespace)}/{_segment(name.name)}{ending}"


def _segment(name: str) -> str:
    """A name as one harmless path segment; Kubernetes names stay as they are, others are percent-encoded."""
    safe = quote(name, safe="", errors="replace")
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    if len(safe) > _LONGEST_SEGMENT:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        safe = f"{safe[: _LONGEST_SEGMENT - 9]}-{digest[:8]}"
    return safe
