"""The ports filled in memory: a small world that remembers what it was told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.domain.cloud import AksStanding, Market, Offering, Usage
from reconciler.domain.config import Entry, Snapshot
from reconciler.domain.event import Event
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.plan import Applied
from reconciler.domain.report import StatusCommit
from reconciler.domain.state import CRD, FLEET, DesiredObject, DesiredPool, ObservedObject, ObservedPool
from reconciler.faults import Conflict, Deposed, Fault, Missing
from reconciler.planner.decide.order import CLUSTER_WIDE
from tests.builders import observed_object, observed_pool


class FakeCluster:
    """Objects by ref. `writes` tells what was done, `applied` with which documents; `faults` what happens to
    whom instead; `hooks` what a webhook makes of whatever is applied."""

    def __init__(self, *objects: ObservedObject) -> None:
        self.seen = {each.ref: each for each in objects}
        self.writes: list[tuple[str, str]] = []
        self.faults: dict[str, list[Fault]] = {}
        self.blind: Fault | None = None
        self.machines: tuple[ObservedObject, ...] = ()
        self.running: dict[WorkspaceName, tuple[ObservedObject, ...]] = {}
        self.logs: dict[tuple[str, str], str | Fault] = {}
        self.read: list[tuple[str, str]] = []
        self.hidden: dict[tuple[str, str], str] = {}
        self.establishes = True
        self.complaints: dict[str, str | Fault] = {}
        self.asked_why: list[str] = []
        self.lingering: dict[str, list[str]] = {}
        self.managers: dict[str, tuple[str, ...]] = {}
        self.events: list[Event] = []
        self.deposed_after: int | None = None
        self.applied: list[dict[str, Any]] = []
        self.hooks: dict[str, Mapping[str, Any]] = {}

    def objects(self) -> Mapping[Ref, ObservedObject]:
        if self.blind:
            raise self.blind
        labelled = (each for each in self._shown() if FLEET in each.document["metadata"].get("labels", {}))
        return {each.ref: each for each in labelled}

    def pods(self) -> Mapping[WorkspaceName, tuple[ObservedObject, ...]]:
        return dict(self.running)

    def nodes(self) -> tuple[ObservedObject, ...]:
        return self.machines

    def shared(self) -> Mapping[Ref, ObservedObject]:
        return {each.ref: each for each in self._shown() if each.ref.kind in CLUSTER_WIDE}

    def _shown(self) -> Iterable[ObservedObject]:
        """All but the kinds that are `hidden`."""
        return [
            each for each in self.seen.values() if (each.ref.api_version, each.ref.kind) not in self.hidden
        ]

    def unseen(self) -> Mapping[tuple[str, str], str]:
        return dict(self.hidden)

    def find(self, ref: Ref) -> ObservedObject | None:
        return self.seen.get(ref)

    def present(self, refs: Iterable[Ref]) -> Mapping[Ref, ObservedObject]:
        return {ref: self.seen[ref] for ref in refs if ref in self.seen}

    def owners(self, ref: Ref, fields: Iterable[str]) -> tuple[str, ...]:
        return self.managers.get(str(ref), ())

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def log(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """What `logs` has by pod and container."""
        self.read.append((pod, container))
        told = self.logs.get((pod, container), Missing(f"no pod {namespace}/{pod}"))
        if isinstance(told, Fault):
            raise told
        return "".join(told.splitlines(keepends=True)[-lines:])

    def complaint(self, ref: Ref, uid: str) -> str:
        """What `complaints` has by ref."""
        self.asked_why.append(str(ref))
        said = self.complaints.get(str(ref), "")
        if isinstance(said, Fault):
            raise said
        return said

    def apply(self, desired: DesiredObject, *, force: bool = False) -> Applied:
        self._fail(desired.ref, force=force)
        self.writes.append(("force" if force else "apply", str(desired.ref)))
        self.applied.append(desired.document)
        known = self.seen.get(desired.ref)
        uid = known.uid if known else f"uid-{len(self.writes)}"
        version = str(len(self.writes) + 100)
        document = _merged(desired.document, self.hooks.get(str(desired.ref), {}))
        if desired.ref.kind == CRD and self.establishes:
            document["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        self.seen[desired.ref] = observed_object(
            document,
            digest=desired.digest,
            uid=uid,
            resource_version=version,
            workspace=desired.workspace,
        )
        return Applied(uid, seen=self.seen[desired.ref])

    def overwrite(self, ref: Ref, fields: Mapping[str, object]) -> None:
        self._fail(ref, force=False)
        self.writes.append(("overwrite", f"{ref} {json.dumps(fields)}"))
        if before := self.seen.get(ref):
            document = _merged(before.document, fields)
            version = str(len(self.writes) + 100)
            seen = observed_object(document, digest=before.digest, uid=before.uid, resource_version=version)
            self.seen[ref] = replace(seen, workspace=before.workspace)

    def apply_status(self, ref: Ref, status: Mapping[str, object]) -> None:
        self.writes.append(("status", str(ref)))
        document = {**self.seen[ref].document, "status": status}
        version = str(len(self.writes) + 100)
        before = self.seen[ref]
        seen = observed_object(document, digest=before.digest, uid=before.uid, resource_version=version)
        self.seen[ref] = replace(seen, workspace=before.workspace)

    def delete(self, ref: Ref, uid: str) -> None:
        self._fail(ref, force=False)
        self.writes.append(("delete", str(ref)))
        live = self.seen.get(ref)
        if live is not None and live.uid == uid and str(ref) in self.lingering:
            document = live.document
            document["metadata"] |= {
                "deletionTimestamp": "2026-11-22T11:50:00Z", "finalizers": self.lingering[str(ref)]
            }  # fmt: skip
            version = str(len(self.writes) + 100)
            seen = observed_object(document, digest=live.digest, uid=uid, resource_version=version)
            self.seen[ref] = replace(seen, workspace=live.workspace, deleting=True)
        elif live is not None and live.uid == uid:
            del self.seen[ref]

    def _fail(self, ref: Ref, *, force: bool) -> None:
        if self.deposed_after is not None and len(self.writes) >= self.deposed_after:
            raise Deposed("other leads")
        waiting = self.faults.get(str(ref), [])
        if waiting and not (force and isinstance(waiting[0], Conflict)):
            raise waiting.pop(0)


class FakeCloud:
    """Agent pools that are there the moment they are asked for."""

    def __init__(self, *pools: ObservedPool) -> None:
        self.seen = {pool.name: pool for pool in pools}
        self.writes: list[tuple[str, str]] = []
        self.fault: Fault | None = None
        self.aks = AksStanding("Running", "Succeeded")
        self.market = Market()

    def pools(self) -> Mapping[str, ObservedPool]:
        return dict(self.seen)

    def standing(self) -> AksStanding:
        return self.aks

    def offerings(self) -> Mapping[str, Offering]:
        return self.market.offerings or {}

    def usages(self) -> Mapping[str, Usage]:
        return self.market.usages or {}

    def ensure(self, pool: DesiredPool, *, etag: str = "") -> str:
        if self.fault:
            raise self.fault
        self.writes.append(("ensure", pool.name))
        properties: dict[str, Any] = json.loads(pool.body)["properties"]
        fleet = properties.get("tags", {}).get("towline-fleet", "towline")
        made = observed_pool(
            pool.name, pool.instance_type, count=pool.count, owner=pool.workspace, fleet=fleet
        )
        self.seen[pool.name] = replace(made, properties={**properties, "provisioningState": "Succeeded"})
        return f"correlation-{len(self.writes)}"

    def remove(self, name: str, *, ignore_disruption_budgets: bool = False) -> str:
        self.writes.append(("remove", name))
        self.seen.pop(name, None)
        return f"correlation-{len(self.writes)}"

    def abort(self, name: str) -> str:
        self.writes.append(("abort", name))
        self.seen[name] = replace(self.seen[name], state="Canceled")
        return f"correlation-{len(self.writes)}"


class FakeBook:
    """A status branch in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.messages: list[str] = []
        self.fault: Fault | None = None
        self.asked = 0

    def written(self) -> Mapping[str, str]:
        return {path: _blob(data) for path, data in self.files.items()}

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def refresh(self) -> None:
        return

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        return {path: self.files[path] for path in paths if path in self.files}

    def commit(self, status: StatusCommit) -> str:
        self.asked += 1
        if self.fault:
            raise self.fault
        self.messages.append(status.message)
        for path, data in status.files.items():
            if data is None:
                self.files.pop(path, None)
            else:
                self.files[path] = data
        return str(len(self.messages))

    def commit_after_own(self, status: StatusCommit) -> str:
        return self.commit(status)


class FakeSource:
    """Commits as mappings from path to text; the last one is the tip."""

    def __init__(self, *commits: Mapping[str, str]) -> None:
        self.commits = list(commits)
        self.rewritten = False
        self.fault: Fault | None = None

    def push(self, files: Mapping[str, str]) -> None:
        self.commits.append(files)

    def tip(self) -> str:
        if self.fault:
            raise self.fault
        return f"{len(self.commits):040d}"

    def snapshot(self, commit: str) -> Snapshot:
        files = self.commits[int(commit) - 1]
        entries = tuple(
            Entry(path, _blob(text.encode()), len(text.encode()), 0o100644)
            for path, text in sorted(files.items())
        )
        return Snapshot(commit, _blob(repr(sorted(files.items())).encode()), "a push", "a person", entries)

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        by_blob = {_blob(text.encode()): text.encode() for files in self.commits for text in files.values()}
        return {entry.blob: by_blob[entry.blob] for entry in entries}

    def descends(self, commit: str, ancestor: str) -> bool:
        return not self.rewritten and int(ancestor) <= int(commit)


def _merged(document: Any, fields: Any) -> Any:
    """RFC 7386, as far as maps go."""
    if not isinstance(document, dict) or not isinstance(fields, dict):
        return fields
    return {**document, **{key: _merged(document.get(key), value) for key, value in fields.items()}}


def _blob(data: bytes) -> str:
    import hashlib

    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
