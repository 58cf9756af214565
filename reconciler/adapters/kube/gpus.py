"""Which nodes have GPUs that Kubernetes sees, and who makes it see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.domain.preflight import Answer, Check
from reconciler.domain.state import ObservedObject
from reconciler.faults import Fault, Forbidden, Missing

from .listing import Selection, list_all
from .looks import NODE
from .mends import mend_of
from .seen import node_essentials
from .wire import Request, Wire

_GPUS = ("nvidia.com/gpu", "amd.com/gpu")
_BY_MIG = "nvidia.com/mig-"
_SAYS_GPU = ("kubernetes.azure.com/accelerator", "accelerator")
"""Labels that AKS puts on the nodes of GPU sizes."""

_PLUGINS = ("device-plugin", "gpu-operator")
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


def gpu_checks(wire: Wire, *, brings_nodes: bool) -> Iterator[Check]:
    """Nodes with GPUs, and who tells Kubernetes of them. Raises nothing that the cluster does; `brings_nodes`
    is whether more come by themselves."""
    try:
        nodes = list_all(wire, Selection(NODE, (), node_essentials)).objects
        plugin = _device_plugin(wire)
    except Fault as fault:
        yield Check("gpu nodes", Answer.LESS, f"nodes cannot be seen: {fault}", mend_of(fault))
        return
    ready, blind = _gpu_nodes(nodes)
    mend = "install NVIDIA's device plugin or GPU Operator: without one Kubernetes sees no GPU of a node"
    if blind:
        yield Check("gpu nodes", Answer.LESS, f"without a GPU that Kubernetes sees: {', '.join(blind)}", mend)
    elif ready or brings_nodes:
        yield Check("gpu nodes", Answer.YES, f"{len(ready)} of {len(nodes)} nodes have GPUs")
    else:
        own = "nodeProvisioner byo buys none: join nodes with GPUs to the cluster"
        yield Check("gpu nodes", Answer.LESS, f"none of {len(nodes)} nodes has a GPU", own)
    if plugin is not None and not ready:
        yield Check(
            "device plugin",
            Answer.YES if plugin else Answer.LESS,
            plugin or "none seen",
            "" if plugin else mend,
        )


def _gpu_nodes(nodes: Iterable[ObservedObject]) -> tuple[list[str], list[str]]:
    """Names of nodes with GPUs, and of those that should have some and show none."""
    ready, blind = [], []
    for node in nodes:
        document = node.document
        labels = document["metadata"].get("labels") or {}
        if _has_gpus((document.get("status") or {}).get("allocatable") or {}):
            ready.append(node.ref.name)
        elif any(labels.get(each) in ("nvidia", "amd") for each in _SAYS_GPU):
            blind.append(node.ref.name)
    return ready, blind


def _device_plugin(wire: Wire) -> str | None:
    """The DaemonSet that tells the kubelets of GPUs; empty where none is seen, None where nothing can be."""
    query = (("limit", "500"),)
    try:
        found = wire.ask(Request("GET", "/apis/apps/v1/daemonsets", query, accept=_METADATA))
    except (Forbidden, Missing):
        return None
    names = (each["metadata"] for each in found.get("items") or ())
    known = (f"{each['namespace']}/{each['name']}" for each in names if _is_plugin(each["name"]))
    return next(known, "")


def _has_gpus(allocatable: dict[str, str]) -> bool:
    gpus = (value for key, value in allocatable.items() if key in _GPUS or key.startswith(_BY_MIG))
    return any(value != "0" for value in gpus)


def _is_plugin(name: str) -> bool:
    return any(each in name for each in _PLUGINS)
