"""What is ours, written down in the cluster: before a pass acts, whom it begins with; after, what came of it.

Whoever is killed between the two leaves names behind, by which the next pass finds what had been made.
"""

from __future__ import annotations

from collections.abc import Iterator

from .apply import Hands, apply_plan
from .domain.identity import Ref
from .domain.inventory import Inventory
from .domain.logbook import Logbook
from .domain.plan import Action, Outcome, Step
from .domain.share import Share
from .domain.state import ObservedObject, ObservedState
from .planner.decide.inventory import NAMESPACE, bucket_of, inventory_objects, is_inventory, read_inventory
from .planner.provision.logbook_object import is_logbook, logbook_object, read_logbook

_CHANGED = "what is ours has changed"


def write_inventory(
    after: Inventory, before: Inventory, observed: ObservedState, hands: Hands
) -> tuple[Outcome, ...]:
    """Make the record in the cluster say `after` where it says `before`; what says so already is left. Where
    several write, each writes the ConfigMaps of its own share."""
    if after == before and not _is_undivided(observed, hands):
        return ()
    steps = _steps if hands.share.shards == 1 else _divided_steps
    return apply_plan(steps(after, before, observed, hands), hands)


def retire_undivided(known: Inventory, observed: ObservedState, hands: Hands) -> tuple[Outcome, ...]:
    """Take away the ConfigMap that held everything, once each of its entries stands in one of the 64 or is
    no more among all that is `known`. Whoever holds shard 0 does."""
    single = _undivided(hands.fleet)
    live = observed.objects.get(single)
    if live is None or hands.share.shards == 1 or not hands.share.leads:
        return ()
    others = (each for ref, each in observed.objects.items() if is_inventory(ref, hands.fleet))
    moved = read_inventory(each for each in others if each.ref != single)
    if any(name in known and name not in moved for name in read_inventory((live,))):
        return ()
    return apply_plan((Step(Action.PRUNE, single, None, "its entries moved", uid=live.uid),), hands)


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


def _steps(after: Inventory, before: Inventory, observed: ObservedState, hands: Hands) -> Iterator[Step]:
    fleet = hands.fleet
    written = {each.ref: each.digest for each in inventory_objects(before, fleet)}
    wanted = {each.ref: each for each in inventory_objects(after, fleet)}
    for ref, each in wanted.items():
        if written.get(ref) != each.digest:
            yield Step(Action.UPDATE, ref, None, _CHANGED, each)
    for ref, live in observed.objects.items():
        if is_inventory(ref, fleet) and ref not in wanted:
            yield Step(Action.PRUNE, ref, None, "its entries moved", uid=live.uid)


def _divided_steps(
    after: Inventory, before: Inventory, observed: ObservedState, hands: Hands
) -> Iterator[Step]:
    fleet, share = hands.fleet, hands.share
    was, is_now = (_part(inventory, share) for inventory in (before, after))
    written = {each.ref: each.digest for each in inventory_objects(was, fleet, divided=True)}
    wanted = {each.ref: each for each in inventory_objects(is_now, fleet, divided=True)}
    for ref, each in wanted.items():
        if written.get(ref) != each.digest or ref not in observed.objects:
            yield Step(Action.UPDATE, ref, None, _CHANGED, each)
    for ref, live in observed.objects.items():
        if is_inventory(ref, fleet) and ref not in wanted:
            number = bucket_of(ref, fleet)
            if number is not None and share.has_bucket(number):
                yield Step(Action.PRUNE, ref, None, "nothing of its workspaces is left", uid=live.uid)


def _part(inventory: Inventory, share: Share) -> Inventory:
    return {name: held for name, held in inventory.items() if share.has(name)}


def _is_undivided(observed: ObservedState, hands: Hands) -> bool:
    """Whether what several are to write by parts still stands in one place."""
    return hands.share.shards > 1 and _undivided(hands.fleet) in observed.objects


def _undivided(fleet: str) -> Ref:
    return Ref("v1", "ConfigMap", NAMESPACE, f"inventory-{fleet}")
