"""The door to a Kubernetes API server.

Looking costs one LIST a kind, and then nothing while nothing changes: a watch follows each kind, and the
memory of a lost watch is not believed. Writing is server-side apply as field manager `towline`; a write is
repeated only where the server did not look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pydantic_core import to_json

from reconciler.domain.event import Event
from reconciler.domain.identity import Ref
from reconciler.domain.plan import Applied
from reconciler.domain.state import DIGEST, FIELD_MANAGER, FLEET, DesiredObject, ObservedObject
from reconciler.domain.tally import Tally
from reconciler.faults import Conflict, Missing, Refused

from .access import open_access
from .cache import Snapshot
from .complaints import last_complaint
from .events import EventWriter
from .kinds import KindInfo, discovered_kinds, group_path, known_kind
from .logs import log_text
from .looks import CRD, Looking, Looks, Pods
from .owners import disowning, field_owners
from .presence import present
from .seen import Json, observe, whole
from .wire import APPLY, JSON_PATCH, MERGE, MOST_AT_ONCE, Request, Wire

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
        access = open_access(kubeconfig, context, connections=MOST_AT_ONCE + len(kinds) + _OTHER_WATCHES)
        self._wire = Wire(access, looking.patience, looking.clock)
        self._fleet = fleet
        self._looks = Looks(self._wire, fleet, kinds, looking)
        self._events = EventWriter(self._wire)
        self._served = {(kind.api_version, kind.kind): kind for kind in kinds}

    def ask_before_writing(self, may_write: Callable[[], None]) -> None:
        """From now on call this before every write; it raises Deposed where we may not write any more."""
        self._wire.ask_before_writing(may_write)

    def tell_the_time(self, hear: Callable[[str], None]) -> None:
        """From now on tell what time the API server says it is: the `Date` of its answers."""
        self._wire.tell_the_time(hear)

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

    def unseen(self) -> Mapping[tuple[str, str], str]:
        """Kinds of which the last look could see nothing, each with the reason."""
        return self._looks.unseen()

    def find(self, ref: Ref) -> ObservedObject | None:
        """One object, whoever owns it, asked for now; None when it, or its kind, is not there."""
        try:
            kind = self._kind(ref)
            return observe(self._wire.ask(Request("GET", kind.path(ref))), kind, whole)
        except Missing:
            return None

    def present(self, refs: Iterable[Ref]) -> Mapping[Ref, ObservedObject]:
        """Those of these objects that are there, whoever owns them, asked for now with as few requests as it
        takes; of their bodies only the metadata."""
        by_kind: dict[KindInfo, list[Ref]] = {}
        for ref in refs:
            with suppress(Missing):
                by_kind.setdefault(self._kind(ref), []).append(ref)
        found = (present(self._wire, kind, wanted) for kind, wanted in by_kind.items())
        return {seen.ref: seen for each in found for seen in each}

    def owners(self, ref: Ref, fields: Iterable[str]) -> tuple[str, ...]:
        """The field managers, other than us, of any of these fields of an object as it is now."""
        kind = self._kind(ref)
        return field_owners(self._wire.ask(Request("GET", kind.path(ref))), fields)

    def log(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """The last lines a container wrote, at most 4 MiB. Raises Missing where there is no such pod, Refused
        where it has not started, Forbidden without `get` on `pods/log`."""
        return log_text(self._wire, namespace, pod, container, lines)

    def complaint(self, ref: Ref, uid: str) -> str:
        """Why the controller of that very object could last make no pod of it; empty where it says nothing.
        Raises Forbidden without `list` on `events`."""
        return last_complaint(self._wire, ref.namespace, uid)

    def apply(self, desired: DesiredObject, *, force: bool = False) -> Applied:
        """Server-side apply, with the digest annotated. Raises Conflict naming other managers and the
        fields they hold, unless forced; Missing when the namespace or the kind is not there."""
        kind = self._kind(desired.ref)
        before = self._known(kind, desired.ref)
        query = (("fieldManager", FIELD_MANAGER), ("force", "true" if force else "false"))
        patch = Request("PATCH", kind.path(desired.ref), query, _annotated(desired), APPLY)
        seen = self._note(kind, self._disowned(kind, desired.ref, self._wire.ask(patch)))
        changed = before is None or before.resource_version != seen.resource_version
        return Applied(seen.uid, seen.generation, changed, seen)

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

    def tell(self, event: Event) -> None:
        """Tell what happened to an object as a Kubernetes Event; told again, it counts once more."""
        self._events.write(event)

    def tallies(self) -> Iterator[Tally]:
        """What was asked of the API server, how it goes with following it, and the Events written."""
        yield from self._wire.tallies()
        yield from self._looks.tallies()
        yield from self._events.tallies()

    def close(self) -> None:
        """Stop following, let go of all connections."""
        self._wire.stop()
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

    def _disowned(self, kind: KindInfo, ref: Ref, answer: Json) -> Json:
        """What was applied, owned by nothing of ours but that. Where it changed meanwhile the next apply sees
        to it."""
        if patch := disowning(answer):
            request = Request("PATCH", kind.path(ref), (), _bytes(patch), JSON_PATCH)
            with suppress(Conflict, Refused):
                return self._wire.ask(request)
        return answer

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


def _bytes(document: Mapping[str, object] | list[Json]) -> bytes:
    return to_json(document)
