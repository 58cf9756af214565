"""Everything of one kind that a selector chooses, listed page by page."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.state import ObservedObject
from reconciler.faults import Broken, Conflict, Missing

from .cache import KindCache, Snapshot
from .kinds import KindInfo
from .seen import Json, Trim, observe
from .wire import Query, Request, Wire

_PAGE = 200  # one page decoded, some 12 MiB, is the peak of a look


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind, and what of each is kept."""

    kind: KindInfo
    query: Query
    trim: Trim

    def observe(self, document: Json) -> ObservedObject:
        """One of them as seen."""
        return observe(document, self.kind, self.trim)


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete list, as of one resource version. `served` is false where the API knows no such kind."""

    objects: tuple[ObservedObject, ...] = ()
    resource_version: str = ""
    served: bool = True


def list_all(wire: Wire, selection: Selection) -> Listing:
    """List in pages of 200. A list that took so long that its pages expired is begun once more.

    A custom kind may not be served. Of a built-in one the same 404 comes from no Kubernetes API, and what
    is no API must not be taken for an empty cluster: Missing is raised.
    """
    try:
        return _listed(wire, selection)
    except Conflict:
        return _listed(wire, selection)
    except Missing:
        if not selection.kind.is_custom:
            raise
        return Listing(served=False)


class EachLook:
    """A kind that is listed anew at every look: for one pass, or where nothing may be kept open."""

    def __init__(self, wire: Wire, selection: Selection) -> None:
        self._wire = wire
        self._selection = selection
        self.cache = KindCache()

    def look(self) -> Snapshot:
        """Everything of this kind now; the same value as before when that is what it is."""
        self.cache.expect_list()
        listing = list_all(self._wire, self._selection)
        self.cache.replace(listing.objects, listing.resource_version)
        return self.cache.snapshot()

    def wake(self) -> None:
        """Nothing sleeps here."""

    def close(self) -> None:
        """Nothing is open."""


def _listed(wire: Wire, selection: Selection) -> Listing:
    """Pages of one list, all as of the resource version of the first. Of a page only what was observed
    outlives it: two whole ones at a time would be the peak of our memory."""
    objects: list[ObservedObject] = []
    token = ""
    while True:
        version, following = _take_page(wire, selection, token, objects)
        if not following:
            return Listing(tuple(objects), version)
        if following == token:
            raise Broken(f"{wire.server}: a list of {selection.kind.plural} without an end")
        token = following


def _take_page(
    wire: Wire, selection: Selection, token: str, objects: list[ObservedObject]
) -> tuple[str, str]:
    """Add a page's objects; its resource version, and what to ask for the next, empty after the last."""
    more = (("continue", token),) if token else ()
    query = (*selection.query, ("limit", str(_PAGE)), *more)
    page = wire.ask(Request("GET", selection.kind.collection, query))
    objects += (selection.observe(item) for item in page.get("items") or ())
    metadata = page.get("metadata") or {}
    return metadata.get("resourceVersion", ""), metadata.get("continue", "")
