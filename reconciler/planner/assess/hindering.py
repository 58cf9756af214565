"""What keeps anybody from seeing or changing things: where they stand, and what of them has not gone yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.domain.identity import Ref
from reconciler.domain.state import ObservedObject
from reconciler.planner.decide.footing import FIRM, Footing, Hindrance
from reconciler.planner.health.going import going


class Hindering:
    """One world. What was asked to go is found again only when the objects are another value."""

    def __init__(self) -> None:
        self._footing = FIRM
        self._objects: Mapping[Ref, ObservedObject] = {}
        self._going: Mapping[Ref, ObservedObject] = {}

    def turn_to(self, objects: Mapping[Ref, ObservedObject], footing: Footing) -> None:
        """Look at this world from now on."""
        self._footing = footing
        if objects is not self._objects:
            self._going = {ref: live for ref, live in objects.items() if live.deleting}
        self._objects = objects

    def going(self) -> Iterable[ObservedObject]:
        """Every object that was asked to go and is not gone."""
        return self._going.values()

    def of(self, refs: Iterable[Ref]) -> tuple[Hindrance, ...]:
        """What hinders these objects, each once."""
        if self._footing.is_firm and not self._going:
            return ()
        under = (self._footing.under(ref) or self._leaving(ref) for ref in refs)
        return tuple(dict.fromkeys(each for each in under if each is not None))

    def hidden(self, refs: Iterable[Ref]) -> frozenset[str]:
        """The kinds among these of which nothing is known."""
        if not self._footing.kinds:
            return frozenset()
        return frozenset(ref.kind for ref in refs if self._footing.hides(ref))

    def _leaving(self, ref: Ref) -> Hindrance | None:
        live = self._going.get(ref)
        return Hindrance(going(live), f"{ref} to be gone") if live is not None else None
