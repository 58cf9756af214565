"""Everything of one kind that a selector chooses, listed page by page, or why that cannot be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.domain.state import ObservedObject
from reconciler.domain.tally import Tally
from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused

from .cache import KindCache, Snapshot
from .kinds import KindInfo
from .seen import Json, Trim, observe
from .wire import Query, Request, Wire

_PAGE = 200  # one page decoded, some 12 MiB, is the peak of a look
_PROBES = 3
_NOT_ALLOWED = "Forbidden"
"""What a Status says when the rules of access do not allow it; of a 401 it says Unauthorized."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind, and what of each is kept. Without what is `vital` nothing can be judged."""

    kind: KindInfo
    query: Query
    trim: Trim
    vital: bool = True

    def observe(self, document: Json) -> ObservedObject:
        """One of them as seen."""
        return observe(document, self.kind, self.trim)


@dataclass(frozen=True, slots=True)
class Listing:
    """A complete list, as of one resource version. `served` is false where the API knows no such kind."""

    objects: tuple[ObservedObject, ...] = ()
    resource_version: str = ""
    served: bool = True


@dataclass(frozen=True, slots=True)
class Unseen:
    """Nothing can be seen of a kind, while others may be. `reason` is one sentence."""

    reason: str


def list_all(wire: Wire, selection: Selection) -> Listing:
    """List in pages of 200. A list that took so long that its pages expired, and one from which objects are
    missing, is begun once more.

    A custom kind may not be served. Of a built-in one the same 404 comes from no Kubernetes API, and what
    is no API must not be taken for an empty cluster: Missing is raised.
    """
    try:
        return _listed(wire, selection)
    except (Conflict, _Incomplete):
        return _listed(wire, selection)
    except Missing:
        if not selection.kind.is_custom:
            raise
        return Listing(served=False)


def doubt(wire: Wire, selection: Selection, known: KindCache, listing: Listing) -> None:
    """Raise Broken where the list lacks what is there. Of a list that a selector chooses no server says how
    long it is; one that ended too early lacks what comes last, so the last few of those that we knew and it
    has not are asked for one by one."""
    if not listing.served or any(name == "fieldSelector" for name, _ in selection.query):
        return
    lacked = known.lacked_by(listing.objects, listing.resource_version)
    for gone in lacked[-_PROBES:]:
        query = (*selection.query, ("fieldSelector", f"metadata.name={gone.ref.name}"))
        found = wire.ask(Request("GET", selection.kind.collection_in(gone.ref.namespace), query))
        if any(selection.observe(each).uid == gone.uid for each in found.get("items") or ()):
            told = f"of {len(known)} {selection.kind.plural} {len(lacked)} were not listed, {gone.ref}"
            raise _Incomplete(f"{wire.server}: {told} among them, though it is there")


def concerns_kind(fault: Fault, selection: Selection) -> bool:
    """Whether a list failed because of its kind, and not because of the server or of who we are: we may not
    list it, it is not served, or what converts its versions fails. A 403 that is not Kubernetes' own may come
    from anything on the way."""
    match fault:
        case Forbidden():
            return not selection.vital and fault.code == _NOT_ALLOWED
        case Missing() | Refused():
            return not selection.vital
        case Broken():
            return not selection.vital and selection.kind.is_custom
    return False


class EachLook:
    """A kind that is listed anew at every look: for one pass, or where nothing may be kept open."""

    def __init__(self, wire: Wire, selection: Selection) -> None:
        self._wire = wire
        self._selection = selection
        self.cache = KindCache()

    def look(self) -> Snapshot | Unseen:
        """Everything of this kind now; the same value as before when that is what it is."""
        self.cache.expect_list()
        try:
            listing = list_all(self._wire, self._selection)
            doubt(self._wire, self._selection, self.cache, listing)
        except Fault as fault:
            if not concerns_kind(fault, self._selection):
                raise
            return Unseen(str(fault))
        self.cache.replace(listing.objects, listing.resource_version)
        return self.cache.snapshot()

    def tallies(self) -> Iterator[Tally]:
        """How many of them there were at the last look."""
        yield held(self._selection.kind, self.cache)

    def wake(self) -> None:
        """Nothing sleeps here."""

    def close(self) -> None:
        """Nothing is open."""


def held(kind: KindInfo, cache: KindCache) -> Tally:
    """How many objects of a kind are in memory."""
    told, labels = "Objects held in memory.", (("resource", kind.plural),)
    return Tally("towline_kubernetes_objects", told, labels, len(cache.snapshot()), grows=False)


class _Incomplete(Broken):
    """Fewer objects came than the server said there were."""


def _listed(wire: Wire, selection: Selection) -> Listing:
    """Pages of one list, all as of the resource version of the first. Of a page only what was observed
    outlives it: two whole ones at a time would be the peak of our memory."""
    objects: list[ObservedObject] = []
    page = _take_page(wire, selection, "", objects)
    version, expected = page.get("resourceVersion", ""), _expected(page, objects)
    while token := page.get("continue", ""):
        page = _take_page(wire, selection, token, objects)
        expected = max(expected, _expected(page, objects))
        if page.get("continue") == token:
            raise Broken(f"{wire.server}: a list of {selection.kind.plural} without an end")
    if len(objects) < expected:
        told = f"{len(objects)} of {expected} {selection.kind.plural} were listed"
        raise _Incomplete(f"{wire.server}: {told}")
    return Listing(tuple(objects), version)


def _take_page(wire: Wire, selection: Selection, token: str, objects: list[ObservedObject]) -> Json:
    """Add a page's objects; its metadata, which say what to ask for the next."""
    more = (("continue", token),) if token else ()
    query = (*selection.query, ("limit", str(_PAGE)), *more)
    page = wire.ask(Request("GET", selection.kind.collection, query))
    objects += (selection.observe(item) for item in page.get("items") or ())
    metadata: Json = page.get("metadata") or {}
    return metadata


def _expected(page: Json, objects: list[ObservedObject]) -> int:
    """How many there are at least, as this page says: what came and what remains. With a selector the server
    does not say what remains."""
    remaining = page.get("remainingItemCount") or 0
    return len(objects) + remaining if isinstance(remaining, int) else 0
