"""A workspace on its way through the world, one value a stage."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from reconciler.domain.cloud import Option
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.inventory import Holding
from reconciler.domain.logbook import Attempt, Logbook
from reconciler.domain.plan import Plan
from reconciler.domain.provisioning import NodeChoice, Orphan
from reconciler.domain.report import Condition, Phase, Report, WorkspaceReport
from reconciler.domain.state import (
    Cost,
    DesiredState,
    DesiredWorkspace,
    ObservedObject,
    ObservedPool,
    ObservedState,
)
from reconciler.planner.assess.assess import Pass
from reconciler.planner.provision.choosing import Provisions
from tests.builders import (
    A100,
    NAME,
    config,
    desired_object,
    desired_pool,
    desired_workspace,
    observed_object,
    observed_pool,
    stateful_set,
)

NOW = "2026-11-01T10:00:00Z"
LATER = "2026-11-01T11:00:00Z"
NO_PLAN = Plan((), ())
PLAIN = Option(A100)
_versions = itertools.count(1)


def seen(document: dict[str, Any], **fields: Any) -> ObservedObject:
    """A document as seen, at a version of its own."""
    name = document["metadata"]["name"]
    return observed_object(
        document, uid=f"{document['kind']}-{name}", resource_version=str(next(_versions)), **fields
    )


def custom(state: str = "", conditions: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """The Workspace custom resource with what was last said of it."""
    return {
        "apiVersion": "kaito.sh/v1beta1",
        "kind": "Workspace",
        "metadata": {"name": "phi", "namespace": "default", "generation": 1},
        "status": {"state": state, "conditions": list(conditions)},
    }


def running_set(ready: int = 1, replicas: int = 1) -> dict[str, Any]:
    """The StatefulSet with this many Ready pods."""
    status = {"observedGeneration": 1, "replicas": replicas, "readyReplicas": ready}
    document = stateful_set(replicas=replicas)
    document["metadata"]["generation"] = 1
    return {**document, "status": {**status, "currentRevision": "a", "updateRevision": "a"}}


def job(status: dict[str, Any]) -> dict[str, Any]:
    """A tuning Job."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "phi", "namespace": "default"},
        "spec": {},
        "status": status,
    }


def gpu_node(name: str = "aks-wabc-0", gpus: str = "1", **labels: str) -> dict[str, Any]:
    """A Ready node of the pool `wabc`."""
    worn = {"kubernetes.azure.com/agentpool": "wabc", "apps": "phi", **labels}
    ready = {"type": "Ready", "status": "True"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": worn},
        "status": {"conditions": [ready], "allocatable": {"nvidia.com/gpu": gpus}},
    }


def pod(name: str = "phi-0", waiting: str = "", born: str = "", **state: Any) -> dict[str, Any]:
    """A scheduled pod whose only container waits for this reason, or runs and is not Ready yet."""
    now = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "creationTimestamp": born},
        "status": {
            "phase": "Pending",
            "conditions": [{"type": "PodScheduled", "status": "True"}],
            "containerStatuses": [{"name": "phi", "state": state or now}],
        },
    }


def asked(tuning: bool = False, **changes: Any) -> DesiredWorkspace:
    """The workspace with its pool, custom resource and workload."""
    workload = job({}) if tuning else stateful_set()
    bare = {key: value for key, value in custom().items() if key != "status"}
    workspace = desired_workspace(desired_object(bare), desired_object(workload), pool=desired_pool())
    return replace(workspace, tuning=tuning, **changes)


def world(
    *documents: dict[str, Any],
    pool: ObservedPool | None = None,
    nodes: tuple[dict[str, Any], ...] = (),
    pods: tuple[dict[str, Any], ...] = (),
    cloud: bool = True,
    blind: tuple[str, ...] = (),
) -> ObservedState:
    """All that is seen."""
    objects = {each.ref: each for each in (seen(document, workspace=NAME) for document in documents)}
    pools = {pool.name: pool} if pool else {}
    return ObservedState(
        objects,
        {NAME: tuple(seen(each) for each in pods)} if pods else {},
        tuple(seen(each) for each in nodes),
        pools if cloud else None,
        blind,
    )


def up(**more: Any) -> ObservedState:
    """Everything there and Ready."""
    return world(custom("Ready"), running_set(), pool=observed_pool(), nodes=(gpu_node(),), **more)


def desired(*workspaces: DesiredWorkspace, **held: Any) -> DesiredState:
    """All that is asked for."""
    return DesiredState({each.name: each for each in workspaces}, held.get("held", {}))


def context(*names: WorkspaceName, now: str = NOW, holding: Holding | None = None, **fleet: Any) -> Pass:
    """A pass over a commit that declares these workspaces."""
    inventory = {NAME: holding} if holding else {}
    return Pass(config(*names, **fleet), now, inventory)


def workspace_report(name: str = "phi", namespace: str = "default", **changes: Any) -> WorkspaceReport:
    """A workspace that serves."""
    ready = WorkspaceReport(
        name=WorkspaceName(namespace, name),
        phase=Phase.READY,
        message=f"Serving phi-4 on 1× {A100}",
        awaiting="",
        commit="c0ffee1",
        file=f"workspaces/{name}.yaml",
        model="phi-4",
        instance_type=A100,
        nodes_wanted=1,
        nodes_ready=("aks-wabc-0",),
        endpoint=f"http://{name}.{namespace}.svc.cluster.local",
        cost=Cost(3.67, "2026-06-18", "eastus"),
        conditions=(Condition("InferenceReady", "True", "WorkspaceInferenceStatusSuccess", "done", NOW),),
    )
    return replace(ready, **changes)


def fleet_report(*workspaces: WorkspaceReport, **changes: Any) -> Report:
    """A fleet of these."""
    report = Report("towline", "c0ffee1234567890", "Add phi", {each.name: each for each in workspaces})
    return replace(report, **changes)


def attempt(option: Option = PLAIN, **changes: Any) -> Attempt:
    """What was tried for the pool `wabc`: asked for once, at three minutes past three."""
    return replace(Attempt(NAME, option, "d1", begun="2026-11-01T15:03:20Z", tries=1), **changes)


def provisioned(
    choice: NodeChoice, tried: Attempt | None = None, *, orphans: tuple[Orphan, ...] = (), now: str = NOW
) -> Pass:
    """A pass that has the nodes of `phi` in this way; what was tried for the pool `wabc` is remembered."""
    provisions = Provisions(DesiredState({}, {}), {NAME: choice}, orphans)
    logbook = Logbook({"wabc": tried} if tried else {})
    return replace(context(NAME, now=now), provisions=provisions, logbook=logbook)
