"""What `kubectl get pods` says of a pod, by the rules of the API server's own printer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .documents import Obj
from .spans import since


def readiness(pod: Obj, _now: datetime) -> str:
    """Ready containers of all."""
    ready = sum(bool(each.get("ready")) for each in _statuses(pod, "containerStatuses"))
    return f"{ready}/{len(pod['spec'].get('containers') or ())}"


def status_word(pod: Obj, _now: datetime) -> str:
    """The one word for where a pod stands."""
    status = pod.get("status") or {}
    word = str(status.get("reason") or status.get("phase") or "Unknown")
    starting = _starting_word(pod)
    word = starting or _container_word(pod, word)
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return word


def restarts(pod: Obj, now: datetime) -> str:
    """How often its containers have restarted, and how long ago the last time was."""
    count = sum(each.get("restartCount", 0) for each in _statuses(pod, "containerStatuses"))
    ends = [_last_end(each) for each in _statuses(pod, "containerStatuses")]
    latest = max((end for end in ends if end), default="")
    return f"{count} ({since(latest, now)} ago)" if count and latest else str(count)


def _starting_word(pod: Obj) -> str:
    """What its init containers say while they are not done; empty once they are."""
    statuses = list(_statuses(pod, "initContainerStatuses"))
    total = len(pod["spec"].get("initContainers") or ())
    for index, each in enumerate(statuses):
        state = each.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting") or {}
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if ended is not None:
            return f"Init:{_end_word(ended)}"
        if waiting.get("reason", "PodInitializing") != "PodInitializing":
            return f"Init:{waiting['reason']}"
        return f"Init:{index}/{total}"
    return ""


def _container_word(pod: Obj, word: str) -> str:
    running = False
    for each in reversed(list(_statuses(pod, "containerStatuses"))):
        state = each.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            word = state["waiting"]["reason"]
        elif state.get("terminated") is not None:
            word = _end_word(state["terminated"])
        elif each.get("ready") and state.get("running") is not None:
            running = True
    if word == "Completed" and running:
        return "Running" if _is_ready(pod) else "NotReady"
    return word


def _end_word(ended: Obj) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _last_end(status: Obj) -> str:
    return str(((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or "")


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _statuses(pod: Obj, field: str) -> Iterator[Obj]:
    yield from (pod.get("status") or {}).get(field) or ()
