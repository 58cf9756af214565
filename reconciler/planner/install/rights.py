"""The rights that the doors use, no more: `install` grants this list and `check --pre` asks about it.

Lists and watches go over the whole cluster, for the fleet's objects are found by their label; everything that
changes something is allowed in the fleet's namespaces alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.domain.fleet import Fleet
from reconciler.domain.right import Deed, Resource, Right, Where
from reconciler.planner.decide.inventory import NAMESPACE
from reconciler.planner.desire.desire import KUBERNETES_OWN

LOOK = ("list", "watch")
WRITE = ("get", "create", "patch", "delete")
_KEEP = ("get", "create", "patch")
"""Server-side apply is a PATCH, which needs `create` as well where the object is not there yet."""

_NAMESPACES = Resource("", "namespaces", namespaced=False)
_CRDS = Resource("apiextensions.k8s.io", "customresourcedefinitions", namespaced=False)
_CRD = "workspaces.kaito.sh"
_MADE_BY = {"karpenter": "nodepools", "gpu-provisioner": "nodeclaims"}
"""What is asked for, by who makes nodes of it; the other kind is only looked at."""


def rights_of(fleet: Fleet, resources: Iterable[Resource]) -> tuple[Right, ...]:
    """What Towline needs for this fleet, whose objects are of these resources."""
    kinds = tuple(resources)
    namespaces = tuple(sorted({*fleet.spec.namespaces, NAMESPACE}.difference(KUBERNETES_OWN)))
    return (
        *_standing(namespaces),
        *(right for kind in kinds for right in _of_kind(kind, fleet.spec.node_provisioner)),
        Right(Resource("", "pods"), LOOK, Where.CLUSTER, "to see the workspaces' pods"),
        Right(Resource("", "nodes", namespaced=False), LOOK, Where.CLUSTER, "to see GPU nodes"),
        *_of_workspaces(),
        *_own(),
    )


def deeds_of(rights: Iterable[Right], fleet: Fleet) -> tuple[Deed, ...]:
    """Every single thing that these rights allow for this fleet."""
    return tuple(deed for right in rights for deed in _deeds(right, places(right.where, fleet)))


def places(where: Where, fleet: Fleet) -> tuple[str, ...]:
    """The namespaces that are meant; the empty one is all of them."""
    match where:
        case Where.CLUSTER:
            return ("",)
        case Where.FLEET:
            return tuple(sorted(set(fleet.spec.namespaces)))
        case Where.OWN:
            return (NAMESPACE,)


def _deeds(right: Right, namespaces: tuple[str, ...]) -> Iterator[Deed]:
    for namespace in namespaces:
        for verb in right.verbs:
            for name in right.names or ("",):
                yield Deed(verb, right, namespace, name)


def _standing(namespaces: tuple[str, ...]) -> Iterator[Right]:
    """What workspaces stand on. A namespace or a definition is never deleted."""
    yield Right(_NAMESPACES, LOOK, Where.CLUSTER, "to see the namespaces")
    yield Right(_NAMESPACES, _KEEP, Where.CLUSTER, "to make the fleet's namespaces", names=namespaces)
    why = "to see and to keep the definition of Workspaces"
    yield Right(_CRDS, (*LOOK, *_KEEP), Where.CLUSTER, why, names=(_CRD,))


def _of_kind(kind: Resource, provisioner: str) -> Iterator[Right]:
    """One kind of the fleet's objects."""
    yield Right(kind, LOOK, Where.CLUSTER, "to see the fleet's objects")
    if kind.namespaced:
        yield Right(kind, WRITE, Where.FLEET, "to keep the workspaces' objects")
    elif kind.shared:
        yield Right(kind, _KEEP, Where.CLUSTER, "to keep Karpenter's node classes")
    elif kind.plural == _MADE_BY.get(provisioner):
        yield Right(kind, WRITE, Where.CLUSTER, "to ask for nodes")


def _of_workspaces() -> Iterator[Right]:
    """Without these the status branch alone tells how a workspace is, and less of it."""
    told: tuple[tuple[Resource, str, tuple[str, ...], str], ...] = (
        (Resource("kaito.sh", "workspaces"), "status", ("patch",), "to show how a workspace is"),
        (Resource("", "pods"), "log", ("get",), "to hear a pod's last words"),
        (Resource("", "events"), "", _KEEP, "to tell what happened as Kubernetes Events"),
    )
    for resource, part, verbs, why in told:
        yield Right(resource, verbs, Where.FLEET, why, part=part, needed=False)


def _own() -> Iterator[Right]:
    yield Right(Resource("", "configmaps"), WRITE, Where.OWN, "to keep the fleet's record")
    leases = Resource("coordination.k8s.io", "leases")
    yield Right(leases, ("get", "create", "update"), Where.OWN, "to have one Towline act at a time")
