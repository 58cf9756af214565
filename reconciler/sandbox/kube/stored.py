"""One object at rest: its value for those who decide, its JSON for those who send."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .documents import Obj, copied, encoded


@dataclass(frozen=True, slots=True)
class Stored:
    """`obj` is the object without managedFields and never changes; `body` is its whole JSON.

    managedFields stand in the body at [start:end]: half of an object's bytes, and seldom looked at.
    """

    obj: Obj
    body: bytes
    start: int
    end: int

    @property
    def managed(self) -> list[Obj]:
        """A fresh copy of its managedFields."""
        return json.loads(self.body[self.start : self.end]) if self.end else []

    @property
    def full(self) -> Obj:
        """A fresh copy of the whole object."""
        whole: Obj = json.loads(self.body)
        return whole

    @property
    def revision(self) -> str:
        """Its resourceVersion."""
        return str(self.obj["metadata"]["resourceVersion"])


def keep(obj: Obj, managed: list[Obj]) -> Stored:
    """Put an object to rest."""
    compact: Obj = copied(obj)
    rest = {name: value for name, value in compact.items() if name not in {"apiVersion", "kind", "metadata"}}
    owners = encoded(managed) if managed else b""
    head = b'{"apiVersion":%b,"kind":%b,"metadata":{' % (encoded(obj["apiVersion"]), encoded(obj["kind"]))
    lead = b'"managedFields":' if managed else b""
    metadata = encoded(compact["metadata"])[1:]
    tail = b"," + encoded(rest)[1:] if rest else b"}"
    start = len(head) + len(lead)
    body = b"".join((head, lead, owners, b"," if managed else b"", metadata, tail))
    return Stored(compact, body, start, start + len(owners) if managed else 0)


def is_same(new: Obj, old: Obj) -> bool:
    """Whether two objects differ in nothing but their resourceVersion."""
    now, was = new["metadata"], old["metadata"]
    if {**now, "resourceVersion": ""} != {**was, "resourceVersion": ""}:
        return False
    return {**new, "metadata": None} == {**old, "metadata": None}
