"""Opening the doors of one fleet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, runtime_checkable

from reconciler.adapters.azure.no_cloud import NoCloud
from reconciler.adapters.git.proposals import GitProposals
from reconciler.adapters.git.source import GitSource
from reconciler.adapters.git.status import GitStatusBook
from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.kinds import KindInfo, known_kind
from reconciler.adapters.kube.looks import Looking
from reconciler.domain.fleet import Fleet
from reconciler.domain.right import Resource
from reconciler.domain.tally import Tally
from reconciler.look import Doors
from reconciler.ports import Cloud
from reconciler.settings import Settings

from .worlds import World

_KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "Job"),
)
_WORKSPACES = KindInfo("kaito.sh/v1beta1", "Workspace", "workspaces")
_KARPENTER = (
    KindInfo("karpenter.sh/v1", "NodePool", "nodepools", namespaced=False),
    KindInfo("karpenter.sh/v1", "NodeClaim", "nodeclaims", namespaced=False),
)
_NODE_CLASSES = KindInfo(
    "karpenter.azure.com/v1beta1", "AKSNodeClass", "aksnodeclasses", namespaced=False, shared=True
)
_MADE_BY: dict[str, tuple[KindInfo, ...]] = {
    "karpenter": (*_KARPENTER, _NODE_CLASSES),
    "gpu-provisioner": _KARPENTER,
}
"""Kinds of whoever makes the nodes, where that is not us."""

_CORE_VERSIONS = ("v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "policy/v1")


@runtime_checkable
class _Counting(Protocol):
    """A door that counts what goes through it."""

    def tallies(self) -> Iterable[Tally]:
        """Its figures now."""


class DoorsOf:
    """The doors of the fleet asked for; kept while it is the same fleet, opened anew when it is another."""

    def __init__(
        self, settings: Settings, world: World, source: GitSource, on_change: Callable[[], None] | None
    ) -> None:
        self._settings = settings
        self._world = world
        self._source = source
        self._on_change = on_change
        self._open: tuple[tuple[object, ...], Doors] | None = None
        self._closing = ExitStack()

    def __call__(self, fleet: Fleet) -> Doors:
        """The doors, kept open from the last call when they lead to the same place."""
        spec = fleet.spec
        place = (fleet.name, spec.cluster, spec.status_branch, spec.kinds, spec.node_provisioner)
        if self._open is not None and self._open[0] == place:
            return self._open[1]
        self.close()
        doors = Doors(self._cluster(fleet), self._cloud(fleet), self._book(fleet), self._proposals())
        self._open = (place, doors)
        return doors

    def tallies(self) -> tuple[Tally, ...]:
        """What the doors that are open now have counted."""
        if self._open is None:
            return ()
        doors = self._open[1]
        counting = (each for each in (doors.cluster, doors.cloud, doors.book) if isinstance(each, _Counting))
        return tuple(tally for each in counting for tally in each.tallies())

    def close(self) -> None:
        """Let go of every connection."""
        self._open = None
        self._closing.close()

    def _cluster(self, fleet: Fleet) -> KubeCluster:
        looking = Looking(watch=False)
        if self._on_change is not None:
            looking = Looking(watch=True, on_change=self._on_change)
        world = self._world
        cluster = KubeCluster(world.kubeconfig, world.context, fleet.name, tuple(_kinds(fleet)), looking)
        cluster.tell_the_time(world.clock.hear)
        self._closing.callback(cluster.close)
        return cluster

    def _cloud(self, fleet: Fleet) -> Cloud:
        if fleet.spec.node_provisioner != "agentPool":
            return NoCloud()
        from reconciler.adapters.azure.arm import Terms
        from reconciler.adapters.azure.cloud import ENDPOINT, AzureCloud
        from reconciler.adapters.azure.credentials import credential

        world = self._world
        login = credential(world.azure_login, os.environ)
        terms = Terms(pace=world.pace.speed)
        aks, endpoint = world.aks or fleet.spec.cluster, world.arm_endpoint or ENDPOINT
        cloud = AzureCloud(aks, login, endpoint, fleet.name, terms)
        self._closing.callback(cloud.close)
        return cloud

    def _book(self, fleet: Fleet) -> GitStatusBook:
        cache = repository_folder(self._settings) / "status"
        branch = fleet.spec.status_branch
        return GitStatusBook(self._source.remote, branch, cache, self._source.branch)

    def _proposals(self) -> GitProposals:
        cache = repository_folder(self._settings) / "proposals"
        return GitProposals(self._source.remote, self._source.branch, cache)


def karpenter_kinds(fleet: Fleet) -> tuple[tuple[str, str], ...]:
    """(apiVersion, kind) of what somebody else must have brought, for nodes to come."""
    return tuple((each.api_version, each.kind) for each in _MADE_BY.get(fleet.spec.node_provisioner, ()))


def resources_of(fleet: Fleet) -> tuple[Resource, ...]:
    """The kinds that are looked at for this fleet, as RBAC names them."""
    return tuple(
        Resource(each.api_version.rpartition("/")[0], each.plural, each.namespaced, each.shared)
        for each in _kinds(fleet)
    )


def _kinds(fleet: Fleet) -> list[KindInfo]:
    kinds = [kind for version, name in _KINDS if (kind := known_kind(version, name))]
    for name in fleet.spec.kinds:
        found = next((kind for version in _CORE_VERSIONS if (kind := known_kind(version, name))), None)
        if found is not None and found not in kinds:
            kinds.append(found)
    return [*kinds, _WORKSPACES, *_MADE_BY.get(fleet.spec.node_provisioner, ())]


def repository_folder(settings: Settings) -> Path:
    """Where our copies of this repository lie; two repositories never share one."""
    name = hashlib.sha256(settings.repo.encode()).hexdigest()[:16]
    return settings.state.absolute() / "repositories" / name
