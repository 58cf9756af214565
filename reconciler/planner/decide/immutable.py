"""The fields a server will not change in place: a difference there is a replace, decided before any request.

Sources: Kubernetes API validation (apps/v1 StatefulSet, batch/v1 Job, core/v1 Service and
PersistentVolumeClaim), karpenter.sh/v1 NodeClaim (spec is immutable), AKS agent pool documentation.
"""

from __future__ import annotations

from reconciler.domain.field import is_under

FIELDS: dict[str, tuple[str, ...]] = {
    "StatefulSet": (
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
        "spec.podManagementPolicy",
    ),
    "Deployment": ("spec.selector",),
    "Job": (
        "spec.template",
        "spec.selector",
        "spec.completions",
        "spec.completionMode",
        "spec.podFailurePolicy",
    ),
    "Service": ("spec.clusterIP",),
    "PersistentVolumeClaim": ("spec.storageClassName", "spec.accessModes", "spec.volumeName"),
    "NodeClaim": ("spec",),
    "AgentPool": (
        "vmSize",
        "osType",
        "osSKU",
        "osDiskType",
        "osDiskSizeGB",
        "scaleSetPriority",
        "scaleSetEvictionPolicy",
        "spotMaxPrice",
        "availabilityZones",
        "vnetSubnetID",
        "gpuProfile",
        "gpuInstanceProfile",
        "type",
    ),
}


def immutable_among(kind: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Those of these fields that a server will not change in an object of this kind."""
    fixed = FIELDS.get(kind, ())
    return tuple(field for field in fields if is_under(field, fixed))
