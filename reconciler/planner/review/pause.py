"""For how long a changed workspace does not answer, or its former and its new nodes both cost."""

from __future__ import annotations

from reconciler.domain.fleet import Fleet
from reconciler.domain.plan import Overlap
from reconciler.domain.review import Fate
from reconciler.domain.state import DesiredWorkspace
from reconciler.planner.decide.changes import USUAL_MINUTES

from .objects import Compared

_LOADING = "until the model is loaded there"


def overlap_of(before: DesiredWorkspace, after: DesiredWorkspace, fleet: Fleet) -> Overlap | None:
    """The time in which both agent pools stand, as the base's fleet has them replaced; None where the former
    goes first, or its nodes are not agent pools."""
    if not _creates_first(fleet) or before.pool is None or after.pool is None:
        return None
    limits = fleet.spec.provisioning.limits
    most = limits.create_minutes + limits.join_minutes + limits.gpu_minutes
    one, other = before.cost, after.cost
    known = one.dollars_per_hour is not None and other.dollars_per_hour is not None
    both = (one.dollars_per_hour or 0.0) + (other.dollars_per_hour or 0.0) if known else None
    return Overlap(USUAL_MINUTES / 60, most / 60, both, one.at_most or other.at_most)


def pause_of(other_nodes: bool, compared: tuple[Compared, ...], after: DesiredWorkspace, fleet: Fleet) -> str:
    """Why and for what time it does nothing for anybody; empty where it goes on."""
    anew = any(each.change.fate is Fate.REPLACED or each.restarts for each in compared)
    if after.tuning:
        return "the training begins again from its start" if other_nodes or anew else ""
    if other_nodes and after.pool is not None and not _creates_first(fleet):
        minutes = f"about {USUAL_MINUTES} minutes for a GPU pool, as recorded"
        return (
            f"it does not answer from when its nodes are given back until the new ones serve: {minutes}, and"
            " the loading of the model"
        )
    if other_nodes:
        return (
            f"it moves to other nodes: it does not answer from when its pods leave the former ones {_LOADING}"
        )
    return "its pods are made anew: it does not answer while the model is loaded" if anew else ""


def _creates_first(fleet: Fleet) -> bool:
    return fleet.spec.provisioning.replace_nodes == "create-first"
