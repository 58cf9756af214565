"""The objects of one kind as last seen. Its snapshot stays the very same value while nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock
from types import MappingProxyType

from reconciler.domain.identity import Ref
from reconciler.domain.state import ObservedObject

Snapshot = MappingProxyType[Ref, ObservedObject]


class KindCache:
    """Safe for many threads. Lists, watches and our own writes may bring news in any order: resource
    versions, which are numbers that only grow, decide which is newer."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._objects: dict[Ref, ObservedObject] = {}
        self._written: set[Ref] = set()
        self._buried: set[str] = set()
        self._snapshot: Snapshot | None = None
        self.version = 0

    def snapshot(self) -> Snapshot:
        """All of them; compare with `is` to learn whether anything changed."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = MappingProxyType(dict(self._objects))
            return self._snapshot

    def __len__(self) -> int:
        """How many there are."""
        return len(self._objects)

    def find(self, ref: Ref) -> ObservedObject | None:
        """One of them."""
        with self._lock:
            return self._objects.get(ref)

    def expect_list(self) -> None:
        """A list is about to be asked for: what we write from now on may be newer than it."""
        with self._lock:
            self._written.clear()

    def replace(self, listed: Iterable[ObservedObject], resource_version: str) -> bool:
        """Take over a complete list as of `resource_version`; True when it brought anything new."""
        with self._lock:
            before = self._objects
            newer = {
                ref: before[ref]
                for ref in self._written & before.keys()
                if _is_newer(before[ref], resource_version)
            }
            still = (each for each in listed if not self._is_of_before(each))
            self._objects = {each.ref: _kept(before.get(each.ref), each) for each in still} | newer
            self._buried.clear()
            return self._note(self._has_other_values(before))

    def lacked_by(self, listed: Iterable[ObservedObject], resource_version: str) -> list[ObservedObject]:
        """What we know that a complete list as of `resource_version` lacks, in the order of lists: it must
        have been deleted since."""
        refs = {each.ref for each in listed}
        with self._lock:
            known = [each for ref, each in self._objects.items() if ref not in refs]
        lacked = (each for each in known if not _is_newer(each, resource_version))
        return sorted(lacked, key=lambda each: (each.ref.namespace, each.ref.name))

    def put(self, seen: ObservedObject) -> bool:
        """Take over one object; True unless we knew it."""
        with self._lock:
            before = self._objects.get(seen.ref)
            if self._is_of_before(seen) or (before and _is_older(seen, before)):
                return False
            self._buried.discard(seen.uid)
            kept = _kept(before, seen)
            self._objects[seen.ref] = kept
            return self._note(kept is not before)

    def write(self, answered: ObservedObject) -> bool:
        """Take over what the API answered to our own write, so that the next look sees it."""
        with self._lock:
            self._written.add(answered.ref)
        return self.put(answered)

    def drop(self, ref: Ref, uid: str) -> bool:
        """The watch says that this object is gone; True when we still had it."""
        with self._lock:
            self._buried.discard(uid)
            return self._remove(ref, uid)

    def bury(self, ref: Ref, uid: str) -> None:
        """We deleted this object: older news of it, still on their way, must not bring it back. Where the
        watch was quicker and says that it lingers, that is how it is."""
        with self._lock:
            known = self._objects.get(ref)
            if known is None or known.uid != uid or not known.deleting:
                self._buried.add(uid)
                self._remove(ref, uid)

    def _is_of_before(self, seen: ObservedObject) -> bool:
        """Whether this is news of before its deletion. One that is going is not: a finalizer holds it, though
        the answer to its deletion, of a Service before 1.23, does not say so."""
        return seen.uid in self._buried and not seen.deleting

    def _remove(self, ref: Ref, uid: str) -> bool:
        known = self._objects.get(ref)
        if known is None or known.uid != uid:
            return False
        del self._objects[ref]
        return self._note(changed=True)

    def _has_other_values(self, before: Mapping[Ref, ObservedObject]) -> bool:
        return len(before) != len(self._objects) or any(
            before.get(ref) is not each for ref, each in self._objects.items()
        )

    def _note(self, changed: bool) -> bool:
        if changed:
            self._snapshot = None
            self.version += 1
        return changed


def _kept(before: ObservedObject | None, seen: ObservedObject) -> ObservedObject:
    """The value we have, when the news is none: same object, and a body the same as far as we keep it."""
    same = before is not None and before.uid == seen.uid and before.body == seen.body
    return before if before is not None and same else seen


def _is_older(seen: ObservedObject, known: ObservedObject) -> bool:
    return _number(seen.resource_version) < _number(known.resource_version)


def _is_newer(seen: ObservedObject, resource_version: str) -> bool:
    return _number(seen.resource_version) > _number(resource_version)


def _number(resource_version: str) -> int:
    return int(resource_version) if resource_version.isdigit() else 0
