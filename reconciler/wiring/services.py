"""Where the Services of the embedded world are reached from outside of it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.looks import Looking
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.faults import Missing

from .worlds import SANDBOX_CONTEXT

_ADDRESS = "sandbox.towline.dev/address"


def service_address(kubeconfig: Path, name: WorkspaceName) -> str:
    """The loopback address of a workspace's Service, as a URL. Missing: no process of this machine is
    behind it."""
    with closing(KubeCluster(kubeconfig, SANDBOX_CONTEXT, "", (), Looking(watch=False))) as cluster:
        service = cluster.find(Ref("v1", "Service", name.namespace, name.name))
    annotations = service.document["metadata"].get("annotations") or {} if service else {}
    if _ADDRESS not in annotations:
        raise Missing(f"nothing on this machine answers for {name}")
    return str(annotations[_ADDRESS])
