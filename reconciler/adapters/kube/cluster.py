"""The door to a Kubernetes API server.

Looking costs one LIST a kind, and then nothing while nothing changes: a watch follows each kind, and the
memory of a lost watch is not believed. Writing is server-side apply as field manager `towline`; no write
is ever repeated here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from reconciler.domain.identity import Ref
from reconciler.domain.plan import Applied
from reconciler.domain.state import DIGEST, FIELD_MANAGER, FLEET, DesiredObject, ObservedObject
from reconciler.faults import Missing

from .cache import Snapshot
from .kinds import KindInfo, discovered_kinds, group_path, known_kind
from .logs import log_text
from .looks import CRD, Looking, Looks, Pods
from .seen import Json, observe, whole
from .wire import APPLY, MERGE, Request, Wire, open_client

_WORKERS = 16
_OTHER_WATCHES = 4


class KubeCluster:
    """Fills the port `Cluster`; safe for many threads.

    `kubeconfig` and `context` name the cluster, the context always explicitly; without either it is the
    one we run in. `kinds` are those whose objects the fleet may own.
    """

    def __init__(
        self,
        kubeconfig: Path | None,
        context: str,
        fleet: str,
        kinds: tuple[KindInfo, ...],
        looking: Looking | None = None,
    ) -> None:
        looking = looking or Looking()
        client = open_client(kubeconfig, context, connections=_WORKERS + len(kinds) + _OTHER_WATCHES)
        self._wire = Wire(client, looking.patience)
        self._fleet = fleet
        self._looks = Looks(self._wire, fleet, kinds, looking)
        self._served = {(kind.api_version, kind.kind): kind for kind in kinds}

    @property
    def version(self) -> int:
        """Grows with every change seen."""
        return self._looks.version

    def objects(self) -> Snapshot:
        """All objects that carry the fleet's label; the same value as before while nothing changed."""
        return self._looks.objects()

    def pods(self) -> Pods:
        """Pods of the fleet's workspaces; the same value as before while nothing changed."""
        return self._looks.pods()

    def nodes(self) -> tuple[ObservedObject, ...]:
        """All nodes; the same value as before while nothing but heartbeats changed."""
        return self._looks.nodes()

    def shared(self) -> Snapshot:
        """All namespaces, the definition of `workspaces.kaito.sh` and the shared kinds, whoever made them."""
        return self._looks.shared()

    def find(self, ref: Ref) -> ObservedObject | None:
        """One object, whoever owns it, asked for now; None when it, or its kind, is not there."""
        try:
            kind = self._kind(ref)
            return observe(self._wire.ask(Request("GET", kind.path(ref))), kind, whole)
        except Missing:
            return None

    def log(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """The last lines a container wrote, at most 4 MiB. Raises Missing where there is no such pod, Refused
        where it has not started, Forbidden without `get` on `pods/log`."""
        return log_text(self._wire, namespace, pod, container, lines)

    def apply(self, desired: DesiredObject, *, force: bool = False) -> Applied:
        """Server-side apply, with the digest annotated. Raises Conflict naming other managers and the
        fields they hold, unless forced; Missing when the namespace or the kind is not there."""
        kind = self._kind(desired.ref)
        before = self._known(kind, desired.ref)
        query = (("fieldManager", FIELD_MANAGER), ("force", "true" if force else "false"))
        patch = Request("PATCH", kind.path(desired.ref), query, _annotated(desired), APPLY)
        seen = self._note(kind, self._wire.ask(patch))
        changed = before is None or before.resource_version != seen.resource_version
        return Applied(seen.uid, seen.generation, changed)

    def overwrite(self, ref: Ref, fields: Mapping[str, object]) -> None:
        """Set these fields of an object, lists as a whole, whoever owns them: a merge patch."""
        kind = self._kind(ref)
        patch = Request("PATCH", kind.path(ref), (("fieldManager", FIELD_MANAGER),), dict(fields), MERGE)
        self._note(kind, self._wire.ask(patch))

    def apply_status(self, ref: Ref, status: Mapping[str, object]) -> None:
        """Replace our fields of the status subresource, and take over those that others set."""
        kind = self._kind(ref)
        metadata = {"name": ref.name, **({"namespace": ref.namespace} if kind.namespaced else {})}
        body = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "status": status}
        query = (("fieldManager", FIELD_MANAGER), ("force", "true"))
        patch = Request("PATCH", kind.path(ref, "status"), query, _bytes(body), APPLY)
        self._note(kind, self._wire.ask(patch))

    def delete(self, ref: Ref, uid: str) -> None:
        """Delete that very object, in the background. Raises Conflict when another bears its name now."""
        if not uid:
            raise ValueError(f"a UID must guard the deletion of {ref}")
        kind = self._kind(ref)
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        try:
            answer = self._wire.ask(Request("DELETE", kind.path(ref), body=options))
        except Missing:
            answer = {"kind": "Status"}
        self._note_deleted(kind, answer, ref, uid)

    def close(self) -> None:
        """Stop following, let go of all connections."""
        self._looks.close()
        self._wire.close()

    def _kind(self, ref: Ref) -> KindInfo:
        """Where the kind is served: from the table, else asked for once. Raises Missing."""
        key = (ref.api_version, ref.kind)
        kind = self._served.get(key) or known_kind(*key) or self._discover(ref.api_version).get(key)
        if kind is None:
            raise Missing(
                f"{self._wire.server} serves no {ref.kind} in {ref.api_version}", code="NoKindMatch"
            )
        return kind

    def _discover(self, api_version: str) -> dict[tuple[str, str], KindInfo]:
        found = discovered_kinds(api_version, self._wire.ask(Request("GET", group_path(api_version))))
        self._served.update(found)
        return found

    def _known(self, kind: KindInfo, ref: Ref) -> ObservedObject | None:
        look = self._looks.of(kind)
        return look.cache.find(ref) if look else None

    def _note(self, kind: KindInfo, answer: Json) -> ObservedObject:
        """Let the next look see what was written, and look for kinds that a definition has brought."""
        seen, look = observe(answer, kind, whole), self._looks.of(kind)
        if look and (answer["metadata"].get("labels") or {}).get(FLEET) == self._fleet:
            look.cache.write(seen)
            look.wake()
        if kind == CRD:
            self._looks.wake()
        return seen

    def _note_deleted(self, kind: KindInfo, answer: Json, ref: Ref, uid: str) -> None:
        """An object that lingers is answered with its deletionTimestamp; else it is gone."""
        if "deletionTimestamp" in (answer.get("metadata") or {}):
            self._note(kind, answer)
        elif look := self._looks.of(kind):
            look.cache.bury(ref, uid)


def _annotated(desired: DesiredObject) -> bytes:
    document = desired.document
    metadata = document["metadata"]
    annotations = {**(metadata.get("annotations") or {}), DIGEST: desired.digest}
    return _bytes({**document, "metadata": {**metadata, "annotations": annotations}})


def _bytes(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
