"""The status of a pod as kubelet 1.20 writes it (pkg/kubelet: kubelet_pods.go, status/generate.go)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_RESTARTS = 3
_BACK_OFF = "back-off 40s restarting failed container"
_HAPPENED = ("PodScheduled", "Initialized")
_HOPED_FOR = ("ContainersReady", "Ready")


@dataclass(frozen=True, slots=True)
class Trouble:
    """`waiting` and `said` are why a container does not run; `exit_code` and `ended` how it ran before."""

    waiting: str
    said: str
    exit_code: int = 0
    ended: str = ""


TROUBLES = {
    "ImagePullBackOff": Trouble("ImagePullBackOff", "Back-off pulling image"),
    "ErrImagePull": Trouble("ErrImagePull", "rpc error: code = NotFound desc = failed to pull and unpack"),
    "CreateContainerConfigError": Trouble("CreateContainerConfigError", 'secret "token" not found'),
    "ContainerCreating": Trouble("ContainerCreating", ""),
    "CrashLoopBackOff": Trouble("CrashLoopBackOff", _BACK_OFF, 1, "Error"),
    "OOMKilled": Trouble("CrashLoopBackOff", _BACK_OFF, 137, "OOMKilled"),
}
_COMPLETED = Trouble("", "", 0, "Completed")


@dataclass(frozen=True, slots=True)
class PodStatus:
    """Statuses to be written into one pod at one moment, RFC 3339."""

    pod: dict[str, Any]
    now: str

    def running(self, ready: bool) -> dict[str, Any]:
        """Its containers run, and are Ready or not yet."""
        return self._with("Running", ready, state={"running": {"startedAt": self.now}}, started=True)

    def succeeded(self) -> dict[str, Any]:
        """Its containers ended well."""
        return self._with("Succeeded", ready=False, state={"terminated": self._end(_COMPLETED)})

    def failed(self, trouble: Trouble) -> dict[str, Any]:
        """A container ended badly and is not started again."""
        return self._with("Failed", ready=False, state={"terminated": self._end(trouble)})

    def stuck(self, trouble: Trouble) -> dict[str, Any]:
        """A container cannot start, or did and is not started again for a while."""
        state = {"waiting": {"reason": trouble.waiting, "message": trouble.said}}
        if not trouble.ended:
            return self._with("Pending", ready=False, state=state)
        past = {"terminated": self._end(trouble)}
        return self._with("Running", ready=False, state=state, lastState=past, restartCount=_RESTARTS)

    def _with(self, phase: str, ready: bool, **container: Any) -> dict[str, Any]:
        address = _address(self.pod["metadata"]["uid"])
        specs = self.pod["spec"]["containers"]
        return {
            "phase": phase,
            "startTime": self.pod.get("status", {}).get("startTime") or self.now,
            "hostIP": "127.0.0.1",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "conditions": self._conditions(ready),
            "containerStatuses": [_container(each, {"ready": ready, **container}) for each in specs],
        }

    def _conditions(self, ready: bool) -> list[dict[str, str]]:
        names = [each["name"] for each in self.pod["spec"]["containers"]]
        why = {"reason": "ContainersNotReady", "message": f"containers with unready status: {names}"}
        at = {"lastTransitionTime": self.now}
        return [
            *({"type": each, "status": "True", **at} for each in _HAPPENED),
            *({"type": each, "status": str(ready), **at, **({} if ready else why)} for each in _HOPED_FOR),
        ]

    def _end(self, trouble: Trouble) -> dict[str, Any]:
        times = {"startedAt": self.now, "finishedAt": self.now}
        return {"exitCode": trouble.exit_code, "reason": trouble.ended, **times}


def _container(spec: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    known = {"name": spec["name"], "image": spec["image"], "imageID": ""}
    return {**known, "started": False, "restartCount": 0, **told}


def _address(uid: str) -> str:
    """One of 10.128.0.0/9, as good as a pod's own."""
    number = int(uid.replace("-", "")[:8], 16)
    return f"10.{128 + number % 127}.{number // 127 % 256}.{1 + number // 32512 % 254}"
