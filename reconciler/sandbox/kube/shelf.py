"""All objects of one kind, in key order, by namespace and by label, with the history that watches replay."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .kinds import Kind
from .selectors import Facets, Selection, facets_of
from .stored import Stored

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """One change, as watches see it: the object's JSON after it, its facets before and after."""

    revision: int
    type: str
    body: bytes
    before: Facets | None
    after: Facets | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects in key order; `following` is the key that the next page begins after, None at the end."""

    items: list[Stored]
    following: Key | None = None
    remaining: int = 0


class History:
    """The last changes of one kind; what is older than `floor` has been forgotten."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._records: list[Record] = []
        self.floor = 0

    def add(self, record: Record) -> None:
        """Remember a change; half of the history is forgotten each time it outgrows twice its limit."""
        self._records.append(record)
        if len(self._records) > 2 * self._limit:
            self.forget(self._records[-self._limit - 1].revision)

    def forget(self, revision: int) -> None:
        """Drop every record up to a revision."""
        at = bisect_right(self._records, revision, key=_revision)
        del self._records[:at]
        self.floor = max(self.floor, revision)

    def since(self, revision: int) -> list[Record]:
        """The changes after a revision, oldest first."""
        return self._records[bisect_right(self._records, revision, key=_revision) :]


class Shelf:
    """The objects of one kind."""

    def __init__(self, kind: Kind, history: int) -> None:
        self.kind = kind
        self.history = History(history)
        self._objects: dict[Key, Stored] = {}
        self._order: list[Key] = []
        self._labelled: dict[tuple[str, str], set[Key]] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def at(self, key: Key) -> Stored | None:
        """The object at a key."""
        return self._objects.get(key)

    def put(self, key: Key, stored: Stored) -> None:
        """Set the object at a key."""
        old = self._objects.get(key)
        if old is None:
            insort(self._order, key)
        self._objects[key] = stored
        was, now = (each.obj["metadata"].get("labels") or {} if each else {} for each in (old, stored))
        if was != now:
            self._relabel(key, was, now)

    def drop(self, key: Key) -> None:
        """Take the object at a key away."""
        old = self._objects.pop(key)
        del self._order[bisect_left(self._order, key)]
        self._relabel(key, old.obj["metadata"].get("labels") or {}, {})

    def keys(self, namespace: str | None = None) -> list[Key]:
        """All keys, or those of a namespace, in order."""
        if namespace is None:
            return list(self._order)
        start = bisect_left(self._order, (namespace, ""))
        return self._order[start : bisect_left(self._order, (f"{namespace}\0", ""))]

    def labelled(self, namespace: str | None, labels: Mapping[str, str]) -> Iterator[Stored]:
        """The objects that have all these labels, in order."""
        for key in self._candidates(namespace, labels):
            stored = self._objects[key]
            if labels.items() <= (stored.obj["metadata"].get("labels") or {}).items():
                yield stored

    def page(self, selection: Selection, limit: int, after: Key | None) -> Page:
        """Up to `limit` (0: all) selected objects whose key comes after `after`."""
        keys = self._candidates(selection.namespace, selection.exact)
        start = bisect_right(keys, after) if after is not None else 0
        taken: list[Stored] = []
        for index in range(start, len(keys)):
            stored = self._objects[keys[index]]
            if selection.picky and not selection.takes(facets_of(self.kind, stored.obj)):
                continue
            if limit and len(taken) == limit:
                return Page(taken, keys[index - 1], len(keys) - index)
            taken.append(stored)
        return Page(taken)

    def _candidates(self, namespace: str | None, labels: Mapping[str, str]) -> list[Key]:
        if not labels:
            return self.keys(namespace)
        fewest = min((self._labelled.get(pair, set()) for pair in labels.items()), key=len)
        if len(fewest) * 8 > len(self._order):
            return self.keys(namespace)
        return sorted(key for key in fewest if namespace is None or key[0] == namespace)

    def _relabel(self, key: Key, was: Mapping[str, str], now: Mapping[str, str]) -> None:
        for pair in was.items() - now.items():
            keys = self._labelled[pair]
            keys.discard(key)
            if not keys:
                del self._labelled[pair]
        for pair in now.items() - was.items():
            self._labelled.setdefault(pair, set()).add(key)


def _revision(record: Record) -> int:
    return record.revision
