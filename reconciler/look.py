"""Everything seen, once; what cannot be seen is said, and nothing is decided about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .domain.state import ObservedPool, ObservedState
from .faults import Fault
from .ports import Cloud, Cluster, StatusBook


@dataclass(frozen=True, slots=True)
class Doors:
    """The world of one fleet."""

    cluster: Cluster
    cloud: Cloud
    book: StatusBook


def look(doors: Doors) -> ObservedState:
    """See the cluster, then the cloud. A cluster that cannot be seen is a fault of the whole pass; a cloud
    that cannot be seen leaves the workloads to be looked after."""
    cluster = doors.cluster
    objects, pods, nodes = cluster.objects(), cluster.pods(), cluster.nodes()
    pools, blind = _pools(doors.cloud)
    return ObservedState(objects, pods, nodes, pools, blind, cluster.shared())


def _pools(cloud: Cloud) -> tuple[Mapping[str, ObservedPool] | None, tuple[str, ...]]:
    try:
        return cloud.pools(), ()
    except Fault as fault:
        return None, (f"agent pools cannot be seen: {fault}",)
