"""What Azure does not do as asked, and what it says that nobody here knows."""

from __future__ import annotations

from reconciler.domain.provisioning import Kind

from .meaning import MINUTE, Meaning

UNKNOWN = Meaning(
    "unknown",
    Kind.TRANSIENT,
    says=("Azure said no: {said}", "Azure said no and gives no reason"),
    step=("if it stays, ask Azure support with the correlation id",),
    means="Towline has no words for this error, so it goes on slowly",
    rest=10 * MINUTE,
)

ROWS = (
    Meaning(
        "drain",
        Kind.PERMANENT,
        says=(
            "the pod {pod} does not leave its node: the disruption budget {pdb} forbids it",
            "the pods {pods} did not leave their node in time",
            "pods do not leave their node: a disruption budget forbids it, or one does not end",
        ),
        step=(
            "let the budget {pdb} spare a pod, or delete {pod}; "
            "spec.provisioning.ignorePodDisruptionBudgets overrides such budgets",
            "let their disruption budget spare a pod (kubectl get pdb -A), or delete the pods; "
            "spec.provisioning.ignorePodDisruptionBudgets overrides such budgets",
        ),
        means="nodes are emptied before they go, and a pod could not be moved away",
        codes=("PodDrainFailure", "UnsatisfiablePDB"),
        wording=r"drain (?:of \S+ )?did not complete|blocked by pdb|too many req\w* pod",
        rest=10 * MINUTE,
    ),
    Meaning(
        "too many pools",
        Kind.PERMANENT,
        says=("the AKS cluster has as many agent pools as it may have",),
        step=("remove workspaces, or put some of them on another cluster",),
        means="a cluster may have 100 agent pools, and each workspace takes one",
        wording=r"(?:maximum|at most|as many|more than|exceed|limit).{0,60}(?:agent|node) ?pools",
        rest=10 * MINUTE,
    ),
    Meaning(
        "settings conflict",
        Kind.PERMANENT,
        says=("the cluster's own settings do not allow it: {said}",),
        step=("change that setting of the cluster, or choose another node provisioner in towline.yaml",),
        means="a setting such as node auto-provisioning or the autoscaler excludes this",
        wording=r"since the cluster enables|nodeprovisioningprofile|node auto.?provisioning"
        r"|cluster autoscaler|use per nodepool operations",
        rest=10 * MINUTE,
    ),
    Meaning(
        "not accepted",
        Kind.PERMANENT,
        says=("Azure does not accept the agent pool as asked for: {said}",),
        step=("correct what the message names, in the workspace or in towline.yaml",),
        means="a value is wrong for this cluster or VM size",
        codes=(
            "InvalidParameter",
            "InvalidRequestContent",
            "PropertyChangeNotAllowed",
            "UnsupportedGPUInstanceProfile",
            "ValidationError",
            "VMSizeDoesNotSupportMIG",
        ),
        rest=10 * MINUTE,
    ),
)
