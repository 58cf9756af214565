"""Lines as containers print them, workloads and pods as they are seen."""

from __future__ import annotations

import json
from typing import Any

from reconciler.domain.state import ObservedObject
from reconciler.planner.hear.record import ANNOTATION, Record, written
from tests.builders import NAME, observed_object

NOW = "2026-11-22T12:00:00Z"
DIGEST = "registry.example.com/adapters/phi@sha256:" + "a" * 64


def line(subject: str, **facts: Any) -> str:
    """A telemetry line."""
    return json.dumps({"time": NOW, "event": "telemetry", subject: facts}) + "\n"


def downloading(done: int, total: int = 100, what: str = "weights") -> str:
    return line("download", what=what, doneBytes=done, totalBytes=total, bytesPerSecond=10)


def training(step: int = 0, state: str = "training", **more: Any) -> str:
    return line("training", **{"state": state, "step": step, "steps": 400, **more})


MEASURED = line(
    "benchmark",
    tokensPerSecond=197.4,
    tokensPerMinute=106000,
    ttftSeconds=0.18,
    tpotSeconds=0.02,
    contextTokens=4096,
    clients=8,
)


def serving_set(uid: str = "set-1", newest: str = "phi-1", record: Record | None = None) -> ObservedObject:
    """A StatefulSet of Towline's serving container."""
    return workload("apps/v1", "StatefulSet", "runtime.serving", uid, {"updateRevision": newest}, record)


def tuning_job(uid: str = "job-1", record: Record | None = None) -> ObservedObject:
    """A Job of Towline's tuning container."""
    return workload("batch/v1", "Job", "runtime.tuning", uid, {"active": 1, "ready": 1}, record)


def workload(
    version: str, kind: str, module: str, uid: str, status: dict[str, Any], record: Record | None = None
) -> ObservedObject:
    noted = {"annotations": {ANNOTATION: written(record)}} if record else {}
    containers = [{"name": "model", "command": ["python", "-m", module, "/etc/towline/it.yaml"]}]
    document = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "phi", "namespace": "default", **noted},
        "spec": {"template": {"spec": {"containers": containers}}},
        "status": status,
    }
    return observed_object(document, uid=uid, workspace=NAME)


def pod(
    name: str = "phi-0",
    uid: str = "pod-1",
    of: str = "set-1",
    *,
    born: str = NOW,
    ready: str = "",
    revision: str = "phi-1",
    init: dict[str, Any] | None = None,
    **state: Any,
) -> ObservedObject:
    """A pod of the workload with the uid `of`; its container `model` runs unless it is in another state.
    `ready` is since when it is Ready."""
    conditions = [{"type": "PodScheduled", "status": "True"}]
    conditions += [{"type": "Ready", "status": "True", "lastTransitionTime": ready}] if ready else []
    fetching = [{"name": "fetch", "state": init}] if init else []
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "creationTimestamp": born,
            "labels": {"controller-revision-hash": revision},
            "ownerReferences": [{"uid": of}],
        },
        "status": {
            "conditions": conditions,
            "initContainerStatuses": fetching,
            "containerStatuses": [{"name": "model", "state": state or {"running": {"startedAt": NOW}}}],
        },
    }
    return observed_object(document, uid=uid, workspace=NAME)


def ended(message: str = "", code: int = 0, at: str = NOW) -> dict[str, Any]:
    """A container that is over."""
    return {"exitCode": code, "finishedAt": at, "message": message}
