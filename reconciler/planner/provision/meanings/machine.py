"""Machines that came and could not be made into nodes: their disk, and the set-up that AKS runs on them.

Exit codes of the set-up (`vmssCSE`): Azure/AgentBaker, parts/linux/cloud-init/artifacts/cse_helpers.sh.
"""

from __future__ import annotations

from reconciler.domain.provisioning import Kind

from .meaning import MINUTE, Meaning

EXIT_STEPS = {
    83: "the GPU driver could not be downloaded in time",
    84: "the GPU driver did not start",
    85: "the GPU driver was not installed in time",
    86: "NVIDIA's device plugin did not start",
    87: "the GPU's own memory of its settings (infoROM) is damaged",
    224: "it could not be told whether to install the GPU driver",
    225: "the key of NVIDIA's package repository could not be downloaded",
    226: "the list of NVIDIA's package repository could not be downloaded",
    227: "NVIDIA's management packages could not be installed",
    228: "NVIDIA's GPU monitor (DCGM) did not start",
    229: "the exporter of NVIDIA's GPU monitor (DCGM) did not start",
    235: "NVIDIA's GPU monitor (DCGM) could not be installed",
    50: "it has no way out to the internet",
    51: "it cannot reach the Kubernetes API server",
    52: "it cannot resolve the name of the Kubernetes API server",
    53: "Azure's DNS does not resolve the name of the Kubernetes API server",
}
_HARDWARE = 87
_CUT_OFF = (50, 51, 52, 53)
_GPU = tuple(each for each in EXIT_STEPS if each != _HARDWARE and each not in _CUT_OFF)


def exit_code(status: int) -> str:
    """How the table calls an exit status of the set-up."""
    return f"vmssCSE {status}"


ROWS = (
    Meaning(
        "disk",
        Kind.RECREATE,
        says=(
            "the system disk of {disk_gib} GiB does not fit into the {cache_gib} GiB of {size}'s own storage",
            "the system disk does not fit into this VM size's own storage",
        ),
        means="AKS puts the system disk into the machine's cache where it can; here it cannot",
        codes=("VMCacheSizeTooSmall", "VMSizeDoesNotSupportEphemeralOS", "VMTemporaryDiskTooSmall"),
        wording=r"os disk of ephemeral vm|not support ephemeral os",
        rest=0.0,
        needs_managed_disk=True,
    ),
    Meaning(
        "GPU set-up",
        Kind.RECREATE,
        says=("setting up the GPU of a new node failed: {exit_step} (exit {exit})",),
        means="a machine came, and making it a GPU node failed; a fresh one often works",
        codes=tuple(exit_code(each) for each in _GPU),
    ),
    Meaning(
        "GPU hardware",
        Kind.RECREATE,
        says=("the GPU of a new node is broken: {exit_step} (exit {exit})",),
        means="bad hardware; a new machine usually lands on another host",
        codes=(exit_code(_HARDWARE),),
    ),
    Meaning(
        "cut off",
        Kind.PERMANENT,
        says=("a new node is cut off: {exit_step} (exit {exit})", "a new node is cut off from its network"),
        step=("let the nodes' subnet out: firewall, route table, network security group and DNS",),
        means="the network that the nodes are in does not let them out, or not to the cluster",
        codes=(
            *(exit_code(each) for each in _CUT_OFF),
            "OutboundConnFailVMExtensionError",
            "K8SAPIServerConnFailVMExtensionError",
            "K8SAPIServerDNSLookupFailVMExtensionError",
        ),
        rest=10 * MINUTE,
    ),
    Meaning(
        "set-up",
        Kind.RECREATE,
        says=(
            "setting up a new node failed (exit {exit}): {said}",
            "setting up a new node failed: {said}",
            "setting up a new node failed",
        ),
        means="a machine came, and making it a node failed for a reason that Towline has no words for",
        codes=("VMExtensionProvisioningError", "VMExtensionProvisioningTimeout"),
    ),
)
