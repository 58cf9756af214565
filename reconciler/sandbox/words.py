"""The words for what can go wrong, each with the sentence that says what it does."""

from __future__ import annotations

_APIS = {
    "throttled": "the ARM API answers 429 Throttled with Retry-After",
    "api-500": "the API answers 500",
    "hanging-api": "a request is never answered",
    "reset": "the connection closes: amid the ARM API's answer, before the Kubernetes API's",
    "forbidden": "a write to the ARM API is refused with 403 AuthorizationFailed, naming action and scope",
    "forbidden-subnet": "a pool PUT is refused with 403 LinkedAuthorizationFailed for the subnet it joins",
    "no-reader": "a read of the cluster, its pools or its operations is refused with 403 AuthorizationFailed",
    "policy": "a pool PUT is refused with 403 RequestDisallowedByPolicy, the policies in additionalInfo",
    "not-registered": "the ARM API answers 409 MissingSubscriptionRegistration, and may not be registered",
    "no-quota-api": "the usages of the region are refused with 403",
    "no-sku-api": "the list of VM sizes is refused with 403",
    "lost-list": "LIST of the pools answers the 404 of a missing cluster, though it is there",
    "stale-list": "LIST of the pools leaves out one that is there",
    "truncated-list": "the second page of the LIST of pools answers 500, so that it stays incomplete",
}
_CLUSTER = {
    "cluster-stopped": "the cluster is Stopped: LIST answers, writes are refused with 409, nodes fall silent",
    "cluster-starting": "the cluster is Running and Starting: writes are refused, nodes are still silent",
    "cluster-upgrading": "the cluster is Upgrading: writes are refused with 409",
    "cluster-updating": "the cluster says Updating; writes to pools are taken all the same",
}
_PUTS = {
    "no-quota": "a pool PUT is refused with 400 ErrCode_InsufficientVCPUQuota",
    "regional-quota": "a pool PUT is refused with 400 QuotaExceeded for the Total Regional Cores",
    "sku-not-available": "a pool PUT is refused with 409 SkuNotAvailable; the list of sizes knows of nothing",
    "sku-restricted": "the list of sizes tells the restriction (@zone-1: of one zone), the PUT is refused",
    "not-for-subscription": "a pool PUT is refused with 400 VMSizeNotSupported",
    "cache-too-small": "a pool PUT without osDiskType Managed is refused with 400 VMCacheSizeTooSmall",
    "no-ephemeral": "the same, with 400 VMSizeDoesNotSupportEphemeralOS",
    "subnet-full": "a pool PUT is refused with 400 InsufficientSubnetSize",
    "too-many-pools": "the cluster takes no more pools than it has, and says so in maxAgentPools",
    "config-conflict": "a pool PUT is refused with 409 OperationNotAllowed for a setting, not for being busy",
    "busy": "a write to a pool is refused with 409 OperationNotAllowed, in AKS's three wordings in turn",
}
_OPERATIONS = {
    "quota-late": "a pool's operation fails with QuotaExceeded, OperationNotAllowed inside, Current Limit 0",
    "regional-quota-late": "the same for the Total Regional Cores",
    "spot-quota": "the operation of a spot pool fails with QuotaExceeded for LowPriorityCores",
    "no-capacity": "a pool's operation ends Failed with AllocationFailed inside",
    "zone-full": "the operation of a pool in zones fails with ZonalAllocationFailed",
    "overconstrained": "a pool's operation fails with Overconstrained[Zonal]AllocationRequest",
    "driver-failed": "a pool's operation fails with VMExtensionProvisioningError, vmssCSE exit 84",
    "bad-hardware": "the same, with exit 87",
    "vnet-busy": "a pool's operation fails with SetVNetOwnershipFailed, VirtualNetworkNotInSucceededState",
    "pool-failed": "a pool's operation fails with ReconcileVMSSAgentPoolFailed, an internal error",
    "overridden": "a pool's operation ends Canceled: overriden and canceled by a later operation",
    "stuck-creating": "a pool stays Creating or Scaling until it is aborted or the trouble is taken back",
    "stuck-deleting": "a pool stays Deleting until it is aborted or the trouble is taken back",
    "drain-blocked": "deleting a pool fails with PodDrainFailure after ten minutes, naming pod and budget",
}
_MACHINES = {
    "node-never-joins": "a pool succeeds and its nodes never appear",
    "node-never-ready": "a node registers and stays NotReady",
    "no-device-plugin": "nodes become Ready without nvidia.com/gpu",
    "node-lost": "a machine of a user pool dies: its node's Ready turns Unknown, its pods are not ready",
    "gpu-faulty": "a node tells the condition GPUXIDErrors",
    "spot-evicted": "a standing spot pool loses its machines: with policy Delete its count becomes 0",
}
_PODS = {
    "image-pull": "an image cannot be pulled",
    "crash-loop": "a container exits with code 1 soon after it started",
}
_HUB = {
    "hub-gated": "the hub refuses a repository with 403 GatedRepo",
    "hub-damaged": "a file of weights has other bytes than the hub's list says, and as many",
    "hub-truncated": "a file of weights ends half-way, whenever it is asked for",
}
WORDS = {**_APIS, **_CLUSTER, **_PUTS, **_OPERATIONS, **_MACHINES, **_PODS, **_HUB}
