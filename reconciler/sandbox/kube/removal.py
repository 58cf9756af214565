"""Deleting: preconditions, finalizers, what hangs on an owner, the emptying of namespaces and kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .documents import Obj
from .kinds import Kind, kind_of_definition
from .ledger import Ledger
from .refusal import conflict
from .shelf import Key
from .stored import Stored


@dataclass(frozen=True, slots=True)
class Deletion:
    """How to delete: only this uid, only this resourceVersion, dependents left alone, or only as a trial."""

    uid: str | None = None
    revision: str | None = None
    orphan: bool = False
    dry_run: bool = False


def remove(ledger: Ledger, kind: Kind, key: Key, deletion: Deletion) -> tuple[Stored, bool]:
    """Delete an object: as it is now, and whether it is gone rather than waiting for finalizers or contents.

    Raises Refusal 404, and 409 where a precondition does not hold.
    """
    found = ledger.need(kind, key)
    _require(kind, found, deletion)
    if deletion.dry_run:
        return found, not found.obj["metadata"].get("finalizers")
    if deletion.orphan:
        _release(ledger, found)
    if "deletionTimestamp" not in found.obj["metadata"] and _waits(ledger, kind, found.obj):
        found = ledger.put(kind, key, _terminating(kind, found.obj, ledger.time), found.managed)
    for inner, place in list(_contents(ledger, kind, found.obj)):
        if ledger.shelf(inner).at(place):
            remove(ledger, inner, place, Deletion())
    return finish(ledger, kind, key, found)


def finish(ledger: Ledger, kind: Kind, key: Key, last: Stored) -> tuple[Stored, bool]:
    """Drop an object that nothing holds any more, and sweep up after it; else leave it."""
    found = ledger.shelf(kind).at(key)
    if found is None:
        return last, True
    if _waits(ledger, kind, found.obj):
        return found, False
    gone = ledger.drop(kind, key)
    _collect(ledger, gone.obj["metadata"]["uid"])
    _close_around(ledger, kind, gone.obj)
    return gone, True


def _require(kind: Kind, found: Stored, deletion: Deletion) -> None:
    metadata = found.obj["metadata"]
    if deletion.uid is not None and deletion.uid != metadata["uid"]:
        why = (
            f"the UID in the precondition ({deletion.uid}) does not match the UID in record "
            f"({metadata['uid']}). The object might have been deleted and then recreated"
        )
        raise conflict(kind, metadata["name"], why)
    if deletion.revision is not None and deletion.revision != found.revision:
        why = (
            f"the ResourceVersion in the precondition ({deletion.revision}) does not match the "
            f"ResourceVersion in record ({found.revision}). The object might have been modified"
        )
        raise conflict(kind, metadata["name"], why)


def _waits(ledger: Ledger, kind: Kind, obj: Obj) -> bool:
    if obj["metadata"].get("finalizers"):
        return True
    return next(_contents(ledger, kind, obj), None) is not None


def _terminating(kind: Kind, obj: Obj, now: str) -> Obj:
    metadata = {**obj["metadata"], "deletionTimestamp": now, "deletionGracePeriodSeconds": 0}
    if kind.has_generation:
        metadata["generation"] = metadata.get("generation", 1) + 1
    if kind.key == "/Namespace":
        return {**obj, "metadata": metadata, "status": {**obj.get("status", {}), "phase": "Terminating"}}
    return {**obj, "metadata": metadata}


def _contents(ledger: Ledger, kind: Kind, obj: Obj) -> Iterator[tuple[Kind, Key]]:
    """What must go before the object can: a namespace's objects, a definition's custom resources."""
    if kind.key == "/Namespace":
        for inner in [inner for inner in ledger.kinds if inner.namespaced]:
            for key in ledger.shelf(inner).keys(obj["metadata"]["name"]):
                yield inner, key
    elif kind.key == "apiextensions.k8s.io/CustomResourceDefinition":
        served = kind_of_definition(obj)
        for key in ledger.shelf(served).keys():  # noqa: SIM118 - a shelf is not a dict
            yield served, key


def _release(ledger: Ledger, owner: Stored) -> None:
    uid = owner.obj["metadata"]["uid"]
    for kind, key in _dependents(ledger, uid):
        dependent = ledger.need(kind, key)
        references = dependent.obj["metadata"]["ownerReferences"]
        left = [each for each in references if each.get("uid") != uid]
        metadata = {**dependent.obj["metadata"], "ownerReferences": left}
        if not left:
            del metadata["ownerReferences"]
        ledger.put(kind, key, {**dependent.obj, "metadata": metadata}, dependent.managed)


def _collect(ledger: Ledger, uid: str) -> None:
    for kind, key in _dependents(ledger, uid):
        dependent = ledger.shelf(kind).at(key)
        if dependent and ledger.owners.orphaned(dependent.obj):
            remove(ledger, kind, key, Deletion())


def _dependents(ledger: Ledger, uid: str) -> Iterator[tuple[Kind, Key]]:
    for name, key in ledger.owners.dependents(uid):
        kind = ledger.kinds.named(name)
        if kind is not None:
            yield kind, key


def _close_around(ledger: Ledger, kind: Kind, gone: Obj) -> None:
    """Let go of the terminating namespace or definition that only the gone object still held."""
    around = [("Namespace", gone["metadata"].get("namespace")), ("CustomResourceDefinition", kind.resource)]
    for name, holder in around:
        container = ledger.kinds.named(name)
        key = ("", str(holder))
        found = ledger.shelf(container).at(key) if container and holder else None
        if container and found and "deletionTimestamp" in found.obj["metadata"]:
            finish(ledger, container, key, found)
