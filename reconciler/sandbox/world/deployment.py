"""Deployments and ReplicaSets: a new ReplicaSet a template, the old one let go when it is ready."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.kube.store import Event

from .ground import Ground
from .pods import (
    Mould,
    condition,
    count_ready,
    in_letters,
    is_done,
    is_ready,
    reference_to,
    revision_of,
    settled,
)
from .queue import Key, Queue
from .sight import Object, key_of, owner_of

_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"


class Deployments:
    """Keeps the ReplicaSets of Deployments."""

    kinds = ("Deployment", "ReplicaSet")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)
        self._sets: dict[str, dict[str, Object]] = {}

    def note(self, event: Event) -> None:
        """Hear of a Deployment, or of a ReplicaSet that one owns."""
        if event.kind == "Deployment":
            self._queue.add(key_of(event.obj))
            return
        owner = owner_of(event.obj)
        known = self._sets.setdefault(owner.get("uid", ""), {})
        if event.type == "DELETED":
            known.pop(event.obj["metadata"]["uid"], None)
        else:
            known[event.obj["metadata"]["uid"]] = event.obj
        if owner.get("kind") == "Deployment":
            self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))

    def _look(self, key: Key) -> None:
        deployment = self._ground.find("Deployment", *key)
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            return
        revision = revision_of(deployment["spec"]["template"])
        sets = list(self._sets.get(deployment["metadata"]["uid"], {}).values())
        new = next((one for one in sets if one["metadata"]["labels"][_HASH] == revision), None)
        if new is None:
            self._make(deployment, revision, _latest(sets) + 1)
            return
        self._number(deployment, new, sets)
        old = [one for one in sets if one is not new]
        wanted = deployment["spec"].get("replicas", 1)
        self._scale(new, wanted)
        if _ready(new) >= wanted:
            for one in old:
                self._scale(one, 0)
        self._ground.write_status("Deployment", deployment, self._status(deployment, new, old))

    def _number(self, deployment: Object, new: Object, sets: list[Object]) -> None:
        """The ReplicaSet in use has the highest number, one gone back to as well; the Deployment tells it."""
        latest = _latest(sets)
        sole = sum(_numbered(one) == latest for one in sets) == 1
        number = latest if _numbered(new) == latest and sole else latest + 1
        for kind, obj in (("ReplicaSet", new), ("Deployment", deployment)):
            if _numbered(obj) != number:
                note = {"metadata": {"annotations": {_REVISION: str(number)}}}
                self._ground.store.patch(kind, *key_of(obj), note)

    def _make(self, deployment: Object, revision: str, number: int) -> None:
        meta, template = deployment["metadata"], deployment["spec"]["template"]
        labels = {**((template.get("metadata") or {}).get("labels") or {}), _HASH: revision}
        self._ground.store.create(
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": f"{meta['name']}-{revision}",
                    "namespace": meta["namespace"],
                    "labels": labels,
                    "annotations": {_REVISION: str(number)},
                    "ownerReferences": [reference_to(deployment)],
                },
                "spec": {
                    "replicas": deployment["spec"].get("replicas", 1),
                    "selector": {"matchLabels": labels},
                    "template": {
                        **template,
                        "metadata": {**(template.get("metadata") or {}), "labels": labels},
                    },
                },
            }
        )

    def _scale(self, one: Object, replicas: int) -> None:
        if one["spec"].get("replicas") != replicas:
            namespace, name = key_of(one)
            self._ground.store.patch("ReplicaSet", namespace, name, {"spec": {"replicas": replicas}})

    def _status(self, deployment: Object, new: Object, old: list[Object]) -> dict[str, Any]:
        wanted, now = deployment["spec"].get("replicas", 1), self._ground.clock.stamp()
        ready = sum(_ready(one) for one in (new, *old))
        total = sum((one.get("status") or {}).get("replicas", 0) for one in (new, *old))
        done = _ready(new) >= wanted and total == wanted
        conditions = [
            condition("Available", ready >= wanted, now, _word(ready >= wanted, "MinimumReplicas")),
            condition("Progressing", True, now, "NewReplicaSetAvailable" if done else "ReplicaSetUpdated"),
        ]
        return {
            "observedGeneration": deployment["metadata"].get("generation", 1),
            "replicas": total,
            "updatedReplicas": (new.get("status") or {}).get("replicas", 0),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "unavailableReplicas": max(wanted - ready, 0) or None,
            "conditions": settled(conditions, (deployment.get("status") or {}).get("conditions") or ()),
        }


class ReplicaSets:
    """Keeps the pods of ReplicaSets."""

    kinds = ("ReplicaSet", "Pod")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)
        self._made = 0

    def note(self, event: Event) -> None:
        """Hear of a ReplicaSet, or of a pod that one owns."""
        if event.kind == "ReplicaSet":
            self._queue.add(key_of(event.obj))
        elif (owner := owner_of(event.obj)).get("kind") == "ReplicaSet":
            self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))

    def _look(self, key: Key) -> None:
        found = self._ground.find("ReplicaSet", *key)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return
        pods = self._ground.sight.pods_of(found["metadata"]["uid"])
        alive = [pod for pod in pods if not is_done(pod) and not pod["metadata"].get("deletionTimestamp")]
        wanted = found["spec"].get("replicas", 1)
        for _ in range(wanted - len(alive)):
            self._make(found)
        for pod in sorted(alive, key=is_ready)[: max(len(alive) - wanted, 0)]:
            self._ground.delete("Pod", pod)
        ready = count_ready(self._ground.sight.pods_of(found["metadata"]["uid"]))
        generation = found["metadata"].get("generation", 1)
        counts = {"replicas": wanted, "readyReplicas": ready, "availableReplicas": ready}
        self._ground.write_status("ReplicaSet", found, {**counts, "observedGeneration": generation})

    def _make(self, found: Object) -> None:
        self._made += 1
        suffix = in_letters(f"{found['metadata']['uid']}/{self._made}", 5)
        name = f"{found['metadata']['name']}-{suffix}"
        self._ground.store.create(Mould(found, found["spec"]["template"]).pod(name))
        self._ground.recorder.say(
            found, "SuccessfulCreate", f"Created pod: {name}", by="replicaset-controller"
        )


def _latest(sets: list[Object]) -> int:
    return max(map(_numbered, sets), default=0)


def _numbered(obj: Object) -> int:
    noted = (obj["metadata"].get("annotations") or {}).get(_REVISION, "")
    return int(noted) if noted.isdigit() else 0


def _ready(one: Object) -> int:
    return int((one.get("status") or {}).get("readyReplicas") or 0)


def _word(yes: bool, of: str) -> str:
    return f"{of}{'Available' if yes else 'Unavailable'}"
