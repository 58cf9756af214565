"""What steps stand on: a kind that is seen, a definition that is established, a namespace that stays.

Where one of these is missing nothing is known of what stands on it, or nothing can be had: its steps wait
with a sentence, and everything else goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.domain.identity import Ref
from reconciler.domain.state import CRD, DesiredObject, DesiredState, ObservedObject, ObservedState
from reconciler.domain.workspace import V1BETA1
from reconciler.planner.health.going import going
from reconciler.planner.health.verdict import condition, is_true, section, sentence

WORKSPACES = (V1BETA1, "Workspace")
_NAMESPACE = "Namespace"
_CRDS = ("apiextensions.k8s.io/v1", CRD)
_REMAINS = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
"""What a terminating namespace says of itself, failures first: core/v1 NamespaceConditionType."""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why nothing is done, in a sentence, and what is awaited, in a few words. One that is `passing` comes
    right by itself in a moment and is no news; one that is `blind` says that nothing is known."""

    sentence: str
    awaited: str
    passing: bool = False
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Footing:
    """Kinds, as (apiVersion, kind), that could not be seen; custom kinds, as (group, kind), whose definition
    cannot be used; namespaces that are going. Of everything else there is nothing to be said."""

    kinds: Mapping[tuple[str, str], Hindrance] = field(default_factory=dict)
    definitions: Mapping[tuple[str, str], Hindrance] = field(default_factory=dict)
    namespaces: Mapping[str, Hindrance] = field(default_factory=dict)

    @property
    def is_firm(self) -> bool:
        """Whether nothing hinders anything."""
        return not (self.kinds or self.definitions or self.namespaces)

    def under(self, ref: Ref) -> Hindrance | None:
        """What hinders every step of this object; None where nothing does."""
        return (
            self.kinds.get((ref.api_version, ref.kind))
            or self.definitions.get((ref.group, ref.kind))
            or (self.namespaces.get(ref.namespace) if ref.namespace else None)
        )

    def hides(self, ref: Ref) -> bool:
        """Whether nothing is known of this object: not that it is gone either."""
        return (ref.api_version, ref.kind) in self.kinds

    @property
    def problems(self) -> tuple[str, ...]:
        """What is worth telling of the fleet as a whole, each once."""
        every = (*self.kinds.values(), *self.definitions.values(), *self.namespaces.values())
        return tuple(dict.fromkeys(each.sentence for each in every if not each.passing))


FIRM = Footing()


def footing_of(observed: ObservedState, desired: DesiredState) -> Footing:
    """The footing of all that is asked for. Namespaces in which nothing is asked for are others' to tell."""
    kinds = {kind: _unseen(kind[1], why) for kind, why in sorted(observed.unseen.items())}
    definitions = dict(_definitions(observed, desired.objects))
    leaving = {
        ref.name: live for ref, live in observed.shared.items() if ref.kind == _NAMESPACE and live.deleting
    }
    ours = _namespaces_of(desired) if leaving else frozenset()
    namespaces = {name: _terminating(live) for name, live in leaving.items() if name in ours}
    return Footing(kinds, definitions, namespaces) if kinds or definitions or namespaces else FIRM


def _namespaces_of(desired: DesiredState) -> frozenset[str]:
    """All in which something is asked for, and all that are."""
    made = (each.ref.name for each in desired.objects if each.ref.kind == _NAMESPACE)
    beside = (each.ref.namespace for each in desired.objects)
    declared = (name.namespace for names in (desired.workspaces, desired.held) for name in names)
    return frozenset((*made, *beside, *declared))


def _unseen(kind: str, why: str) -> Hindrance:
    return Hindrance(why, f"every {kind} to be seen", blind=True)


def _definitions(
    observed: ObservedState, asked: Iterable[DesiredObject]
) -> Iterator[tuple[tuple[str, str], Hindrance]]:
    if why := observed.unseen.get(_CRDS):
        awaited = "the definition of Workspaces to be seen"
        yield (V1BETA1.partition("/")[0], "Workspace"), Hindrance(why, awaited, blind=True)
        return
    seen = {ref: live for ref, live in observed.shared.items() if ref.kind == CRD}
    for live in seen.values():
        document = live.document
        if found := _unready(live, document):
            yield _defined(document), found
    for each in asked:
        if each.ref.kind == CRD and each.ref not in seen:
            document = each.document
            kind = _defined(document)
            yield kind, _to_be_established(kind[1], "is made first")


def _defined(document: Mapping[str, Any]) -> tuple[str, str]:
    spec = section(document, "spec")
    return str(spec.get("group", "")), str(section(spec, "names").get("kind", ""))


def _unready(live: ObservedObject, document: Mapping[str, Any]) -> Hindrance | None:
    """A definition is used once it is established, and no more once it is going: all its objects go then."""
    kind = _defined(document)[1]
    awaited = f"the definition of {kind}s to be established"
    if live.deleting:
        return Hindrance(f"the definition of {kind}s is being deleted: {going(live)}", awaited)
    if is_true(document, "Established"):
        return None
    names = condition(document, "NamesAccepted")
    if names.get("status") == "False":
        why = sentence(names, "its names are taken")
        return Hindrance(f"the definition of {kind}s is not accepted: {why}", awaited)
    return _to_be_established(kind, "is not established yet")


def _to_be_established(kind: str, how: str) -> Hindrance:
    awaited = f"the definition of {kind}s to be established"
    return Hindrance(f"the definition of {kind}s {how}", awaited, passing=True)


def _terminating(live: ObservedObject) -> Hindrance:
    """A namespace takes nothing more from when it is to go; when it is gone, it is made again."""
    document = live.document
    left = (sentence(condition(document, each), "") for each in _REMAINS if is_true(document, each))
    why = "; ".join(each for each in left if each)
    told = f"{going(live)}{f' ({why})' if why else ''}; nothing is made in it before it is gone"
    return Hindrance(told, f"namespace {live.ref.name} to be gone")
