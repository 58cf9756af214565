"""Lists that a server merges item by item, where merging cannot bring about what is asked for.

A person who gives a port another number has made, to server-side apply, a second port: ours comes back beside
it, and both bear one name, which the server refuses. Only writing the whole list helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def named_lists(document: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Of a document nothing but the lists these fields lie in: of `spec.ports[80]` the whole `spec.ports`, of
    lists within lists the outermost."""
    found: dict[str, Any] = {}
    for field in fields:
        path, bracket, _ = field.partition("[")
        if bracket:
            _put(found, document, path.split("."))
    return found


def _put(found: dict[str, Any], document: Mapping[str, Any], path: list[str]) -> None:
    key, *rest = path
    if not rest:
        found[key] = document[key]
    else:
        _put(found.setdefault(key, {}), document[key], rest)
