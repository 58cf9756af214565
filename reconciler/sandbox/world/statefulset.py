"""StatefulSets: numbered pods and their claims, in order or in parallel, rolled from the top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.kube.store import Event

from .ground import Ground
from .pods import Mould, count_ready, is_done, is_ready, reference_to, revision_of
from .queue import Key, Queue
from .sight import Object, key_of, owner_of

_BY = "statefulset-controller"
_REVISION = "controller-revision-hash"


@dataclass(frozen=True, slots=True)
class Row:
    """A StatefulSet and its pods as they stand, by number."""

    sts: Object
    pods: Mapping[int, Object]
    revision: str

    @property
    def numbers(self) -> range:
        """Say which pods there shall be."""
        start = (self.sts["spec"].get("ordinals") or {}).get("start", 0)
        return range(start, start + self.sts["spec"].get("replicas", 1))

    @property
    def in_parallel(self) -> bool:
        """Are pods made and removed all at once?"""
        return bool(self.sts["spec"].get("podManagementPolicy") == "Parallel")

    def outdated(self) -> list[int]:
        """List the pods of another template that a rolling update may replace, highest first."""
        strategy = self.sts["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return []
        first = (strategy.get("rollingUpdate") or {}).get("partition") or 0
        old = [n for n in self.numbers if n in self.pods and self.revision_at(n) != self.revision]
        return sorted((number for number in old if number >= first), reverse=True)

    def revision_at(self, number: int) -> str:
        """Say which template a pod was made of."""
        return str(self.pods[number]["metadata"]["labels"].get(_REVISION, ""))

    def mould(self) -> Mould:
        """Say how its pods are made."""
        return Mould(self.sts, self.sts["spec"]["template"], {_REVISION: self.revision})


class StatefulSets:
    """Keeps the pods of StatefulSets."""

    kinds = ("StatefulSet", "Pod")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)

    def note(self, event: Event) -> None:
        """Hear of a StatefulSet, or of a pod that one owns."""
        if event.kind == "StatefulSet":
            self._queue.add(key_of(event.obj))
        elif (owner := owner_of(event.obj)).get("kind") == "StatefulSet":
            self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))

    def _look(self, key: Key) -> None:
        sts = self._ground.find("StatefulSet", *key)
        if sts is None or sts["metadata"].get("deletionTimestamp"):
            return
        row = self._row(sts)
        self._replace_finished(row)
        self._scale_up(row)
        self._scale_down(row)
        self._roll(row)
        row = self._row(sts)
        self._ground.write_status("StatefulSet", sts, _status(row))

    def _row(self, sts: Object) -> Row:
        pods = self._ground.sight.pods_of(sts["metadata"]["uid"])
        name = sts["metadata"]["name"]
        revision = f"{name}-{revision_of(sts['spec']['template'])}"
        return Row(sts, {_number(pod): pod for pod in pods}, revision)

    def _replace_finished(self, row: Row) -> None:
        for pod in row.pods.values():
            if is_done(pod) and not pod["metadata"].get("deletionTimestamp"):
                said = (
                    f"StatefulSet {row.sts['metadata']['name']} is recreating Pod {pod['metadata']['name']}"
                )
                self._ground.recorder.say(row.sts, "RecreatingFailedPod", said, by=_BY, warning=True)
                self._ground.delete("Pod", pod)

    def _scale_up(self, row: Row) -> None:
        for number in row.numbers:
            if number not in row.pods:
                self._make(row, number)
            if not row.in_parallel and not (number in row.pods and is_ready(row.pods[number])):
                return

    def _make(self, row: Row, number: int) -> None:
        name = f"{row.sts['metadata']['name']}-{number}"
        claims = self._claims(row.sts, name)
        labels = {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(number)}
        service = row.sts["spec"].get("serviceName")
        pod = row.mould().pod(name, labels, hostname=name, **({"subdomain": service} if service else {}))
        taken = {claim["name"] for claim in claims}
        volumes = [one for one in pod["spec"].get("volumes") or () if one["name"] not in taken]
        pod["spec"]["volumes"] = [*volumes, *claims]
        self._ground.store.create(pod, manager=_BY)
        said = f"create Pod {name} in StatefulSet {row.sts['metadata']['name']} successful"
        self._ground.recorder.say(row.sts, "SuccessfulCreate", said, by=_BY)

    def _claims(self, sts: Object, pod: str) -> list[dict[str, Any]]:
        """Make the claims of a pod where they are missing; give the volumes that use them."""
        volumes = []
        for template in sts["spec"].get("volumeClaimTemplates") or ():
            volume = template["metadata"]["name"]
            claim = f"{volume}-{pod}"
            if not self._ground.find("PersistentVolumeClaim", sts["metadata"]["namespace"], claim):
                self._ground.store.create(_claim(sts, template, claim), manager=_BY)
            volumes.append({"name": volume, "persistentVolumeClaim": {"claimName": claim}})
        return volumes

    def _scale_down(self, row: Row) -> None:
        surplus = sorted((number for number in row.pods if number not in row.numbers), reverse=True)
        for number in surplus if row.in_parallel else surplus[:1]:
            self._remove(row, number)

    def _roll(self, row: Row) -> None:
        """Replace one outdated pod at a time, once those above it are ready."""
        for number in row.outdated():
            above = (row.pods.get(other) for other in row.numbers if other > number)
            if all(pod and is_ready(pod) for pod in above):
                self._remove(row, number)
            return

    def _remove(self, row: Row, number: int) -> None:
        pod, name = row.pods[number], row.sts["metadata"]["name"]
        if pod["metadata"].get("deletionTimestamp"):
            return
        said = f"delete Pod {pod['metadata']['name']} in StatefulSet {name} successful"
        self._ground.recorder.say(row.sts, "SuccessfulDelete", said, by=_BY)
        self._ground.delete("Pod", pod)


def _number(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _claim(sts: Object, template: Mapping[str, Any], name: str) -> Object:
    meta = {**template["metadata"], "name": name, "namespace": sts["metadata"]["namespace"]}
    policy = sts["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    if policy.get("whenDeleted") == "Delete":
        meta["ownerReferences"] = [reference_to(sts, controller=False)]
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": template["spec"]}


def _status(row: Row) -> dict[str, Any]:
    before = row.sts.get("status") or {}
    updated = [number for number in row.pods if row.revision_at(number) == row.revision]
    current = before.get("currentRevision") or row.revision
    if len(updated) == len(row.pods) == len(row.numbers) == count_ready(row.pods.values()):
        current = row.revision
    ready = count_ready(row.pods.values())
    return {
        "observedGeneration": row.sts["metadata"].get("generation", 1),
        "replicas": len(row.pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "updatedReplicas": len(updated),
        "currentReplicas": sum(1 for number in row.pods if row.revision_at(number) == current),
        "currentRevision": current,
        "updateRevision": row.revision,
        "collisionCount": 0,
    }
