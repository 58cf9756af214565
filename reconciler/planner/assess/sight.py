"""What is seen of one workspace: its objects, pods, nodes and pool, picked out of one ObservedState."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.inventory import Owned
from reconciler.domain.state import (
    WORKSPACE,
    WORKSPACE_NAMESPACE,
    DesiredWorkspace,
    ObservedObject,
    ObservedPool,
    ObservedState,
)
from reconciler.domain.telemetry import SILENCE, Telemetry
from reconciler.planner.decide.footing import FIRM, Footing, Hindrance
from reconciler.planner.provision.lateness import frozen

from .hindering import Hindering

_POOL_LABELS = ("kubernetes.azure.com/agentpool", "agentpool")
_WORKLOADS = frozenset({"StatefulSet", "Job"})
_CLAIMS = frozenset({"NodePool", "NodeClaim"})

Nodes = tuple[ObservedObject, ...]


@dataclass(frozen=True, slots=True)
class Sight:
    """One workspace as seen. `pools_seen` is False when Azure did not say which agent pools there are;
    `still` says why none of them is taken away now, where that is so. `telemetry` is what its container says
    of itself, `expecting` whether a benchmark or the end of a tuning is still to come of it. `hindrances` are
    what keeps anybody from seeing or changing what it asks for, `hidden` the kinds of which nothing is known;
    `rest` is what else of a workspace that is removed is still there, `complaint` why no pods of it are
    made."""

    custom: ObservedObject | None = None
    workload: ObservedObject | None = None
    claims: tuple[ObservedObject | None, ...] = ()
    pods: tuple[ObservedObject, ...] = ()
    nodes: Nodes = ()
    pool: ObservedPool | None = None
    pools_seen: bool = True
    still: str = ""
    telemetry: Telemetry = SILENCE
    expecting: bool = False
    hindrances: tuple[Hindrance, ...] = ()
    hidden: frozenset[str] = frozenset()
    rest: tuple[ObservedObject, ...] = ()
    complaint: str = ""

    @property
    def hindrance(self) -> Hindrance | None:
        """What is to be told first of what hinders it: not what comes right by itself in a moment."""
        lasting = (each for each in self.hindrances if not each.passing)
        return next(lasting, self.hindrances[0] if self.hindrances else None)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the workspace is there."""
        return not (self.custom or self.workload or self.pods or self.pool or any(self.claims))


class Lookout:
    """Finds a workspace's things. An index outlives a pass only while what it indexes is the same value."""

    def __init__(self) -> None:
        self._observed = ObservedState({}, {}, (), None)
        self._labels: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._by_pool: Mapping[str, Nodes] = {}
        self._by_workspace: Mapping[WorkspaceName, Nodes] = {}
        self._by_labels: dict[tuple[tuple[str, str], ...], Nodes] = {}
        self._objects: Mapping[WorkspaceName, tuple[ObservedObject, ...]] | None = None
        self.hindering = Hindering()

    def turn_to(self, observed: ObservedState, footing: Footing = FIRM) -> None:
        """Look at this world from now on."""
        self.hindering.turn_to(observed.objects, footing)
        if observed.nodes is not self._observed.nodes:
            self._index_nodes(observed.nodes)
        if observed.objects is not self._observed.objects:
            self._objects = None
        self._observed = observed

    def sight(
        self, desired: DesiredWorkspace, labels: Mapping[str, str], *, byo: bool, named: Collection[str] = ()
    ) -> Sight:
        """What is there of what this workspace asks for; its own nodes have these labels when `byo`, and
        bear one of these names where any are `named`."""
        seen = self._observed.objects
        custom = workload = None
        claims: tuple[ObservedObject | None, ...] = ()
        for each in desired.objects:
            kind = each.ref.kind
            if kind in _WORKLOADS:
                workload = seen.get(each.ref)
            elif kind == "Workspace":
                custom = seen.get(each.ref)
            elif kind in _CLAIMS:
                claims = (*claims, seen.get(each.ref))
        if claims:
            claims = (*claims, *self._made_claims(desired))
        pods = self._observed.pods.get(desired.name, ())
        nodes = self._own_nodes(labels, named) if byo else self._nodes(desired)
        heard = self._observed.telemetry.get(desired.name, SILENCE)
        expecting = desired.name in self._observed.expecting
        pool, seen_all = self._pool(desired), self._pools_seen
        hindrances = self.hindering.of(each.ref for each in desired.objects)
        hidden = self.hindering.hidden(each.ref for each in desired.objects)
        return Sight(
            custom,
            workload,
            claims,
            pods,
            nodes,
            pool,
            seen_all,
            "",
            heard,
            expecting,
            hindrances,
            hidden,
            complaint=self._observed.complaints.get(desired.name, ""),
        )

    def remains(self, name: WorkspaceName, fleet: str, owned: tuple[Owned, ...] = ()) -> Sight:
        """What is there of a workspace that nobody describes (any more): by its labels and tags, and what
        else is written down as its own."""
        custom = workload = None
        claims: tuple[ObservedObject | None, ...] = ()
        for each in self._objects_by_workspace().get(name, ()):
            if each.ref.kind in _WORKLOADS:
                workload = each
            elif each.ref.kind == "Workspace":
                custom = each
            elif each.ref.kind in _CLAIMS:
                claims = (*claims, each)
        pool = next((p for p in self.pools() if p.owner == name and p.fleet == fleet), None)
        nodes = self._by_pool.get(pool.name, ()) if pool else self._by_workspace.get(name, ())
        pods = self._observed.pods.get(name, ())
        heard = self._observed.telemetry.get(name, SILENCE)
        seen = (self._observed.objects.get(each.ref) for each in owned)
        rest = tuple(
            live for live, each in zip(seen, owned, strict=True) if live is not None and live.uid == each.uid
        )
        return Sight(
            custom,
            workload,
            claims,
            pods,
            nodes,
            pool,
            self._pools_seen,
            self._still,
            heard,
            hindrances=self.hindering.of(each.ref for each in owned),
            hidden=self.hindering.hidden(each.ref for each in owned),
            rest=rest,
        )

    def pools(self) -> tuple[ObservedPool, ...]:
        """Every agent pool seen."""
        return tuple((self._observed.pools or {}).values())

    @property
    def _pools_seen(self) -> bool:
        return self._observed.pools is not None

    @property
    def _still(self) -> str:
        aks = self._observed.aks
        return "" if aks is None or aks.may_change else frozen(aks)

    def _pool(self, desired: DesiredWorkspace) -> ObservedPool | None:
        pools = self._observed.pools
        return pools.get(desired.pool.name) if pools and desired.pool else None

    def _nodes(self, desired: DesiredWorkspace) -> Nodes:
        if desired.pool:
            return self._by_pool.get(desired.pool.name, ())
        return self._by_workspace.get(desired.name, ())

    def _made_claims(self, desired: DesiredWorkspace) -> Nodes:
        """The NodeClaims that Karpenter made for a NodePool of this workspace."""
        asked = {each.ref for each in desired.objects}
        seen = self._objects_by_workspace().get(desired.name, ())
        return tuple(each for each in seen if each.ref.kind == "NodeClaim" and each.ref not in asked)

    def _own_nodes(self, labels: Mapping[str, str], named: Collection[str]) -> Nodes:
        found = self._nodes_with(labels)
        return tuple(each for each in found if each.ref.name in named) if named else found

    def _nodes_with(self, labels: Mapping[str, str]) -> Nodes:
        key = tuple(sorted(labels.items()))
        if key not in self._by_labels:
            wanted = labels.items()
            self._by_labels[key] = tuple(
                node for node in self._observed.nodes if wanted <= self._labels[node.uid][1].items()
            )
        return self._by_labels[key]

    def _index_nodes(self, nodes: Nodes) -> None:
        known, self._labels = self._labels, {}
        by_pool: dict[str, list[ObservedObject]] = defaultdict(list)
        by_workspace: dict[WorkspaceName, list[ObservedObject]] = defaultdict(list)
        for each in nodes:
            version, labels = known.get(each.uid, ("", {}))
            if version != each.resource_version:
                labels = _labels(each)
            self._labels[each.uid] = (each.resource_version, labels)
            by_pool[next((labels[key] for key in _POOL_LABELS if key in labels), "")].append(each)
            if name := labels.get(WORKSPACE):
                by_workspace[WorkspaceName(labels.get(WORKSPACE_NAMESPACE, "default"), name)].append(each)
        self._by_pool = {name: tuple(found) for name, found in by_pool.items()}
        self._by_workspace = {name: tuple(found) for name, found in by_workspace.items()}
        self._by_labels = {}

    def _objects_by_workspace(self) -> Mapping[WorkspaceName, tuple[ObservedObject, ...]]:
        if self._objects is None:
            found: dict[WorkspaceName, list[ObservedObject]] = defaultdict(list)
            for each in self._observed.objects.values():
                if each.workspace is not None:
                    found[each.workspace].append(each)
            self._objects = {name: tuple(each) for name, each in found.items()}
        return self._objects


def _labels(node: ObservedObject) -> Mapping[str, str]:
    labels: Mapping[str, str] | None = node.document.get("metadata", {}).get("labels")
    return labels or {}
