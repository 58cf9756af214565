"""The door through which Towline itself comes into a cluster: server-side apply, told what changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reconciler.domain.identity import Ref
from reconciler.domain.installation import Change
from reconciler.domain.state import DesiredObject, ObservedObject
from reconciler.faults import Conflict, Missing

from .access import open_access
from .kinds import KindInfo, group_path, known_kind
from .listing import Selection, list_all
from .seen import Json, observe, whole
from .wire import APPLY, Patience, Request, Wire

_CONNECTIONS = 4
_RBAC = "rbac.authorization.k8s.io/v1"
_MONITORING = "monitoring.coreos.com/v1"
_FURTHER = (
    KindInfo(_RBAC, "ClusterRole", "clusterroles", namespaced=False),
    KindInfo(_RBAC, "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    KindInfo(_MONITORING, "PodMonitor", "podmonitors"),
    KindInfo(_MONITORING, "PrometheusRule", "prometheusrules"),
)
_MADE = (
    ("v1", "ServiceAccount"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("apps/v1", "Deployment"),
    ("policy/v1", "PodDisruptionBudget"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    (_RBAC, "Role"),
    (_RBAC, "RoleBinding"),
)


class Installer:
    """`kubeconfig` and `context` name the cluster, the context always explicitly."""

    def __init__(self, kubeconfig: Path | None, context: str) -> None:
        self._wire = Wire(open_access(kubeconfig, context, connections=_CONNECTIONS), Patience())

    @property
    def server(self) -> str:
        """The address of the API server."""
        return self._wire.server

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether the cluster knows this kind."""
        with suppress(Missing):
            answer = self._wire.ask(Request("GET", group_path(api_version)))
            return any(each.get("kind") == kind for each in answer.get("resources") or ())
        return False

    def find(self, ref: Ref) -> ObservedObject | None:
        """One object as it is now."""
        kind = _kind(ref)
        try:
            return observe(self._wire.ask(Request("GET", kind.path(ref))), kind, whole)
        except Missing:
            return None

    def apply(self, desired: DesiredObject, manager: str, *, force: bool = False) -> Change:
        """Server-side apply. Raises Conflict that names who owns which field, unless forced."""
        before, kind = self.find(desired.ref), _kind(desired.ref)
        query = (("fieldManager", manager), ("force", "true" if force else "false"))
        body = json.dumps(desired.document, ensure_ascii=False).encode()
        after = self._wire.ask(Request("PATCH", kind.path(desired.ref), query, body, APPLY))
        if before is None:
            return Change.CREATED
        same = before.resource_version == observe(after, kind, whole).resource_version
        return Change.UNCHANGED if same else Change.CONFIGURED

    def made(self, labels: dict[str, str]) -> Iterator[ObservedObject]:
        """Everything that carries these labels, of the kinds that installations have ever made."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        for kind in (*(each for name in _MADE if (each := known_kind(*name))), *_FURTHER):
            with suppress(Missing):
                yield from list_all(
                    self._wire, Selection(kind, (("labelSelector", selector),), whole)
                ).objects

    def delete(self, ref: Ref, uid: str) -> None:
        """Delete that very object, in the background."""
        options: Json = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        with suppress(Missing, Conflict):
            self._wire.ask(Request("DELETE", _kind(ref).path(ref), body=options))

    def close(self) -> None:
        """Let go of all connections."""
        self._wire.close()


def _kind(ref: Ref) -> KindInfo:
    further = {(each.api_version, each.kind): each for each in _FURTHER}
    kind = known_kind(ref.api_version, ref.kind) or further.get((ref.api_version, ref.kind))
    assert kind is not None, f"an installation has no {ref.kind}"
    return kind
