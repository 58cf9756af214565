"""A pod's containers as its status tells them: pure values, and the status made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .pods import condition, settled
from .sight import Object


@dataclass(frozen=True, slots=True)
class Box:
    """One container: its state and its last one, is it started and ready, how often was it restarted."""

    name: str
    image: str
    state: Mapping[str, Any] = field(default_factory=lambda: waiting("ContainerCreating"))
    last: Mapping[str, Any] = field(default_factory=dict)
    started: bool = False
    ready: bool = False
    restarts: int = 0

    def running(self, now: str, *, ready: bool) -> Box:
        """Give it as it runs, from now on if it did not."""
        state = self.state if "running" in self.state else {"running": {"startedAt": now}}
        return replace(self, state=state, started=True, ready=ready)

    def ended(self, code: int, now: str, message: str = "") -> Box:
        """Give it as it has ended with an exit code and its last words."""
        begun = self.state.get("running", {}).get("startedAt", now)
        told = {"exitCode": code, "reason": "Error" if code else "Completed"}
        told |= {"message": message} if message else {}
        return replace(
            self,
            state={"terminated": {**told, "startedAt": begun, "finishedAt": now}},
            started=False,
            ready=False,
        )

    def held(self, reason: str, message: str = "") -> Box:
        """Give it as it waits, for a reason; what it was before it ended becomes its last state."""
        last = self.state if "terminated" in self.state else self.last
        return replace(self, state=waiting(reason, message), last=last, started=False, ready=False)

    @property
    def exit_code(self) -> int | None:
        """Give its exit code, if it has ended."""
        code = self.state.get("terminated", {}).get("exitCode")
        return None if code is None else int(code)

    def document(self) -> dict[str, Any]:
        """Give its entry in `containerStatuses`."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "state": dict(self.state),
            "lastState": dict(self.last),
            "started": self.started,
            "ready": self.ready,
            "restartCount": self.restarts,
        }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Give the state of a container that waits."""
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def boxes_of(pod: Object, kind: str) -> dict[str, Box]:
    """Make boxes for a pod's `containers` or `initContainers`, with the restarts its status has counted."""
    key = "containerStatuses" if kind == "containers" else "initContainerStatuses"
    told = {one["name"]: one for one in (pod.get("status") or {}).get(key) or ()}
    reason = "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"
    return {
        one["name"]: Box(
            one["name"],
            one.get("image", ""),
            waiting(reason),
            restarts=told.get(one["name"], {}).get("restartCount", 0),
        )
        for one in pod["spec"].get(kind) or ()
    }


def pod_status(
    pod: Object, inits: Sequence[Box], mains: Sequence[Box], now: str, address: str
) -> dict[str, Any]:
    """Make a pod's status of its containers; `address` is "" until it has one."""
    before = pod.get("status") or {}
    phase = _phase(pod, inits, mains)
    status = {
        "phase": phase,
        "startTime": before.get("startTime") or now,
        "hostIP": "10.224.0.4",
        "hostIPs": [{"ip": "10.224.0.4"}],
        "conditions": settled(_conditions(inits, mains, now, phase), before.get("conditions") or ()),
        "containerStatuses": [box.document() for box in mains],
        "qosClass": "BestEffort",
    }
    if inits:
        status["initContainerStatuses"] = [box.document() for box in inits]
    if address:
        status |= {"podIP": address, "podIPs": [{"ip": address}]}
    return status


def _phase(pod: Object, inits: Sequence[Box], mains: Sequence[Box]) -> str:
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" and any(box.exit_code for box in inits):
        return "Failed"
    if any(box.exit_code != 0 for box in inits):
        return "Pending"
    codes = [box.exit_code for box in mains]
    if policy != "Always" and all(code is not None for code in codes):
        return "Failed" if any(codes) and policy == "Never" else "Succeeded" if not any(codes) else "Running"
    begun = any("waiting" not in box.state or box.restarts or box.last for box in mains)
    return "Running" if begun else "Pending"


def _conditions(inits: Sequence[Box], mains: Sequence[Box], now: str, phase: str) -> list[dict[str, Any]]:
    initialized = all(box.exit_code == 0 for box in inits)
    unready = [box.name for box in mains if not box.ready]
    why = (
        ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
        if unready
        else ("", "")
    )
    if phase == "Succeeded":
        why = ("PodCompleted", "")
    unfinished = [box.name for box in inits if box.exit_code != 0]
    missing = f"containers with incomplete status: [{' '.join(unfinished)}]" if unfinished else ""
    return [
        condition("PodScheduled", True, now),
        condition(
            "Initialized", initialized, now, "" if initialized else "ContainersNotInitialized", missing
        ),
        condition("ContainersReady", not unready, now, *why),
        condition("Ready", not unready, now, *why),
    ]
