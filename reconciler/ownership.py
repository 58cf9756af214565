"""What is ours, written down in the cluster: before a pass acts, whom it begins with; after, what came of it.

Whoever is killed between the two leaves names behind, by which the next pass finds what had been made.
"""

from __future__ import annotations

from collections.abc import Iterator

from .apply import Hands, apply_plan
from .domain.inventory import Inventory
from .domain.plan import Action, Outcome, Step
from .domain.state import ObservedState
from .planner.decide.inventory import inventory_objects, is_inventory


def write_inventory(
    after: Inventory, before: Inventory, observed: ObservedState, hands: Hands
) -> tuple[Outcome, ...]:
    """Make the record in the cluster say `after` where it says `before`; what says so already is left."""
    if after == before:
        return ()
    return apply_plan(_steps(after, before, observed, hands.fleet), hands)


def _steps(after: Inventory, before: Inventory, observed: ObservedState, fleet: str) -> Iterator[Step]:
    written = {each.ref: each.digest for each in inventory_objects(before, fleet)}
    wanted = {each.ref: each for each in inventory_objects(after, fleet)}
    for ref, each in wanted.items():
        if written.get(ref) != each.digest:
            yield Step(Action.UPDATE, ref, None, "what is ours has changed", each)
    for ref, live in observed.objects.items():
        if is_inventory(ref, fleet) and ref not in wanted:
            yield Step(Action.PRUNE, ref, None, "its entries moved", uid=live.uid)
