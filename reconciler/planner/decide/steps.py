"""The steps of one object: to be made, changed, made anew or taken away; or to wait, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Owned
from reconciler.domain.plan import Action, Step
from reconciler.domain.state import DesiredObject, ObservedObject, ObservedState, is_ours
from reconciler.planner.health.going import going

from .drift import drift
from .footing import Footing
from .immutable import immutable_among
from .order import CLUSTER_WIDE


def object_steps(
    desired: DesiredObject, live: ObservedObject | None, holding: Holding | None, footing: Footing
) -> Iterator[Step]:
    """What must be done about an object that is asked for. What cannot be seen or had now, waits."""
    if hindrance := footing.under(desired.ref):
        yield Step(Action.HOLD, desired.ref, desired.workspace, hindrance.sentence, desired)
    elif live is None:
        uid = _known_uid(desired.ref, holding)
        yield Step(Action.CREATE, desired.ref, desired.workspace, "it is not there", desired, uid=uid)
    elif desired.ref.kind in CLUSTER_WIDE and not is_ours(live):
        return
    elif live.deleting:
        yield Step(Action.HOLD, desired.ref, desired.workspace, going(live), desired)
    else:
        yield from _changed(desired, live, holding)


def prune_step(
    owned: Owned, name: WorkspaceName, because: str, observed: ObservedState, footing: Footing
) -> Step | None:
    """A prune of exactly the object the inventory names; an object of another UID is somebody else's. What is
    going already is not deleted again, and what cannot be seen is not deleted at all."""
    if hindrance := footing.under(owned.ref):
        return Step(Action.HOLD, owned.ref, name, hindrance.sentence)
    live = observed.objects.get(owned.ref)
    if live is None or live.uid != owned.uid or live.deleting:
        return None
    return Step(Action.PRUNE, owned.ref, name, because, uid=owned.uid)


def held_back(step: Step, because: str) -> Step:
    """The same step, waiting. No approval is asked for it: it goes on by itself."""
    return replace(step, action=Action.HOLD, because=because, uid="")


def _known_uid(ref: Ref, holding: Holding | None) -> str:
    """The UID that this object had when it was ours, empty where it never was: by it is known again what has
    lost our labels."""
    owned = holding.owned if holding else ()
    return next((each.uid for each in owned if each.ref == ref), "")


def _changed(desired: DesiredObject, live: ObservedObject, holding: Holding | None) -> Iterator[Step]:
    """What cannot be changed in place is made anew, unless it is the very object that we made for this very
    wish: nobody can have changed it since."""
    fields = drift(desired.document, live.document)
    if live.digest == desired.digest and not fields:
        return
    fixed = immutable_among(desired.ref.kind, fields)
    if fixed and _is_finished(live):
        yield from _rerun(desired, live, holding, fixed)
    elif fixed and live.digest == desired.digest and live.uid == _known_uid(desired.ref, holding):
        because = f"{fixed[0]} was changed on its way in when it was made, and would be again"
        yield Step(Action.KEEP, desired.ref, desired.workspace, because, desired, fixed, live.uid)
    elif fixed:
        because = f"{fixed[0]} cannot be changed in place"
        yield Step(Action.REPLACE, desired.ref, desired.workspace, because, desired, fields, live.uid)
    else:
        yield Step(Action.UPDATE, desired.ref, desired.workspace, _why(fields), desired, fields, live.uid)


def _why(fields: tuple[str, ...]) -> str:
    if not fields:
        return "fields of ours were given up"
    more = f" and {len(fields) - 1} more" if len(fields) > 1 else ""
    return f"{fields[0]} differs{more}"


def _is_finished(live: ObservedObject) -> bool:
    if live.ref.kind != "Job":
        return False
    conditions = live.document.get("status", {}).get("conditions") or ()
    return any(each.get("type") == "Complete" and each.get("status") == "True" for each in conditions)


def _rerun(
    desired: DesiredObject, live: ObservedObject, holding: Holding | None, fixed: tuple[str, ...]
) -> Iterator[Step]:
    """A finished tuning runs again only when the person changed it, never because our templates did."""
    template = live.document["metadata"].get("annotations", {}).get("towline.dev/declared", "")
    declared = desired.document["metadata"].get("annotations", {}).get("towline.dev/declared", "")
    if holding is not None and template and template != declared:
        because = f"the finished tuning was changed: {fixed[0]}"
        yield Step(Action.REPLACE, desired.ref, desired.workspace, because, desired, fixed, live.uid)
