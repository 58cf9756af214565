"""A value in one line."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from reconciler.domain.config import Config, Declared
from reconciler.domain.fleet import Fleet
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.provisioning import Move, NodeChoice
from reconciler.domain.state import (
    Cost,
    DesiredObject,
    DesiredPool,
    DesiredState,
    DesiredWorkspace,
    ObservedObject,
    ObservedPool,
    ObservedState,
    packed,
)
from reconciler.domain.workspace import Workspace
from reconciler.planner.desire.lore import Lore
from reconciler.planner.provision.choosing import Provisions
from reconciler.planner.provision.ground import Ground
from reconciler.wiring.lore import load_catalog, load_templates

NAME = WorkspaceName("default", "phi")
A100 = "Standard_NC24ads_A100_v4"


def manifest(name: str = "phi", **changes: Any) -> dict[str, Any]:
    """A small valid inference workspace as it is written."""
    return {
        "apiVersion": "kaito.sh/v1beta1",
        "kind": "Workspace",
        "metadata": {"name": name},
        "resource": {"instanceType": A100, "labelSelector": {"matchLabels": {"apps": name}}},
        "inference": {"preset": {"name": "phi-4-mini-instruct"}},
        **changes,
    }


def declared(name: WorkspaceName = NAME, digest: str = "d1") -> Declared:
    """That workspace as committed."""
    return Declared(
        name, Workspace.model_validate(manifest(name.name)), f"workspaces/{name.name}.yaml", 1, digest
    )


def config(*names: WorkspaceName, unread: tuple[str, ...] = (), **fleet: Any) -> Config:
    """A revision that declares these workspaces."""
    spec = Fleet.model_validate({"spec": fleet}, strict=False)
    return Config("c0ffee1", spec, {name: declared(name) for name in names}, unread=unread)


NOW = "2026-11-22T12:00:00Z"


def ground(cfg: Config | None = None, *standing: WorkspaceName, now: str = NOW) -> Ground:
    """What provisioning stands on, with the machine sizes we ship."""
    return Ground(
        cfg or config(NAME), frozenset(standing), Lore(load_catalog(), load_templates()).machine, now
    )


def provisions(desired: DesiredState, **choices: NodeChoice) -> Provisions:
    """Every agent pool to be as asked for, but for the workspaces of these names."""
    chosen = {
        name: choices.get(name.name, NodeChoice(each.option, Move.GO))
        for name, each in desired.workspaces.items()
        if each.pool
    }
    return Provisions(desired, chosen)


def canonical(document: dict[str, Any]) -> bytes:
    """The bytes a document is compared by."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def stateful_set(name: str = "phi", image: str = "i1", **spec: Any) -> dict[str, Any]:
    """A StatefulSet as rendered."""
    template = {"spec": {"containers": [{"name": name, "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": 1, "serviceName": f"{name}-headless", "template": template, **spec},
    }


def desired_object(document: dict[str, Any], workspace: WorkspaceName | None = NAME) -> DesiredObject:
    """A document as something asked for."""
    body = canonical(document)
    return DesiredObject(ref_of(document), workspace, packed(body), hashlib.sha256(body).hexdigest())


def observed_object(document: dict[str, Any], digest: str | None = None, **fields: Any) -> ObservedObject:
    """A document as seen; by default with the digest of exactly that document."""
    body = canonical(document)
    return ObservedObject(
        ref_of(document),
        fields.pop("uid", "uid-1"),
        1,
        fields.pop("resource_version", "1"),
        packed(body),
        hashlib.sha256(body).hexdigest() if digest is None else digest,
        **fields,
    )


def ref_of(document: dict[str, Any]) -> Ref:
    """How a document is found."""
    metadata = document["metadata"]
    return Ref(document["apiVersion"], document["kind"], metadata.get("namespace", ""), metadata["name"])


def desired_pool(name: str = "wabc", size: str = A100, count: int = 1) -> DesiredPool:
    """An agent pool as asked for."""
    body = canonical({"properties": {"vmSize": size, "count": count, "osType": "Linux"}})
    return DesiredPool(name, NAME, size, count, body, hashlib.sha256(body).hexdigest())


def observed_pool(
    name: str = "wabc", size: str = A100, state: str = "Succeeded", **fields: Any
) -> ObservedPool:
    """An agent pool as Azure shows it."""
    count = fields.pop("count", 1)
    properties = {
        "vmSize": size,
        "count": count,
        "osType": "Linux",
        "maxPods": 30,
        "provisioningState": state,
    }
    return ObservedPool(name, size, count, state, properties, **{"owner": NAME, "fleet": "towline", **fields})


def observed_node(pool: str, gpus: int = 1, *, ready: bool = True) -> ObservedObject:
    """A node of that agent pool."""
    status = {
        "allocatable": {"nvidia.com/gpu": str(gpus)},
        "capacity": {"nvidia.com/gpu": str(gpus)},
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
    }
    labels = {"kubernetes.azure.com/agentpool": pool, "agentpool": pool}
    metadata = {"name": f"aks-{pool}-vmss000000", "labels": labels}
    return observed_object({"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": status})


def desired_workspace(
    *objects: DesiredObject, pool: DesiredPool | None = None, digest: str = "d1", name: WorkspaceName = NAME
) -> DesiredWorkspace:
    """A resolved workspace."""
    return DesiredWorkspace(
        name, f"workspaces/{name.name}.yaml", digest, "microsoft/phi-4-mini-instruct", False, A100, 1, 1,
        Cost(3.67, "2026-06-18", "eastus"), tuple(objects), pool,
    )  # fmt: skip


def desired_state(*workspaces: DesiredWorkspace, objects: tuple[DesiredObject, ...] = ()) -> DesiredState:
    """All that is asked for."""
    return DesiredState({each.name: each for each in workspaces}, {}, objects)


def observed_state(
    *objects: ObservedObject, pools: tuple[ObservedPool, ...] = (), cloud: bool = True
) -> ObservedState:
    """All that is seen."""
    seen = {pool.name: pool for pool in pools} if cloud else None
    return ObservedState({each.ref: each for each in objects}, {}, (), seen)
