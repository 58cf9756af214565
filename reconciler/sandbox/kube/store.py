"""The store: every object of the cluster, written by the API server's rules, read by key, label and page.

It does no I/O and knows no clock but the one it is given. One thread only.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from . import admission, defaults, merge, removal
from .admission import Write
from .beginnings import established
from .documents import Obj, copied
from .kinds import Kind
from .ledger import Event, Ledger
from .managers import Writer, found, record_update, settled
from .refusal import (
    Cause,
    Refusal,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_found,
    not_served,
)
from .removal import Deletion
from .shapes import Shape, shape_of
from .shelf import Key
from .stored import Stored, is_same, keep

__all__ = ["Deletion", "Event", "Refusal", "Store", "Write"]

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_GENERATED = 58
_DEFINITION = "apiextensions.k8s.io/CustomResourceDefinition"


class Store:
    """The cluster's objects. What it returns is shared and must not be changed by the caller."""

    def __init__(self, now: Callable[[], datetime], history: int = 10_000) -> None:
        self.ledger = Ledger(now, history)
        for name in ("default", "kube-system", "kube-public"):
            self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def objects(
        self, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """The objects of a kind (without managedFields), in key order; none where the kind is not served."""
        if (known := self.ledger.kinds.named(kind)) is None:
            return []
        return [each.obj for each in self.ledger.shelf(known).labelled(namespace, labels or {})]

    def find(self, kind: str, namespace: str | None, name: str) -> dict[str, Any] | None:
        """An object (without managedFields), None where there is none."""
        if (known := self.ledger.kinds.named(kind)) is None:
            return None
        found = self.ledger.shelf(known).at(key_of(known, namespace, name))
        return found.obj if found else None

    def create(self, obj: dict[str, Any], manager: str = "sandbox") -> dict[str, Any]:
        """Create an object in the namespace it names (else `default`); Refusal as the API would refuse."""
        kind = self.ledger.kinds.of_object(obj)
        if kind is None:
            raise not_served()
        namespace = obj.get("metadata", {}).get("namespace") or "default"
        return self.insert(kind, namespace, copied(obj), Write(manager)).obj

    def patch(
        self,
        kind: str,
        namespace: str | None,
        name: str,
        merge_patch: dict[str, Any],
        *,
        subresource: str = "",
        manager: str = "sandbox",
    ) -> dict[str, Any]:
        """JSON-merge-patch an object; a patch that changes nothing changes nothing. Refusal 404, 409, 422."""
        known = self._named(kind)
        write = Write(manager, subresource)

        def change(old: Stored) -> Obj:
            wanted: Obj = merge.merge_patch(old.obj, merge_patch)
            return wanted if subresource == "status" else copied(wanted)

        return self.update(known, key_of(known, namespace, name), change, write).obj

    def delete(self, kind: str, namespace: str | None, name: str, *, uid: str | None = None) -> None:
        """Delete an object, or mark it where finalizers hold it. Refusal 404, or 409 on another uid."""
        known = self._named(kind)
        removal.remove(self.ledger, known, key_of(known, namespace, name), Deletion(uid=uid))

    def subscribe(self, callback: Callable[[Event], None]) -> None:
        """Call back after each change, in order; a change made by a callback is told once the first is."""
        self.ledger.subscribe(callback)

    def dump(self) -> tuple[Iterator[bytes], int]:
        """Every object as JSON, and the revision they are of: what `restore` takes."""
        return self.ledger.bodies(), self.ledger.revision

    def restore(self, bodies: Iterable[bytes], revision: int) -> None:
        """Set the objects of a dump beside those there are; nobody is told, older watches are told 410."""
        self.ledger.load(bodies, revision)

    def insert(self, kind: Kind, namespace: str, obj: Obj, write: Write) -> Stored:
        """Create an object; `obj` is consumed."""
        metadata = obj.setdefault("metadata", {})
        key = key_of(kind, namespace, self._name(kind, namespace, metadata))
        if metadata.get("namespace", key[0]) not in {"", key[0]}:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        given = metadata.pop("managedFields", None) or []
        born = self._newborn(kind, key, obj, write)
        stated = {name: value for name, value in born.items() if name != "status"}
        managed = record_update(given, self._writer(kind, write), ({}, stated), shape(kind))
        return self._settle(kind, key, (born, managed), write)

    def update(self, kind: Kind, key: Key, change: Callable[[Stored], Obj], write: Write) -> Stored:
        """Replace an object by what `change` makes of it."""
        old = self.ledger.need(kind, key)
        wanted = change(old)
        given = wanted.get("metadata", {}).get("managedFields")
        was = old.managed
        owners = settled(was if given is None else [each for each in given if each], old.obj, shape(kind))
        new = admission.revised(kind, old.obj, wanted, write)
        if is_same(new, old.obj) and owners == was:
            return old
        if owners:
            owners = record_update(owners, self._writer(kind, write), (old.obj, new), shape(kind))
        return self._settle(kind, key, (new, owners), write)

    def apply(self, kind: Kind, key: Key, config: Obj, write: Write) -> tuple[Stored, bool]:
        """Server-side apply; `config` is consumed. The object, and whether it was created."""
        old = self.ledger.shelf(kind).at(key)
        revision = config.get("metadata", {}).get("resourceVersion")
        uid = config.get("metadata", {}).get("uid")
        stated = admission.applicable(kind, config, write)
        form, writer = shape(kind), self._writer(kind, write, "Apply")
        was = old.managed or found(old.obj, writer, form) if old else []
        live = merge.Live(old.obj, settled(was, old.obj, form)) if old else merge.Live({})
        merged = merge.apply(live, stated, form, writer, force=write.force)
        if old and merged is live and not revision and not uid:
            return old, False
        if old is None:
            if write.subresource:
                raise not_found(kind, key[1])
            if uid:
                why = (
                    f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                )
                raise conflict(kind, key[1], why)
            born = self._newborn(kind, key, merged.obj, write)
            return self._settle(kind, key, (born, list(merged.managed)), write), True
        merged.obj["metadata"] |= {"resourceVersion": revision, "uid": uid}
        new = admission.revised(kind, old.obj, merged.obj, write)
        if is_same(new, old.obj) and merged.managed is live.managed:
            return old, False
        return self._settle(kind, key, (new, list(merged.managed)), write), False

    def _newborn(self, kind: Kind, key: Key, obj: Obj, write: Write) -> Obj:
        self._require_namespace(kind, key)
        if taken := self.ledger.shelf(kind).at(key):
            raise already_exists(kind, key[1], leaving="deletionTimestamp" in taken.obj["metadata"])
        obj["metadata"]["name"] = key[1]
        if kind.namespaced:
            obj["metadata"]["namespace"] = key[0]
        return admission.newborn(kind, obj, (str(uuid4()), self.ledger.time), write)

    def _settle(self, kind: Kind, key: Key, draft: tuple[Obj, list[Obj]], write: Write) -> Stored:
        """Write an admitted object and see to what follows from it; a trial run only shows it."""
        obj, managed = draft
        old = self.ledger.shelf(kind).at(key)
        self._allocate(kind, key, obj, isnew=old is None)
        if write.dry_run:
            revision = {} if old is None else {"resourceVersion": old.revision}
            return keep({**obj, "metadata": {**obj["metadata"], **revision}}, managed)
        if "deletionTimestamp" in obj["metadata"]:
            last = self.ledger.put(kind, key, obj, managed)
            return removal.finish(self.ledger, kind, key, last)[0]
        new = self.ledger.put(kind, key, obj, managed)
        if self.ledger.owners.orphaned(obj):
            removal.remove(self.ledger, kind, key, Deletion())
        return new

    def _allocate(self, kind: Kind, key: Key, obj: Obj, *, isnew: bool) -> None:
        if kind.key == "/Service":
            if isnew and (causes := self.ledger.addresses.causes(obj)):
                raise invalid(kind, key[1], causes)
            self.ledger.addresses.fill_in(obj)
        elif kind.key == "batch/Job" and isnew:
            defaults.select_pods(obj)
        elif kind.key == _DEFINITION and not isnew:
            obj["status"] = {**established(obj, self.ledger.time), **obj.get("status", {})}
            obj["status"]["acceptedNames"] = obj["spec"]["names"]

    def _require_namespace(self, kind: Kind, key: Key) -> None:
        if not kind.namespaced:
            return
        spaces = self._named("Namespace")
        found = self.ledger.shelf(spaces).at(("", key[0]))
        if found is None:
            raise not_found(spaces, key[0])
        if "deletionTimestamp" in found.obj["metadata"]:
            said = f"namespace {key[0]} is being terminated"
            cause = Cause("metadata.namespace", "NamespaceTerminating", said)
            why = f"unable to create new content in namespace {key[0]} because it is being terminated"
            raise forbidden(kind, key[1], why, [cause])

    def _name(self, kind: Kind, namespace: str, metadata: Obj) -> str:
        stem = str(metadata.get("generateName") or "")[:_LONGEST_GENERATED]
        if metadata.get("name") or not stem:
            return str(metadata.get("name") or "")
        while True:
            name = stem + "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(5))
            if self.ledger.shelf(kind).at(key_of(kind, namespace, name)) is None:
                return name

    def _named(self, name: str) -> Kind:
        kind = self.ledger.kinds.named(name)
        if kind is None:
            raise not_served()
        return kind

    def _writer(self, kind: Kind, write: Write, operation: str = "Update") -> Writer:
        version = kind.api_version_of(write.version or kind.version)
        return Writer(write.manager, operation, write.subresource, version, self.ledger.time)


def key_of(kind: Kind, namespace: str | None, name: str) -> Key:
    """Where an object stands on its shelf; the objects of a cluster-wide kind stand in no namespace."""
    return (namespace or "default" if kind.namespaced else "", name)


def shape(kind: Kind) -> Shape:
    """How the objects of a kind merge."""
    return shape_of(kind.as_served(kind.version).schema if kind.custom else None)
