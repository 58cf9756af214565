"""Which of many objects of one kind are there, asked for now with as few requests as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.domain.identity import Ref
from reconciler.domain.state import ObservedObject
from reconciler.faults import Conflict, Missing

from .kinds import KindInfo
from .seen import Json, observe, whole
from .wire import Query, Request, Wire

_HANDFUL = 4
"""So few objects, or namespaces, are asked for one by one."""
_PAGE = 500
_ONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json;q=0.9"
_MANY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json;q=0.9"
"""Metadata alone, of servers that can (1.15 and later); of the others' answers we look at no more."""


def present(wire: Wire, kind: KindInfo, refs: Iterable[Ref]) -> Iterator[ObservedObject]:
    """Those of these objects of one kind that are there, whoever owns them; only their metadata are kept.

    A handful is asked for one by one. Of more a list is taken: of each namespace where these are few, else of
    all; unless what is left of a list would take more requests than what is left to be found.
    """
    for path, wanted in _lists(kind, refs).items():
        if len(wanted) > _HANDFUL:
            yield from _among(wire, kind, path, wanted)
        for ref in sorted(wanted, key=str):
            yield from _one(wire, kind, ref)


def _lists(kind: KindInfo, refs: Iterable[Ref]) -> Mapping[str, set[Ref]]:
    """What is wanted of each list, by the list's path."""
    by_namespace: dict[str, set[Ref]] = {}
    for ref in refs:
        by_namespace.setdefault(ref.namespace if kind.namespaced else "", set()).add(ref)
    if len(by_namespace) > _HANDFUL:
        return {kind.collection: set().union(*by_namespace.values())}
    return {kind.collection_in(namespace): wanted for namespace, wanted in by_namespace.items()}


def _among(wire: Wire, kind: KindInfo, path: str, wanted: set[Ref]) -> Iterator[ObservedObject]:
    """Those of them in a list. What is not known of after it stays in `wanted`. A list whose pages expired is
    begun once more."""
    token, begun = "", 1
    while wanted:
        try:
            page = _page(wire, path, token)
        except Missing:
            wanted.clear()
            return
        except Conflict:
            if begun == 2:
                raise
            token, begun = "", 2
            continue
        for seen in _seen(page, kind, wanted):
            wanted.remove(seen.ref)
            yield seen
        metadata = page.get("metadata") or {}
        token = metadata.get("continue", "")
        if not token:
            wanted.clear()
        if (metadata.get("remainingItemCount") or 0) > _PAGE * len(wanted):
            return


def _page(wire: Wire, path: str, token: str) -> Json:
    more: Query = (("continue", token),) if token else ()
    return wire.ask(Request("GET", path, (("limit", str(_PAGE)), *more), accept=_MANY))


def _seen(page: Json, kind: KindInfo, wanted: set[Ref]) -> Iterator[ObservedObject]:
    for item in page.get("items") or ():
        metadata = item.get("metadata") or {}
        ref = Ref(kind.api_version, kind.kind, metadata.get("namespace", ""), metadata.get("name", ""))
        if ref in wanted:
            yield observe({"metadata": metadata}, kind, whole)


def _one(wire: Wire, kind: KindInfo, ref: Ref) -> Iterator[ObservedObject]:
    try:
        found = wire.ask(Request("GET", kind.path(ref), accept=_ONE))
    except Missing:
        return
    yield observe({"metadata": found.get("metadata")}, kind, whole)
