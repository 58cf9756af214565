"""The Leases of one namespace, over a connection of their own, so that nothing else makes them wait.

Whether we may write is not asked before a lease is written: it is what decides that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reconciler.domain.identity import Ref
from reconciler.domain.lease import Lease
from reconciler.domain.state import FIELD_MANAGER, MANAGED_BY
from reconciler.faults import Broken, Conflict, Missing

from .access import open_access
from .kinds import KindInfo
from .looks import NAMESPACE
from .wire import APPLY, Json, Patience, Request, Wire

_API = "coordination.k8s.io/v1"
_KIND = KindInfo(_API, "Lease", "leases")
_LABELS = {MANAGED_BY: FIELD_MANAGER}
_PATIENCE = Patience(connect=3, read=5, whole=5, busy=5)  # seconds: half of what a holder has to renew


class KubeLeases:
    """Fills the port `Leases`; for one thread at a time."""

    def __init__(self, kubeconfig: Path | None, context: str, namespace: str) -> None:
        self._wire = Wire(open_access(kubeconfig, context, connections=1), _PATIENCE)
        self._namespace = namespace

    def lease(self, name: str) -> Lease | None:
        """As it is now; None where there is none."""
        try:
            return _lease(self._wire.ask(Request("GET", self._path(name))))
        except Missing:
            return None

    def write(self, lease: Lease) -> Lease:
        """Create it, or change it as it was read. Raises Conflict where somebody else wrote or deleted it in
        between."""
        try:
            return _lease(self._wire.ask(self._written(lease)))
        except Missing as missing:
            if lease.resource_version:
                raise Conflict(f"lease {lease.name} was deleted", code=missing.code) from missing
        self._make_namespace()
        return _lease(self._wire.ask(self._written(lease)))

    def close(self) -> None:
        """Let go of the connection."""
        self._wire.close()

    def _written(self, lease: Lease) -> Request:
        document = _document(lease, self._namespace)
        if lease.resource_version:
            return Request("PUT", self._path(lease.name), body=document)
        return Request("POST", self._path(lease.name).rpartition("/")[0], body=document)

    def _make_namespace(self) -> None:
        """The first that Towline ever writes into a cluster may be a lease; the pass completes it."""
        metadata = {"name": self._namespace, "labels": _LABELS}
        body = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}).encode()
        path = NAMESPACE.path(Ref("v1", "Namespace", "", self._namespace))
        self._wire.ask(Request("PATCH", path, (("fieldManager", FIELD_MANAGER),), body, APPLY))

    def _path(self, name: str) -> str:
        return _KIND.path(Ref(_API, _KIND.kind, self._namespace, name))


def _document(lease: Lease, namespace: str) -> Json:
    metadata = {"name": lease.name, "namespace": namespace, "labels": _LABELS}
    if lease.resource_version:
        metadata["resourceVersion"] = lease.resource_version
    spec = {
        "holderIdentity": lease.holder,
        "leaseDurationSeconds": lease.seconds,
        "acquireTime": lease.acquired,
        "renewTime": lease.renewed,
        "leaseTransitions": lease.transitions,
    }
    return {"apiVersion": _API, "kind": _KIND.kind, "metadata": metadata, "spec": spec}


def _lease(document: Json) -> Lease:
    """A Lease that others made may say less; one that says nonsense is Broken."""
    metadata: dict[str, Any] = document.get("metadata") or {}
    spec: dict[str, Any] = document.get("spec") or {}
    try:
        return Lease(
            str(metadata["name"]),
            str(spec.get("holderIdentity") or ""),
            int(spec.get("leaseDurationSeconds") or 1),
            str(spec.get("acquireTime") or ""),
            str(spec.get("renewTime") or ""),
            int(spec.get("leaseTransitions") or 0),
            str(metadata["resourceVersion"]),
        )
    except (KeyError, ValueError, TypeError) as failure:
        raise Broken(f"a Lease that cannot be read: {failure!r}") from failure
