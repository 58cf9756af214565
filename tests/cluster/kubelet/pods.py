"""What a kubelet does to a pod next: a pure function of what the API server holds of it.

A fault is chosen by the annotation `kubelet.test/fault` of a pod or by the tag of an image in lower case
(`example.com/model:crashloopbackoff`). `kubelet.test/ready-after` and `kubelet.test/ends-after` are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.cluster.kubelet.pod_status import TROUBLES, PodStatus

FAULT = "kubelet.test/fault"
READY_AFTER = "kubelet.test/ready-after"
ENDS_AFTER = "kubelet.test/ends-after"
STUCK = "Stuck"
"""The fault of a pod whose containers do not end when it is deleted."""

_BY_TAG = {name.lower(): name for name in TROUBLES}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from bound to ready, and from ready to the end for what is to end; pods may say otherwise."""

    ready_after: float = 0.0
    ends_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """What is done to a pod `after` seconds: this status is written, or, without one, it is gone."""

    stage: str
    after: float = 0.0
    status: dict[str, Any] | None = None


def next_move(pod: dict[str, Any], node_is_well: bool, pace: Pace, now: str) -> Move | None:
    """The next thing to do, None where there is nothing. `now` is written as RFC 3339."""
    if pod["metadata"].get("deletionTimestamp"):
        stays = not node_is_well or _annotations(pod).get(FAULT) == STUCK
        return None if stays else Move("gone")
    stage, words = _stage(pod), PodStatus(pod, now)
    if stage == "over":
        return None
    fault = _fault(pod)
    if fault in TROUBLES:
        return None if stage == fault else _into_trouble(words, fault)
    if not node_is_well:
        return Move("running", 0, words.running(ready=False)) if stage == "ready" else None
    return _onwards(words, stage, _pace(pod, pace))


def _into_trouble(words: PodStatus, fault: str) -> Move:
    trouble = TROUBLES[fault]
    if trouble.ended and words.pod["spec"].get("restartPolicy") == "Never":
        return Move("over", 0, words.failed(trouble))
    return Move(fault, 0, words.stuck(trouble))


def _onwards(words: PodStatus, stage: str, pace: Pace) -> Move | None:
    if stage == "ready":
        return Move("over", pace.ends_after, words.succeeded()) if _is_to_end(words.pod) else None
    if stage == "running" or pace.ready_after == 0:
        return Move("ready", pace.ready_after, words.running(ready=True))
    return Move("running", 0, words.running(ready=False))


def _stage(pod: dict[str, Any]) -> str:
    """Where the pod is, by its status: new, running, ready, over, or the trouble that it is in."""
    status = pod.get("status", {})
    if status.get("phase") in ("Succeeded", "Failed"):
        return "over"
    for each in status.get("containerStatuses") or ():
        if waiting := each.get("state", {}).get("waiting"):
            ended = each.get("lastState", {}).get("terminated", {}).get("reason")
            return ended if ended in TROUBLES else str(waiting.get("reason"))
    if status.get("phase") != "Running":
        return "new"
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))
    return "ready" if ready else "running"


def _fault(pod: dict[str, Any]) -> str:
    tags = (each["image"].rpartition(":")[2] for each in pod["spec"]["containers"])
    tagged = next((_BY_TAG[tag] for tag in tags if tag in _BY_TAG), "")
    return str(_annotations(pod).get(FAULT, tagged))


def _pace(pod: dict[str, Any], pace: Pace) -> Pace:
    told = _annotations(pod)
    return Pace(float(told.get(READY_AFTER, pace.ready_after)), float(told.get(ENDS_AFTER, pace.ends_after)))


def _is_to_end(pod: dict[str, Any]) -> bool:
    return str(pod["spec"].get("restartPolicy", "Always")) != "Always"


def _annotations(pod: dict[str, Any]) -> dict[str, str]:
    return pod["metadata"].get("annotations") or {}
