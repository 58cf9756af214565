"""What is ours, written down in the cluster: before a pass acts, whom it begins with; after, what came of it.

Whoever is killed between the two leaves names behind, by which the next pass finds what had been made.
"""

from __future__ import annotations

from collections.abc import Iterator

from .apply import Hands, apply_plan
from .domain.inventory import Inventory
from .domain.logbook import Logbook
from .domain.plan import Action, Outcome, Step
from .domain.state import ObservedObject, ObservedState
from .planner.decide.inventory import inventory_objects, is_inventory
from .planner.provision.logbook_object import is_logbook, logbook_object, read_logbook


def write_inventory(
    after: Inventory, before: Inventory, observed: ObservedState, hands: Hands
) -> tuple[Outcome, ...]:
    """Make the record in the cluster say `after` where it says `before`; what says so already is left."""
    if after == before:
        return ()
    return apply_plan(_steps(after, before, observed, hands.fleet), hands)


class Remembered:
    """The logbook as it was last read and as it is known to be since. What could not be written yet, or is
    not seen yet, is not forgotten meanwhile."""

    def __init__(self) -> None:
        self._read: tuple[ObservedObject, ...] = ()
        self._kept = Logbook()
        self.latest = Logbook()

    def of(self, observed: ObservedState, fleet: str) -> Logbook:
        """The logbook: the cluster's when that is another than the one read before, else the latest known."""
        found = tuple(each for ref, each in observed.objects.items() if is_logbook(ref, fleet))
        if found != self._read:
            self._read = found
            self._kept = self.latest = read_logbook(found)
        return self.latest

    def write(self, logbook: Logbook, observed: ObservedState, hands: Hands) -> tuple[Outcome, ...]:
        """Make the logbook in the cluster say this, where it does not."""
        self.latest = logbook
        if logbook == self._kept:
            return ()
        wanted = logbook_object(logbook, hands.fleet)
        step = Step(Action.UPDATE, wanted.ref, None, "there is more to remember", wanted)
        outcomes = apply_plan((step,), hands)
        if all(each.done for each in outcomes):
            self._kept = logbook
        return outcomes


def _steps(after: Inventory, before: Inventory, observed: ObservedState, fleet: str) -> Iterator[Step]:
    written = {each.ref: each.digest for each in inventory_objects(before, fleet)}
    wanted = {each.ref: each for each in inventory_objects(after, fleet)}
    for ref, each in wanted.items():
        if written.get(ref) != each.digest:
            yield Step(Action.UPDATE, ref, None, "what is ours has changed", each)
    for ref, live in observed.objects.items():
        if is_inventory(ref, fleet) and ref not in wanted:
            yield Step(Action.PRUNE, ref, None, "its entries moved", uid=live.uid)
