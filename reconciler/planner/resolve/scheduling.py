"""On which nodes pods may run: the labels nodes get, the labels pods insist on, the taints they tolerate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import FLEET, WORKSPACE, WORKSPACE_NAMESPACE

from .blueprint import Toleration
from .subject import Subject

_KARPENTER = ("karpenter.kaito.sh/workspace-name", "karpenter.kaito.sh/workspace-namespace")
HOSTNAME = "kubernetes.io/hostname"
_NOT_SETTABLE = ("kubernetes.io", "k8s.io", "kubernetes.azure.com", "karpenter.sh", "karpenter.azure.com")


def requirements(subject: Subject, pool: str) -> dict[str, tuple[str, ...]]:
    """The node labels a pod insists on: the person's, and those only this workspace's nodes carry; of nodes a
    person named, their names."""
    wanted = {**subject.manifest.node_labels, **dict(_own_marks(subject, pool))}
    named = {HOSTNAME: preferred_nodes(subject)} if subject.provisioner == "own" else {}
    return {**{key: (value,) for key, value in wanted.items()}, **named}


def preferred_nodes(subject: Subject) -> tuple[str, ...]:
    """The nodes a person names, once each."""
    return tuple(dict.fromkeys(subject.manifest.resource.preferred_nodes or ()))


def _own_marks(subject: Subject, pool: str) -> Iterator[tuple[str, str]]:
    name = subject.name
    match subject.provisioner:
        case "agentPool":
            yield "kubernetes.azure.com/agentpool", pool
        case "karpenter":
            yield from zip(_KARPENTER, (name.name, name.namespace), strict=True)
        case "gpu-provisioner":
            yield from _workspace_marks(name).items()
        case _:
            return


def node_labels(subject: Subject, *, has_nvidia: bool) -> dict[str, str]:
    """The labels new nodes are born with.

    Keys in the domains of Kubernetes, AKS and Karpenter are left out: a kubelet told to set one does not
    start (kubelet's --node-labels), and AKS and Karpenter refuse theirs. `accelerator: nvidia` brings the
    device plugin of KAITO's chart.
    """
    wanted = subject.manifest.node_labels
    marks = {**_workspace_marks(subject.name), FLEET: subject.fleet.name}
    if subject.provisioner == "karpenter":
        marks |= dict(_own_marks(subject, ""))
    if has_nvidia:
        marks["accelerator"] = "nvidia"
    return {key: value for key, value in {**wanted, **marks}.items() if is_settable(key)}


def is_settable(key: str) -> bool:
    """Whether a new node may be given a label with this key."""
    domain = key.partition("/")[0] if "/" in key else ""
    return not any(domain == closed or domain.endswith(f".{closed}") for closed in _NOT_SETTABLE)


def unsettable(subject: Subject) -> Iterator[Finding]:
    """A warning for each selected key that new nodes cannot be given."""
    if subject.provisioner == "byo":
        return
    for key in subject.manifest.node_labels:
        if not is_settable(key):
            field = f"resource.labelSelector.matchLabels.{key}"
            message = f"{key} cannot be set on a new node: its domain belongs to Kubernetes or AKS"
            yield subject.warning(field, message, "Select by a label of your own, or be sure nodes carry it")


def tolerations(gpu_resource: str) -> tuple[Toleration, ...]:
    """The taints of GPU nodes, ours and others'; spot nodes too. Source: KAITO v0.12."""
    usual = (
        Toleration("nvidia.com/gpu", "Exists"),
        Toleration("sku", "Equal", "gpu"),
        Toleration("kubernetes.azure.com/scalesetpriority", "Equal", "spot"),
    )
    if gpu_resource.startswith("nvidia.com/mig-"):
        return (*usual, Toleration(gpu_resource, "Exists"))
    return usual


def _workspace_marks(name: WorkspaceName) -> Mapping[str, str]:
    return {WORKSPACE: name.name, WORKSPACE_NAMESPACE: name.namespace}
