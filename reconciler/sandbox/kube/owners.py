"""Who is whose: which uids live, and which objects name them as owners."""

from __future__ import annotations

from .documents import Obj

Place = tuple[str, tuple[str, str]]


class Owners:
    """The ownerReferences of all objects, both ways. A place is a kind's key and an object's key."""

    def __init__(self) -> None:
        self._living: set[str] = set()
        self._dependents: dict[str, dict[Place, None]] = {}

    def enter(self, place: Place, old: Obj | None, new: Obj) -> None:
        """Note an object's uid and owners."""
        self._living.add(new["metadata"]["uid"])
        before, after = _owners_of(old), _owners_of(new)
        for uid in before - after:
            self._forget(uid, place)
        for uid in after - before:
            self._dependents.setdefault(uid, {})[place] = None

    def leave(self, place: Place, obj: Obj) -> None:
        """Forget an object."""
        self._living.discard(obj["metadata"]["uid"])
        for uid in _owners_of(obj):
            self._forget(uid, place)

    def dependents(self, uid: str) -> list[Place]:
        """Where the objects are that name this uid as an owner."""
        return list(self._dependents.get(uid, ()))

    def orphaned(self, obj: Obj) -> bool:
        """Whether an object names owners of which none lives."""
        owners = _owners_of(obj)
        return bool(owners) and not owners & self._living

    def _forget(self, uid: str, place: Place) -> None:
        places = self._dependents.get(uid, {})
        places.pop(place, None)
        if not places:
            self._dependents.pop(uid, None)


def _owners_of(obj: Obj | None) -> set[str]:
    references = obj["metadata"].get("ownerReferences") or () if obj else ()
    return {str(each.get("uid")) for each in references}
