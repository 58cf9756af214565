"""Everything seen, once; what cannot be seen is said, and nothing is decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .domain.cloud import AksStanding, Market
from .domain.state import ObservedPool, ObservedState
from .faults import Fault
from .ports import Cloud, Cluster, Proposals, StatusBook


@dataclass(frozen=True, slots=True)
class Doors:
    """The world of one fleet. `proposals` is None where nothing can be offered for review."""

    cluster: Cluster
    cloud: Cloud
    book: StatusBook
    proposals: Proposals | None = None


def look(doors: Doors) -> ObservedState:
    """See the cluster, then the cloud. A cluster that cannot be seen is a fault of the whole pass; a cloud
    that cannot be seen leaves the workloads to be looked after."""
    cluster = doors.cluster
    objects, pods, nodes = cluster.objects(), cluster.pods(), cluster.nodes()
    aks, pools, blind = _azure(doors.cloud)
    shared, unseen = cluster.shared(), cluster.unseen()
    return ObservedState(objects, pods, nodes, pools, blind, shared, aks, unseen=unseen)


def look_at_cluster(cluster: Cluster) -> ObservedState:
    """See the cluster alone; of Azure nothing is known then."""
    objects, pods, nodes = cluster.objects(), cluster.pods(), cluster.nodes()
    return ObservedState(objects, pods, nodes, None, shared=cluster.shared(), unseen=cluster.unseen())


def look_at_market(cloud: Cloud) -> Market:
    """What may be had now. What Azure cannot say is said to be unknown, and holds nothing back."""
    offerings, usages, unknown = None, None, []
    try:
        offerings = cloud.offerings()
    except Fault as fault:
        unknown.append(f"whether the machine sizes are to be had here is not known: {fault}")
    try:
        usages = cloud.usages()
    except Fault as fault:
        unknown.append(f"whether the quota is enough is not known: {fault}")
    return Market(offerings, usages, tuple(unknown))


def _azure(cloud: Cloud) -> tuple[AksStanding | None, Mapping[str, ObservedPool] | None, tuple[str, ...]]:
    """The pools are looked at after the cluster: what is seen of a cluster that went to sleep in between is
    not taken for the whole."""
    try:
        return cloud.standing(), cloud.pools(), ()
    except Fault as fault:
        return None, None, (f"agent pools cannot be seen: {fault}",)
