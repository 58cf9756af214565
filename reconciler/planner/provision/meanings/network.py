"""The network that nodes are put into."""

from __future__ import annotations

from reconciler.domain.provisioning import Kind

from .meaning import MINUTE, Meaning

ROWS = (
    Meaning(
        "subnet full",
        Kind.PERMANENT,
        says=(
            "the subnet has {ips_left} IP addresses and {ips} are needed",
            "the subnet of the nodes has no IP addresses left",
        ),
        step=("give the agent pools a larger subnet, or take nodes away",),
        means="every node (and with Azure CNI every pod) takes an IP address of the subnet",
        codes=("SubnetIsFull", "InsufficientSubnetSize"),
        wording=r"pre-allocated ips \d+ exceeds|(?:not|n't) have enough capacity for .*ip address",
        rest=10 * MINUTE,
    ),
    Meaning(
        "subnet mismatch",
        Kind.PERMANENT,
        says=("the subnet does not suit this cluster: {said}",),
        step=("give the agent pool a subnet in the cluster's own virtual network",),
        means="the subnet is in another network than the cluster's, or is kept for something else",
        codes=("ResourceNotPermittedOnDelegatedSubnet",),
        wording=r"subnet.*(?:same|different|another) (?:vnet|virtual network|subnet)",
        rest=10 * MINUTE,
    ),
    Meaning(
        "network busy",
        Kind.TRANSIENT,
        says=("the virtual network is being changed by somebody else",),
        means="AKS needs the network at rest; that takes seconds to minutes",
        codes=("VirtualNetworkNotInSucceededState", "SetVNetOwnershipFailed"),
        rest=MINUTE,
    ),
)
