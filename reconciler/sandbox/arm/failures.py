"""How an operation on a pool fails after it was taken: the errors that AKS brings back from Compute."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.trouble import Troubles

from .errors import ArmError, wrapped
from .place import Place
from .pool import Pool
from .quota import Quota, too_late

_QUOTAS = ("quota-late", "regional-quota-late", "spot-quota")
_GUIDANCE = "Read more about improving likelihood of allocation success at http://aka.ms/allocation-guidance"


@dataclass(frozen=True, slots=True)
class Failure:
    """How an operation ends instead of well: `state` is its status and the pool's."""

    error: ArmError
    state: str = "Failed"


@dataclass(frozen=True, slots=True)
class Blocker:
    """A pod that may not be evicted from a node, and the disruption budget that forbids it."""

    node: str
    pod: str
    budget: str


class Failures:
    """Says how operations fail: for a quota that does not suffice, and where a trouble was asked for."""

    def __init__(self, place: Place, quota: Quota, clock: Clock, troubles: Troubles) -> None:
        self._place, self._quota, self._clock, self._troubles = place, quota, clock, troubles

    def of_making(self, pool: Pool, pools: Iterable[Pool]) -> Failure | None:
        """Say how creating, scaling or updating a pool fails; None where it does not."""
        if pool.grows and (failure := self._of_growing(pool, pools)):
            return failure
        if self._troubles.strikes("pool-failed", *pool.names):
            return Failure(self._internal())
        if self._troubles.strikes("overridden", *pool.names):
            said = f"The operation was overriden and canceled by a later operation {uuid.uuid4()}."
            return Failure(ArmError("Canceled", said), "Canceled")
        return None

    def of_draining(self, pool: Pool, blockers: Sequence[Blocker]) -> Failure:
        """Say that pods did not leave in time; where none is known, it is a pod of AKS's own."""
        node = self._place.node_name(pool.name, pool.machines[0] if pool.machines else 0)
        all_of_them = tuple(blockers) or (
            Blocker(node, "kube-system/konnectivity-agent", "konnectivity-agent"),
        )
        first = all_of_them[0]
        pods = " ".join(one.pod for one in all_of_them if one.node == first.node)
        told = f"Drain did not complete pods [{pods}] within 10m0s"
        why = "; ".join(f"{one.pod} blocked by pdb {one.budget} with 0 unready pods" for one in all_of_them)
        said = f"Node '{first.node}' failed to be drained with error: '{told}'. PDB debug info: {why}."
        return Failure(
            ArmError(
                "DeleteVMSSAgentPoolFailed",
                f"VMSSAgentPoolReconciler retry failed: {said}",
                details=(ArmError("PodDrainFailure", said),),
            )
        )

    def _of_growing(self, pool: Pool, pools: Iterable[Pool]) -> Failure | None:
        location = self._place.location
        if pool.is_spot and (short := self._quota.spot_shortfall(pools, pool)):
            return Failure(too_late(short, location))
        for word in _QUOTAS:
            if (pool.is_spot or word != "spot-quota") and self._troubles.strikes(word, *pool.names):
                return Failure(too_late(self._quota.without(pool, word), location))
        for word, error in _ERRORS.items():
            if (pool.zones or word != "zone-full") and self._troubles.strikes(word, *pool.names):
                return Failure(error(pool, self._place))
        return None

    def _internal(self) -> ArmError:
        ids = f"Correlation ID: {uuid.uuid4()}, Operation ID: {uuid.uuid4()}"
        time = f"Timestamp: {self._clock.stamp()}."
        said = f"We are unable to serve this request due to an internal error, {ids}, {time}"
        return ArmError("ReconcileVMSSAgentPoolFailed", said)


def _no_capacity(pool: Pool, place: Place) -> ArmError:
    want = f"We do not have sufficient capacity for the requested VM size '{pool.size}' in this region"
    cause = f"Allocation failed. {want} ({place.location}). {_GUIDANCE}"
    return _reconciling(ArmError("AllocationFailed", cause))


def _zone_full(pool: Pool, _: Place) -> ArmError:
    want = f"We do not have sufficient capacity for the requested VM size {pool.size} in zone {pool.zones[0]}"
    return wrapped(
        "ZonalAllocationFailed", ArmError("ZonalAllocationFailed", f"Allocation failed. {want}. {_GUIDANCE}")
    )


def _overconstrained(pool: Pool, _: Place) -> ArmError:
    code = "OverconstrainedZonalAllocationRequest" if pool.zones else "OverconstrainedAllocationRequest"
    applied = [
        *(("Availability Zone",) if pool.zones else ()),
        *(("Low Priority VMs",) if pool.is_spot else ()),
    ]
    listed = "\n  - ".join(
        ("", *applied, "Networking Constraints (such as Accelerated Networking)", "VM Size")
    )
    why = "VM(s) with the following constraints cannot be allocated, because the condition is too restrictive"
    said = f"Allocation failed. {why}. Please remove some constraints and try again. Constraints applied are:"
    return wrapped(code, ArmError(code, f"{said}{listed}\n", target="0"))


def _driver_failed(pool: Pool, place: Place) -> ArmError:
    return _extension_failed(pool, place, 84, "failed to load the NVIDIA kernel module")


def _bad_hardware(pool: Pool, place: Place) -> ArmError:
    return _extension_failed(pool, place, 87, "infoROM is corrupted")


def _extension_failed(pool: Pool, place: Place, status: int, output: str) -> ArmError:
    machine = f"{place.scale_set(pool.name)}_{pool.next_machine}"
    ran = f"failed to execute command: command terminated with exit status={status}"
    out = f'[stdout]\n{{ "ExitCode": "{status}", "Output": "{output}", "Error": "" }}\n\n[stderr]\n'
    said = f"VM '{machine}' has reported a failure when processing extension 'vmssCSE'"
    by = "(publisher 'Microsoft.Azure.Extensions' and type 'CustomScript')"
    return _reconciling(
        ArmError(
            "VMExtensionProvisioningError", f"{said} {by}. Error message: 'Enable failed: {ran}\n{out}'."
        )
    )


def _vnet_busy(_: Pool, place: Place) -> ArmError:
    group = f"/subscriptions/{place.subscription}/resourceGroups/{place.node_group}"
    state = (
        f"Virtual network {group}/providers/Microsoft.Network/virtualNetworks/aks-vnet is in Updating state"
    )
    cause = f"{state}. It needs to be in Succeeded state in order to set resource ownership."
    return wrapped("SetVNetOwnershipFailed", ArmError("VirtualNetworkNotInSucceededState", cause))


def _reconciling(cause: ArmError) -> ArmError:
    said = f'Reconciling the scale set failed. Code="{cause.code}" Message="{cause.message}"'
    return ArmError("ReconcileVMSSAgentPoolFailed", said, details=(cause,))


_ERRORS: Mapping[str, Callable[[Pool, Place], ArmError]] = {
    "no-capacity": _no_capacity,
    "zone-full": _zone_full,
    "overconstrained": _overconstrained,
    "driver-failed": _driver_failed,
    "bad-hardware": _bad_hardware,
    "vnet-busy": _vnet_busy,
}
