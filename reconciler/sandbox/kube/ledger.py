"""The ledger under the store: objects put and dropped, each change numbered, remembered and told."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .addresses import Addresses
from .documents import Obj
from .kinds import Kind, KindTable, kind_of_definition
from .owners import Owners
from .refusal import not_found
from .selectors import facets_of
from .shelf import Key, Record, Shelf
from .stored import Stored, keep

_FIRST_REVISION = 100
_DEFINITION = "apiextensions.k8s.io/CustomResourceDefinition"


@dataclass(frozen=True, slots=True)
class Event:
    """A change: ADDED, MODIFIED or DELETED, of an object of a kind."""

    type: str
    kind: str
    obj: dict[str, Any]


class Ledger:
    """Objects by kind and key. `history` is how many changes of a kind watches may look back on."""

    def __init__(self, now: Callable[[], datetime], history: int) -> None:
        self.kinds = KindTable()
        self.owners = Owners()
        self.addresses = Addresses()
        self.revision = _FIRST_REVISION
        self._now = now
        self._history = history
        self._shelves: dict[str, Shelf] = {}
        self._subscribers: list[Callable[[Event], None]] = []
        self._untold: deque[Event] = deque()
        self._telling = False

    @property
    def time(self) -> str:
        """Now, as metadata writes it."""
        return self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def now(self) -> datetime:
        """Now."""
        return self._now()

    def shelf(self, kind: Kind) -> Shelf:
        """Where the objects of a kind stand."""
        shelf = self._shelves.get(kind.key)
        if shelf is None:
            shelf = self._shelves[kind.key] = Shelf(kind, self._history)
        return shelf

    def need(self, kind: Kind, key: Key) -> Stored:
        """The object at a key; Refusal 404 where there is none."""
        found = self.shelf(kind).at(key)
        if found is None:
            raise not_found(kind, key[1])
        return found

    def put(self, kind: Kind, key: Key, obj: Obj, managed: list[Obj]) -> Stored:
        """Write an object at the next revision and tell of it."""
        shelf = self.shelf(kind)
        old = shelf.at(key)
        new = keep(self._numbered(obj), managed)
        shelf.put(key, new)
        self._note(kind, key, old, new)
        self._tell("MODIFIED" if old else "ADDED", kind, old, new)
        return new

    def drop(self, kind: Kind, key: Key) -> Stored:
        """Take an object away at the next revision and tell of it; the object as it was last."""
        shelf = self.shelf(kind)
        old = self.need(kind, key)
        last = keep(self._numbered(old.obj), old.managed)
        shelf.drop(key)
        self.owners.leave((kind.key, key), old.obj)
        if kind.key == "/Service":
            self.addresses.release(old.obj)
        if kind.key == _DEFINITION:
            self.kinds.remove(kind_of_definition(old.obj).key)
        self._tell("DELETED", kind, old, last)
        return last

    def subscribe(self, callback: Callable[[Event], None]) -> None:
        """Call back after each change."""
        self._subscribers.append(callback)

    def compact(self) -> None:
        """Forget all history: a watch from before now is told 410."""
        for kind in self.kinds:
            self.shelf(kind).history.forget(self.revision)

    def bodies(self) -> Iterator[bytes]:
        """The JSON of every object, definitions of kinds first."""
        for kind in sorted(self.kinds, key=lambda kind: kind.key != _DEFINITION):
            shelf = self.shelf(kind)
            yield from (self.need(kind, key).body for key in shelf.keys())  # noqa: SIM118 - keys() is in order

    def load(self, bodies: Iterable[bytes], revision: int) -> None:
        """Set the objects that `bodies` are, untold and unchanged, as of a revision."""
        for body in bodies:
            obj = json.loads(body)
            managed = obj["metadata"].pop("managedFields", [])
            kind = self.kinds.of_object(obj)
            if kind is None:
                continue
            key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            old, new = self.shelf(kind).at(key), keep(obj, managed)
            self.shelf(kind).put(key, new)
            self._note(kind, key, old, new)
        self.revision = max(self.revision, revision)
        self.compact()

    def _numbered(self, obj: Obj) -> Obj:
        self.revision += 1
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}

    def _note(self, kind: Kind, key: Key, old: Stored | None, new: Stored) -> None:
        self.owners.enter((kind.key, key), old.obj if old else None, new.obj)
        if kind.key == "/Service":
            if old:
                self.addresses.release(old.obj)
            self.addresses.take(new.obj)
        if kind.key == _DEFINITION:
            self.kinds.add(kind_of_definition(new.obj))

    def _tell(self, happened: str, kind: Kind, old: Stored | None, new: Stored) -> None:
        before = facets_of(kind, old.obj) if old else None
        after = None if happened == "DELETED" else facets_of(kind, new.obj)
        self.shelf(kind).history.add(Record(self.revision, happened, new.body, before, after))
        self._untold.append(Event(happened, kind.name, new.obj))
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                event = self._untold.popleft()
                for callback in self._subscribers:
                    callback(event)
        finally:
            self._telling = False
