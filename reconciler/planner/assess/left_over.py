"""What bears our marks and is nobody's: neither asked for nor written down as ours any more.

It comes of an inventory that was lost. Labels can be copied, so they prove nothing: nothing of it is deleted
without a person, who is told how.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from reconciler.domain.config import Config
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import FILE
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Inventory
from reconciler.domain.state import DesiredState, ObservedObject, ObservedState
from reconciler.planner.decide.inventory import NAMESPACE

_MOST = 20
_MOST_NAMED = 8


class LeftOver:
    """Looks for it when something has changed. What it keeps is a faster look."""

    def __init__(self) -> None:
        self._seen: tuple[object, object, Inventory] = (None, None, {})
        self._found: tuple[Finding, ...] = ()

    def found(
        self, desired: DesiredState, observed: ObservedState, inventory: Inventory, config: Config
    ) -> tuple[Finding, ...]:
        """One finding a workspace; none while a file could not be read, for nobody knows what that asks
        for."""
        objects, asked, held = self._seen
        if objects is not observed.objects or asked is not config or held != inventory:
            self._seen = (observed.objects, config, inventory)
            alone = () if config.unread else _alone(desired, observed, inventory)
            self._found = tuple(_told(_by_owner(alone)))
        return self._found


def _alone(desired: DesiredState, observed: ObservedState, inventory: Inventory) -> Iterator[ObservedObject]:
    """What we made, by its marks, that is in neither list. Of what is held nothing is nobody's."""
    wanted = {each.ref for each in desired.objects}
    wanted.update(each.ref for one in desired.workspaces.values() for each in one.objects)
    owned = {(each.ref, each.uid) for holding in inventory.values() for each in holding.owned}
    begun = {each.ref for holding in inventory.values() for each in holding.owned if not each.uid}
    for ref, live in observed.objects.items():
        is_known = ref in wanted or ref in begun or live.workspace in desired.held or (ref, live.uid) in owned
        if live.digest and not is_known and not live.deleting and ref.namespace != NAMESPACE:
            yield live


def _by_owner(alone: Iterable[ObservedObject]) -> Mapping[tuple[WorkspaceName | None, str], list[Ref]]:
    found: dict[tuple[WorkspaceName | None, str], list[Ref]] = defaultdict(list)
    for live in alone:
        found[live.workspace, live.ref.namespace].append(live.ref)
    return found


def _told(by_owner: Mapping[tuple[WorkspaceName | None, str], list[Ref]]) -> Iterator[Finding]:
    """In order of names; of many, how many more there are."""
    every = sorted(by_owner.items(), key=lambda pair: (str(pair[0][0] or ""), pair[0][1]))
    for (owner, namespace), refs in every[:_MOST]:
        whose = f" of workspace {owner}" if owner else ""
        named = _listed([str(ref) for ref in sorted(refs)])
        message = f"{named} {'is' if len(refs) == 1 else 'are'} left over{whose}: nothing in Git asks for it"
        yield Finding(FILE, 0, 0, "", message, _mend(sorted(refs), namespace), Severity.WARNING)
    if len(every) > _MOST:
        message = f"{len(every) - _MOST} more workspaces have left something over"
        yield Finding(FILE, 0, 0, "", message, "Remove what is told here first", Severity.WARNING)


def _mend(refs: list[Ref], namespace: str) -> str:
    where = f" -n {namespace}" if namespace else ""
    things = " ".join(f"{ref.kind.lower()}/{ref.name}" for ref in refs[:_MOST_NAMED])
    return (
        "Towline does not delete what it cannot prove to be its own; "
        f"to remove it: kubectl delete{where} {things}"
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
