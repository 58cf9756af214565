"""What a request path points at: a kind, perhaps a namespace, an object and a part of it."""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import Kind, KindTable
from .shelf import Key
from .store import key_of


@dataclass(frozen=True, slots=True)
class Target:
    """A kind as one version serves it, and how far into it the path leads."""

    kind: Kind
    version: str
    namespace: str | None = None
    name: str = ""
    subresource: str = ""
    rest: str = ""

    @property
    def key(self) -> Key:
        """Where the object stands."""
        return key_of(self.kind, self.namespace, self.name)

    @property
    def api_version(self) -> str:
        """The apiVersion that answers carry."""
        return self.kind.api_version_of(self.version)


def parse_target(kinds: KindTable, path: str) -> Target | None:
    """Read a path below /api or /apis; None where nothing is served there."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    return _within(kinds, (group, version), rest)


def _within(kinds: KindTable, served: tuple[str, str], parts: list[str]) -> Target | None:
    namespace = None
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] != "status":
        namespace, parts = parts[1], parts[2:]
    kind = kinds.at(*served, parts[0])
    if kind is None or (namespace is not None and not kind.namespaced):
        return None
    name, subresource, *rest = [*parts[1:], "", ""][: max(2, len(parts) - 1)]
    if subresource and subresource not in kind.as_served(served[1]).subresources:
        return None
    if name and kind.namespaced and namespace is None:
        return None
    return Target(kind, served[1], namespace, name, subresource, "/".join(rest))
