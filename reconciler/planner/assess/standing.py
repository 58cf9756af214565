"""How one workspace stands: its nodes and its workload judged, and the next thing waited for."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.report import Health
from reconciler.domain.telemetry import Benchmark
from reconciler.planner.health import DEGRADED, HEALTHY, job, pod, stateful_set
from reconciler.planner.health.verdict import born, degraded, progressing

from .asked import Asked
from .heard import loading
from .nodes import claims_health, nodes_health
from .sight import Sight

_UNSCHEDULABLE = "Unschedulable"
_LOADING = "ContainersNotReady"
_REFUSED = "PodsRefused"
UNSEEN = "Unseen"
"""The reason of what nobody can see now: nothing is concluded from it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict on what brings the nodes, on the nodes, and on the workload.

    `has_failed` is true of a Job that will not be tried again; `awaiting` is empty when nothing is awaited;
    `benchmark` is what the model measured of itself.
    """

    claims: Health
    nodes: Health
    workload: Health
    has_failed: bool
    nodes_ready: tuple[str, ...]
    awaiting: str
    benchmark: Benchmark | None = None

    @property
    def is_up(self) -> bool:
        """Whether nodes and workload are as they should be."""
        return self.nodes.state == HEALTHY and self.workload.state == HEALTHY

    @property
    def trouble(self) -> str:
        """What is broken, in a sentence; empty when nothing is. A pod waiting for its node is not broken."""
        if self.nodes.state == DEGRADED:
            return self.nodes.message
        waits = self.nodes.state != HEALTHY and self.workload.reason == _UNSCHEDULABLE
        return self.workload.message if self.workload.state == DEGRADED and not waits else ""


def stand(asked: Asked, sight: Sight) -> Standing:
    """Nodes are judged before the workload: it cannot run without them."""
    claims = claims_health(asked, sight)
    nodes, ready = nodes_health(asked, sight, claims)
    own = _workload(asked, sight)
    workload = _explained(asked, sight, own)
    has_failed = asked.tuning and own.state == DEGRADED and own.reason != _REFUSED
    done = has_failed or (own.state == HEALTHY and (asked.tuning or nodes.state == HEALTHY))
    awaiting = "" if done else _awaited(asked, nodes, workload, len(ready))
    return Standing(claims, nodes, workload, has_failed, ready, awaiting, sight.telemetry.benchmark)


def _awaited(asked: Asked, nodes: Health, workload: Health, ready: int) -> str:
    """What comes next if it comes right by itself; of what is broken, only what is missing."""
    if workload.reason == "Running":
        return "the tuning to finish"
    if nodes.state == DEGRADED:
        return f"its nodes to be Ready: {ready} of {asked.nodes}"
    if nodes.state != HEALTHY:
        return nodes.message
    if workload.state == DEGRADED:
        return "the tuning to start" if asked.tuning else "the model's pods to be Ready"
    return workload.message


def _workload(asked: Asked, sight: Sight) -> Health:
    kind = "Job" if asked.tuning else "StatefulSet"
    if kind in sight.hidden:
        return progressing(UNSEEN, f"its {kind} to be seen")
    if asked.rolling:
        return progressing("Rolling", "its pods to be replaced")
    if sight.workload is None:
        return progressing("Pending", f"the {kind} to be created")
    judge = job if sight.workload.ref.kind == "Job" else stateful_set
    health = judge(sight.workload.document)
    is_lacking = health.state != HEALTHY and health.reason != "Running"
    if sight.complaint and is_lacking and not asked.rolling:
        return degraded(_REFUSED, f"no pod of its {kind} can be made: {sight.complaint}")
    return health


def _explained(asked: Asked, sight: Sight, health: Health) -> Health:
    """While the workload is on its way: why its pods are not there yet; of a failed Job, what failed last."""
    if health.state == HEALTHY or health.reason in ("Running", UNSEEN):
        return health
    telling = _telling_pod(sight)
    if telling is None or telling.state == HEALTHY:
        return health
    if telling.state == DEGRADED:
        failed = degraded(health.reason, f"{health.message}; {telling.message}")
        return failed if health.state == DEGRADED else telling
    if health.state == DEGRADED:
        return health
    if coming := loading(asked, sight, telling):
        return coming
    what = "the tuning to start" if asked.tuning and telling.reason == _LOADING else telling.message
    return progressing(telling.reason, f"{what}: {health.message}")


def _telling_pod(sight: Sight) -> Health | None:
    """Of a StatefulSet the first broken pod, else the first unready one; of a Job its newest attempt. Pods
    that are going tell something only where there are no others."""
    staying = [each for each in sight.pods if not each.deleting]
    documents = [each.document for each in staying or sight.pods]
    if sight.workload and sight.workload.ref.kind == "Job":
        documents = sorted(documents, key=born)[-1:]
    return min(map(pod, documents), key=lambda health: (_rank(health), health.message), default=None)


def _rank(health: Health) -> int:
    return {DEGRADED: 0, HEALTHY: 2}.get(health.state, 1)
