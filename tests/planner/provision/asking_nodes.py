"""Workspaces with several ways of having their nodes, and what is seen of them, in one line each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from reconciler.domain.cloud import (
    AksStanding,
    CapacityType,
    CloudError,
    Market,
    Offering,
    Option,
    Usage,
    quota_name,
)
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.logbook import Attempt, Logbook, Refusal
from reconciler.domain.moment import later
from reconciler.domain.provisioning import NodeChoice, Scope
from reconciler.domain.state import Cost, DesiredWorkspace, ObservedObject, ObservedPool, ObservedState
from reconciler.planner.provision.choosing import Provisions, provision
from reconciler.planner.provision.ground import Ground
from tests.builders import A100, NAME, NOW, config, desired_pool, desired_state, desired_workspace, ground

H100 = "Standard_NC40ads_H100_v5"
FAMILY = "StandardNCADSA100v4Family"
RUNNING = AksStanding("Running", "Succeeded")
SPOT = CapacityType.SPOT

QUOTA = CloudError(400, ("ErrCode_InsufficientVCPUQuota",), "Insufficient vcpu quota", "c-quota")
NO_CAPACITY = CloudError(200, ("AllocationFailed",), "Allocation failed.", "c-capacity")
DRIVER = CloudError(
    200, ("VMExtensionProvisioningError",), "vmssCSE exit status=84: the driver did not start", "c-driver"
)
INTERNAL = CloudError(200, ("ReconcileVMSSAgentPoolFailed",), "an internal error", "c-internal")
SMALL_CACHE = CloudError(400, ("VMCacheSizeTooSmall",), "the cache of the VM is too small", "c-cache")


def ago(minutes: float) -> str:
    """The moment so many minutes before now."""
    return later(NOW, -60 * minutes)


def way(pool: str = "wa", size: str = A100, **more: Any) -> DesiredWorkspace:
    """A workspace had in one way: `spot`, `zone`, `nodes`, `price`, `name`."""
    name, nodes = more.pop("name", NAME), more.pop("nodes", 1)
    terms = SPOT if more.pop("spot", False) else CapacityType.ON_DEMAND
    cost = Cost(more.pop("price", 3.67), "2026-06-18", "eastus", at_most=terms is SPOT)
    asked = replace(desired_pool(pool, size, nodes), workspace=name)
    workspace = desired_workspace(pool=asked, name=name)
    option = Option(size, terms, more.pop("zone", ""))
    return replace(workspace, option=option, instance_type=size, nodes=nodes, cost=cost, **more)


def ways(first: DesiredWorkspace, *others: DesiredWorkspace) -> DesiredWorkspace:
    """The first with the others as alternatives."""
    return replace(first, alternatives=others)


def seen(
    *pools: ObservedPool,
    nodes: Iterable[ObservedObject] = (),
    aks: AksStanding | None = RUNNING,
    **more: Any,
) -> ObservedState:
    """What is seen, of a cluster that runs."""
    by_name = {pool.name: pool for pool in pools}
    return ObservedState({}, {}, tuple(nodes), by_name, aks=aks, **more)


def tried(pool: str = "wa", **fields: Any) -> Attempt:
    """An attempt at the A100 way of the workspace as it is now."""
    return Attempt(NAME, fields.pop("option", Option(A100)), fields.pop("digest", "d1"), **fields)


def failed(error: CloudError, again: str = ago(1), **fields: Any) -> Attempt:
    """An attempt that Azure said no to ten minutes ago, by default rested."""
    told = {"begun": ago(20), "failed": ago(10), "tries": 1, "failures": 1, "again": again, "error": error}
    return tried(**{**told, **fields})


def book(*refusals: Refusal, **attempts: Attempt) -> Logbook:
    """A logbook with these attempts by the name of their pool."""
    return Logbook(attempts=attempts, refusals=refusals)


def refusal(size: str = A100, minutes: float = 60, **fields: Any) -> Refusal:
    """A size that Azure has none of, for so many minutes more."""
    terms, zone = fields.pop("terms", CapacityType.ON_DEMAND), fields.pop("zone", "")
    scope = Scope.ZONE if zone else Scope.SIZE
    place = f" in zone {zone}" if zone else ""
    until = later(NOW, minutes * 60)
    return Refusal(
        scope, size, terms, zone, until, "AllocationFailed", f"no capacity for {size}{place}", 3600.0
    )


def market(left: int = 1000, size: str = A100, **fields: Any) -> Market:
    """What may be had: so many vCPUs of every quota."""
    offering = Offering(size, FAMILY, 24, ("1", "2", "3"))
    usages = {
        name: Usage(title, 100, 100 + left)
        for name, title in (
            (quota_name(FAMILY), FAMILY), ("cores", "cores"), ("lowprioritycores", "lowPriorityCores")
        )
    }  # fmt: skip
    return replace(Market({size.lower(): offering}, usages), **fields)


def chosen(
    workspace: DesiredWorkspace, observed: ObservedState, logbook: Logbook | None = None, **fleet: Any
) -> NodeChoice:
    """What is chosen for one workspace."""
    return provisions((workspace,), observed, logbook, **fleet).choices[workspace.name]


def provisions(
    workspaces: Iterable[DesiredWorkspace],
    observed: ObservedState,
    logbook: Logbook | None = None,
    **fleet: Any,
) -> Provisions:
    """What is chosen for all of them, none of which the fleet has yet."""
    asked = desired_state(*workspaces)
    return provision(asked, observed, logbook or Logbook(), ground_of(*asked.workspaces, **fleet))


def ground_of(*names: WorkspaceName, **fleet: Any) -> Ground:
    """The ground where these are declared; `standing` are those the fleet has."""
    standing = fleet.pop("standing", ())
    return ground(config(*names, **fleet), *standing)
