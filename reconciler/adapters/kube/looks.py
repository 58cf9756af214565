"""What the house looks at in a cluster: the fleet's objects, their pods, all nodes, and one definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from types import MappingProxyType

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import FLEET, ObservedObject

from .cache import Snapshot
from .kinds import KindInfo
from .listing import EachLook, Selection
from .seen import node_essentials, pod_essentials, whole
from .watch import KindWatch, Pace
from .wire import Patience, Wire

Group = tuple[ObservedObject, ...]
Pods = Mapping[WorkspaceName, Group]

NAMESPACE = KindInfo("v1", "Namespace", "namespaces", namespaced=False)
NODE = KindInfo("v1", "Node", "nodes", namespaced=False)
POD = KindInfo("v1", "Pod", "pods")
CRD = KindInfo(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
_WORKSPACE_CRD = "workspaces.kaito.sh"


def _nobody() -> None:
    """Nobody wants to be told."""


@dataclass(frozen=True, slots=True)
class Looking:
    """How the door looks: with `watch` it keeps watches open, and calls `on_change`, from their threads,
    when one brings something; without, every look lists anew and no thread is started."""

    watch: bool = True
    on_change: Callable[[], None] = _nobody
    patience: Patience = field(default_factory=Patience)
    pace: Pace = field(default_factory=Pace)


class Looks:
    """Values compare with `is`: the same as before means that nothing changed."""

    def __init__(self, wire: Wire, fleet: str, kinds: Iterable[KindInfo], looking: Looking) -> None:
        self._wire = wire
        self._looking = looking
        ours = (("labelSelector", f"{FLEET}={fleet}"),)
        self._kinds = {
            (kind.api_version, kind.kind): self._look(
                Selection(kind, () if kind == NAMESPACE else ours, whole)
            )
            for kind in kinds
            if not kind.shared
        }
        self._pods = self._look(Selection(POD, ours, pod_essentials))
        self._nodes = self._look(Selection(NODE, (), node_essentials))
        named = (("fieldSelector", f"metadata.name={_WORKSPACE_CRD}"),)
        self._standing = (
            self._look(Selection(NAMESPACE, (), whole)),
            self._look(Selection(CRD, named, whole)),
            *(self._look(Selection(kind, (), whole)) for kind in kinds if kind.shared),
        )
        self._shared: tuple[tuple[Snapshot, ...], Snapshot] = ((), MappingProxyType({}))
        self._merged: tuple[tuple[Snapshot, ...], Snapshot] = ((), MappingProxyType({}))
        self._grouped: tuple[Snapshot | None, Pods] = (None, {})
        self._sorted: tuple[Snapshot | None, tuple[ObservedObject, ...]] = (None, ())

    @property
    def version(self) -> int:
        """Grows with every change seen."""
        return sum(each.cache.version for each in self._all())

    def of(self, kind: KindInfo) -> KindWatch | EachLook | None:
        """How that kind is looked at; None when it is none of the fleet's."""
        return self._kinds.get((kind.api_version, kind.kind))

    def objects(self) -> Snapshot:
        """All objects that carry the fleet's label."""
        parts = tuple(look.look() for look in self._kinds.values())
        if not _is_same(parts, self._merged[0]):
            self._merged = (parts, MappingProxyType(reduce(or_, parts, {})))
        return self._merged[1]

    def pods(self) -> Pods:
        """The fleet's pods by workspace, in order of their names."""
        seen = self._pods.look()
        if seen is not self._grouped[0]:
            self._grouped = (seen, _by_workspace(seen.values(), self._grouped[1]))
        return self._grouped[1]

    def nodes(self) -> tuple[ObservedObject, ...]:
        """All nodes, in order of their names."""
        seen = self._nodes.look()
        if seen is not self._sorted[0]:
            self._sorted = (seen, tuple(sorted(seen.values(), key=_name)))
        return self._sorted[1]

    def shared(self) -> Snapshot:
        """What fleets share, whoever made it: the namespaces, the definition of Workspaces, shared kinds."""
        parts = tuple(each.look() for each in self._standing)
        if not _is_same(parts, self._shared[0]):
            self._shared = (parts, MappingProxyType(reduce(or_, parts, {})))
        return self._shared[1]

    def wake(self) -> None:
        """A kind may have come into being."""
        for look in self._all():
            look.wake()

    def close(self) -> None:
        """Stop following."""
        for look in self._all():
            look.close()

    def _look(self, selection: Selection) -> KindWatch | EachLook:
        if self._looking.watch:
            return KindWatch(self._wire, selection, self._looking.pace, self._looking.on_change)
        return EachLook(self._wire, selection)

    def _all(self) -> tuple[KindWatch | EachLook, ...]:
        return (*self._kinds.values(), self._pods, self._nodes, *self._standing)


def _is_same(parts: tuple[Snapshot, ...], before: tuple[Snapshot, ...]) -> bool:
    return len(parts) == len(before) and all(one is other for one, other in zip(parts, before, strict=True))


def _by_workspace(pods: Iterable[ObservedObject], before: Pods) -> Pods:
    """Group pods; a workspace whose pods are as they were keeps its very tuple."""
    groups: dict[WorkspaceName, list[ObservedObject]] = {}
    for pod in pods:
        if pod.workspace is not None:
            groups.setdefault(pod.workspace, []).append(pod)
    ordered = ((name, tuple(sorted(group, key=_name))) for name, group in groups.items())
    return MappingProxyType({name: _kept(before.get(name), group) for name, group in ordered})


def _kept(before: Group | None, group: Group) -> Group:
    return before if before is not None and before == group else group


def _name(seen: ObservedObject) -> str:
    return seen.ref.name


def _labels(seen: ObservedObject) -> Mapping[str, str]:
    labels: Mapping[str, str] = seen.document["metadata"].get("labels") or {}
    return labels
