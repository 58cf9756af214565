"""What the house looks at in a cluster: the fleet's objects, their pods, all nodes, and one definition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from types import MappingProxyType

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import FLEET, ObservedObject
from reconciler.domain.tally import Tally

from .cache import Snapshot
from .kinds import KindInfo
from .listing import EachLook, Selection, Unseen
from .rate import Clock
from .seen import Trim, node_essentials, pod_essentials, whole
from .watch import KindWatch, Pace
from .wire import Patience, Query, Wire

Group = tuple[ObservedObject, ...]
Pods = Mapping[WorkspaceName, Group]

NAMESPACE = KindInfo("v1", "Namespace", "namespaces", namespaced=False)
NODE = KindInfo("v1", "Node", "nodes", namespaced=False)
POD = KindInfo("v1", "Pod", "pods")
CRD = KindInfo(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
_WORKSPACE_CRD = "workspaces.kaito.sh"
_VITAL = frozenset(
    (each.api_version, each.kind) for each in (NAMESPACE, NODE, POD, CRD, KindInfo("v1", "ConfigMap", ""))
)
"""Without these nothing can be judged: the inventory lies in ConfigMaps, and whose the definition of
Workspaces is says whether ours may be made."""
_NOTHING: Snapshot = MappingProxyType({})


def _nobody() -> None:
    """Nobody wants to be told."""


@dataclass(frozen=True, slots=True)
class Looking:
    """How the door looks: with `watch` it keeps watches open, and calls `on_change`, from their threads,
    when one brings something; without, every look lists anew and no thread is started. `clock` is the time by
    which requests wait."""

    watch: bool = True
    on_change: Callable[[], None] = _nobody
    patience: Patience = field(default_factory=Patience)
    pace: Pace = field(default_factory=Pace)
    clock: Clock = field(default_factory=Clock)


Look = KindWatch | EachLook
Part = Snapshot | Unseen
Merged = tuple[tuple[Part, ...], Snapshot]


class Looks:
    """Values compare with `is`: the same as before means that nothing changed."""

    def __init__(self, wire: Wire, fleet: str, kinds: Iterable[KindInfo], looking: Looking) -> None:
        self._wire = wire
        self._looking = looking
        ours = (("labelSelector", f"{FLEET}={fleet}"),)
        named = (("fieldSelector", f"metadata.name={_WORKSPACE_CRD}"),)
        kinds = tuple(kinds)
        self._kinds = {
            _key(kind): self._look(kind, () if kind == NAMESPACE else ours, whole)
            for kind in kinds
            if not kind.shared
        }
        self._pods = self._look(POD, ours, pod_essentials)
        self._nodes = self._look(NODE, (), node_essentials)
        self._standing = {
            _key(NAMESPACE): self._look(NAMESPACE, (), whole),
            _key(CRD): self._look(CRD, named, whole),
            **{_key(kind): self._look(kind, (), whole) for kind in kinds if kind.shared},
        }
        self._shared: Merged = ((), _NOTHING)
        self._merged: Merged = ((), _NOTHING)
        self._grouped: tuple[Snapshot | None, Pods] = (None, {})
        self._sorted: tuple[Snapshot | None, tuple[ObservedObject, ...]] = (None, ())

    @property
    def version(self) -> int:
        """Grows with every change seen."""
        return sum(each.cache.version for each in self._all())

    def of(self, kind: KindInfo) -> Look | None:
        """How that kind is looked at; None when it is none of the fleet's."""
        return self._kinds.get(_key(kind))

    def objects(self) -> Snapshot:
        """All objects that carry the fleet's label, but for those of kinds that cannot be seen."""
        self._merged = _merged([look.look() for look in self._kinds.values()], self._merged)
        return self._merged[1]

    def unseen(self) -> Mapping[tuple[str, str], str]:
        """Kinds of which the last look, at the fleet's objects or at what fleets share, could see nothing,
        each with the reason."""
        ours = zip(self._kinds, self._merged[0], strict=False)  # shorter before the first look
        standing = zip(self._standing, self._shared[0], strict=False)
        return {key: part.reason for key, part in (*ours, *standing) if isinstance(part, Unseen)}

    def pods(self) -> Pods:
        """The fleet's pods by workspace, in order of their names."""
        seen = _seen(self._pods.look())
        if seen is not self._grouped[0]:
            self._grouped = (seen, _by_workspace(seen.values(), self._grouped[1]))
        return self._grouped[1]

    def nodes(self) -> tuple[ObservedObject, ...]:
        """All nodes, in order of their names."""
        seen = _seen(self._nodes.look())
        if seen is not self._sorted[0]:
            self._sorted = (seen, tuple(sorted(seen.values(), key=_name)))
        return self._sorted[1]

    def shared(self) -> Snapshot:
        """What fleets share, whoever made it: the namespaces, the definition of Workspaces, shared kinds."""
        self._shared = _merged([look.look() for look in self._standing.values()], self._shared)
        return self._shared[1]

    def wake(self) -> None:
        """A kind may have come into being, or be seen by now."""
        for look in self._all():
            look.wake()

    def tallies(self) -> Iterator[Tally]:
        """How it goes with following, kind by kind."""
        for look in self._all():
            yield from look.tallies()

    def close(self) -> None:
        """Stop following."""
        for look in self._all():
            look.close()

    def _look(self, kind: KindInfo, query: Query, trim: Trim) -> Look:
        selection = Selection(kind, query, trim, vital=_key(kind) in _VITAL)
        if not self._looking.watch:
            return EachLook(self._wire, selection)
        told = self._looking.on_change if kind != CRD else self._on_definition
        return KindWatch(self._wire, selection, self._looking.pace, told)

    def _on_definition(self) -> None:
        """What the definition defines may be served by now."""
        self.wake()
        self._looking.on_change()

    def _all(self) -> tuple[Look, ...]:
        return (*self._kinds.values(), self._pods, self._nodes, *self._standing.values())


def _key(kind: KindInfo) -> tuple[str, str]:
    return kind.api_version, kind.kind


def _merged(
    parts: list[Part], before: tuple[tuple[Part, ...], Snapshot]
) -> tuple[tuple[Part, ...], Snapshot]:
    """These parts and all that was seen in them; the same value as before where they are the same."""
    if len(parts) == len(before[0]) and all(map(_is_same, parts, before[0])):
        return before
    return tuple(parts), MappingProxyType(reduce(or_, map(_seen, parts), {}))


def _is_same(part: Part, before: Part) -> bool:
    return part is before or (isinstance(part, Unseen) and part == before)


def _seen(part: Part) -> Snapshot:
    return _NOTHING if isinstance(part, Unseen) else part


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
