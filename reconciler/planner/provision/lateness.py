"""Stages that take too long, and a cluster that takes no changes: setbacks without an error of Azure's."""

from __future__ import annotations

from reconciler.domain.cloud import AksStanding, CapacityType, Option
from reconciler.domain.provisioning import Kind, Scope, Setback

from .meanings.meaning import HOUR, MINUTE, Meaning, filled

_SPOT_TAINT = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"

JOIN = Meaning(
    "join",
    Kind.RECREATE,
    says=("Azure made the agent pool, and none of its nodes joined the cluster for {minutes} minutes",),
    means="a node could not reach the cluster, or its set-up hangs",
)
JOIN_ON_SPOT = Meaning(
    "join on spot",
    Kind.CAPACITY,
    says=(
        "Azure made the agent pool, and no spot node of it came for {minutes} minutes: "
        "there is no spot capacity, or the price offered is too low",
    ),
    step=("wait, or accept on-demand machines as well",),
    means="no spot capacity, or too low a price offered for it: AKS then makes a pool without machines",
    rest=HOUR,
    closes=Scope.SIZE,
    closed_seconds=HOUR,
)
STAGES = {
    "create": Meaning(
        "create",
        Kind.RECREATE,
        says=("Azure has been making the nodes for {minutes} minutes without an end",),
        means="GPU nodes were seen to take 26 minutes; Azure has lost this operation: it is stopped first",
    ),
    "join": JOIN,
    "ready": Meaning(
        "ready",
        Kind.RECREATE,
        says=("a node joined the cluster and did not become Ready for {minutes} minutes",),
        means="the kubelet, the network plugin or the disk of the node is in trouble",
    ),
    "gpu": Meaning(
        "gpu",
        Kind.PERMANENT,
        says=(
            "the nodes have been Ready for {minutes} minutes and offer no nvidia.com/gpu: "
            "NVIDIA's device plugin is missing, or does not tolerate their taints",
        ),
        step=(
            "deploy the device plugin (KAITO's chart brings it as nvidia-device-plugin-daemonset; or helm "
            "install nvdp nvidia-device-plugin --repo https://nvidia.github.io/k8s-device-plugin) "
            "and let it tolerate {taints}",
        ),
        means="AKS installs the driver, not the device plugin; another node would not help",
        rest=10 * MINUTE,
    ),
    "delete": Meaning(
        "delete",
        Kind.TRANSIENT,
        says=("Azure has been removing the nodes for {minutes} minutes without an end",),
        step=("see what does not leave them: kubectl get pdb -A, and pods with finalizers",),
        means="nodes are emptied before they go; a pod may not leave, or Azure has lost the operation",
        rest=10 * MINUTE,
    ),
}


def took_too_long(stage: str, minutes: float, option: Option) -> Setback:
    """What it means that a stage has lasted so many minutes: create, join, ready, gpu or delete."""
    spot = option.capacity_type is CapacityType.SPOT
    meaning = JOIN_ON_SPOT if spot and stage == "join" else STAGES[stage]
    taints = f"sku=gpu:NoSchedule and {_SPOT_TAINT}" if spot else "sku=gpu:NoSchedule"
    figures = {"minutes": f"{minutes:.0f}", "taints": taints}
    return Setback(
        meaning.kind,
        "",
        filled(meaning.says, figures),
        filled(meaning.step, figures),
        rest=meaning.rest,
        closes=Scope.ZONE if meaning.closes and option.zone else meaning.closes,
        closed_seconds=meaning.closed_seconds,
    )


def frozen(aks: AksStanding) -> str:
    """Why nothing is done with nodes while the AKS cluster stands so: nothing at all, or nothing removed."""
    held = "no nodes are removed" if aks.may_change else "no nodes are made, changed or removed"
    until = f"{held} until it is Running and Succeeded"
    match aks.power, aks.provisioning:
        case _, "Starting" | "Stopping" | "Upgrading" | "Creating" | "Deleting" | "Updating" as doing:
            return f"the AKS cluster is {doing.lower()}: {until}"
        case "Stopped", _:
            return f"the AKS cluster is stopped: {until}; start it with az aks start"
        case _, "Failed" | "Canceled" as ended:
            return f"the AKS cluster's last operation is {ended}: {until}; az aks update mends it"
        case power, state:
            return f"the AKS cluster is {power or 'unknown'} and {state or 'unknown'}: {until}"
