"""vCPU quotas: of a VM family, of a region, of spot. Lifetimes: karpenter-provider-azure's error classes."""

from __future__ import annotations

from reconciler.domain.provisioning import Kind, Scope

from .meaning import HOUR, MINUTE, Meaning

_WHERE = "Azure portal, Quotas"
_FAMILY_CODES = ("ErrCode_InsufficientVCPUQuota", "InsufficientVCPUQuota")

ROWS = (
    Meaning(
        "spot quota",
        Kind.PERMANENT,
        says=(
            "{wanted} more spot vCPUs are needed in {region} and the spot quota has {left} left",
            "the quota of spot vCPUs in this region is used up",
        ),
        step=(
            f"ask for {{short}} more spot vCPUs in {{region}} ({_WHERE}), or accept on-demand machines",
            f"ask for more spot vCPUs in this region ({_WHERE}), or accept on-demand machines",
        ),
        means="all spot machines of a region count against one quota, and too little of it is left",
        wording=r"low ?priority ?cores|spot (?:v?cpus?|cores)",
        rest=HOUR,
        closes=Scope.SPOT,
        closed_seconds=HOUR,
    ),
    Meaning(
        "regional quota",
        Kind.PERMANENT,
        says=(
            "{wanted} more vCPUs are needed in {region} and the quota of the whole region has {left} left",
            "the vCPU quota of the whole region is used up",
        ),
        step=(
            f"ask for {{short}} more Total Regional vCPUs in {{region}} ({_WHERE})",
            f"ask for more Total Regional vCPUs in this region ({_WHERE})",
        ),
        means="the machines of all VM families together count against the region's own quota",
        wording=r"total regional|quota limits? of core\b|for family cores\b",
        rest=10 * MINUTE,
        closes=Scope.REGION,
        closed_seconds=10 * MINUTE,
    ),
    Meaning(
        "no family quota",
        Kind.PERMANENT,
        says=(
            "this subscription has no vCPU quota at all for {family} in {region}, and {wanted} are needed",
            "this subscription has no vCPU quota at all for this VM family",
        ),
        step=(
            f"ask for {{short}} vCPUs of {{family}} in {{region}} ({_WHERE}), or choose another VM size",
            f"ask for vCPUs of this VM family ({_WHERE}), or choose another VM size",
        ),
        means="GPU families begin with a quota of 0; somebody has to ask for the first vCPU",
        wording=r"cores quota.*current limit: 0\b",
        rest=HOUR,
        closes=Scope.FAMILY,
        closed_seconds=HOUR,
    ),
    Meaning(
        "family quota",
        Kind.PERMANENT,
        says=(
            "{wanted} more vCPUs of {family} are needed in {region} and the quota has {left} left",
            "the vCPU quota of this VM family is used up",
        ),
        step=(
            f"ask for {{short}} more vCPUs of {{family}} in {{region}} ({_WHERE}), or choose another VM size",
            f"ask for more vCPUs of this VM family ({_WHERE}), or choose another VM size",
        ),
        means="the subscription's other machines of that VM family leave too few vCPUs of the quota",
        codes=_FAMILY_CODES,
        wording=r"cores quota|vcpu quota",
        rest=10 * MINUTE,
        closes=Scope.FAMILY,
        closed_seconds=10 * MINUTE,
    ),
    Meaning(
        "another quota",
        Kind.PERMANENT,
        says=("a quota of this subscription is used up: {said}", "a quota of this subscription is used up"),
        step=(f"ask for more of it ({_WHERE})",),
        means="something other than vCPUs has run out, such as public IP addresses",
        codes=("QuotaExceeded", "ResourceGroupQuotaExceeded", "PublicIPCountLimitReached"),
        rest=10 * MINUTE,
    ),
)
