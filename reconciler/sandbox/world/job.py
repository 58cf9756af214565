"""The Job controller: pods until enough have succeeded, or too many have failed."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.kube.store import Event

from .failure_policy import failing, is_ignored
from .ground import Ground
from .pods import Mould, condition, count_ready, in_letters, is_done, phase_of
from .queue import Key, Queue
from .sight import Object, key_of, owner_of

_BY = "job-controller"
_FIRST_DELAY, _LONGEST_DELAY = 10.0, 360.0


class Jobs:
    """Keeps the pods of Jobs."""

    kinds = ("Job", "Pod")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)
        self._held: dict[str, tuple[int, float]] = {}
        self._made = 0

    def note(self, event: Event) -> None:
        """Hear of a Job, or of a pod that one owns."""
        if event.kind == "Job":
            self._queue.add(key_of(event.obj))
            if event.type == "DELETED":
                self._held.pop(event.obj["metadata"]["uid"], None)
        elif (owner := owner_of(event.obj)).get("kind") == "Job":
            self._queue.add((event.obj["metadata"]["namespace"], owner["name"]))

    def _look(self, key: Key) -> None:
        job = self._ground.find("Job", *key)
        if job is None or job["metadata"].get("deletionTimestamp"):
            return
        if ended := _ended(job):
            self._forget(job, ended)
            return
        pods = self._ground.sight.pods_of(job["metadata"]["uid"])
        status = self._counts(job, pods)
        if verdict := self._verdict(job, status, pods):
            self._end(job, pods, status, verdict)
            return
        self._ground.write_status("Job", job, status)
        self._adjust(job, pods, status)

    def _counts(self, job: Object, pods: list[Object]) -> dict[str, Any]:
        before = job.get("status") or {}
        active = [pod for pod in pods if not is_done(pod)]
        counted = [pod for pod in pods if not is_ignored(job, pod)]
        counts = {word: sum(phase_of(pod) == word for pod in counted) for word in ("Succeeded", "Failed")}
        return {
            "startTime": before.get("startTime") or self._ground.clock.stamp(),
            "active": len(active) or None,
            "ready": count_ready(active),
            "succeeded": max(counts["Succeeded"], before.get("succeeded") or 0) or None,
            "failed": max(counts["Failed"], before.get("failed") or 0) or None,
            "uncountedTerminatedPods": {},
        }

    def _verdict(
        self, job: Object, status: dict[str, Any], pods: list[Object]
    ) -> tuple[str, str, str] | None:
        """Say how the Job ended (condition, reason, message), or None while it goes on."""
        spec = job["spec"]
        if (status["succeeded"] or 0) >= _completions(job):
            return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
        if why := failing(job, pods):
            return "Failed", "PodFailurePolicy", why
        if (status["failed"] or 0) > spec.get("backoffLimit", 6):
            return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
        deadline = spec.get("activeDeadlineSeconds")
        if deadline is not None and self._ground.clock.since(status["startTime"]) >= deadline:
            return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        if deadline is not None:
            self._queue.add_later(key_of(job), deadline - self._ground.clock.since(status["startTime"]) + 0.1)
        return None

    def _end(
        self, job: Object, pods: list[Object], status: dict[str, Any], verdict: tuple[str, str, str]
    ) -> None:
        kind, reason, message = verdict
        now = self._ground.clock.stamp()
        first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        conditions = [condition(word, True, now, reason, message) for word in (first, kind)]
        done = {"completionTime": now} if kind == "Complete" else {}
        ended = {**status, "active": None, "ready": 0, "conditions": conditions, **done}
        self._ground.write_status("Job", job, ended)
        for pod in pods:
            if not is_done(pod):
                self._ground.delete("Pod", pod)
        said = "Job completed" if kind == "Complete" else message
        name = "Completed" if kind == "Complete" else reason
        self._ground.recorder.say(job, name, said, by=_BY, warning=kind == "Failed")

    def _forget(self, job: Object, ended: str) -> None:
        """Delete a finished Job when its time to live is over."""
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ttl is None:
            return
        left = ttl - self._ground.clock.since(ended)
        if left <= 0:
            self._ground.delete("Job", job)
        else:
            self._queue.add_later(key_of(job), left + 0.1)

    def _adjust(self, job: Object, pods: list[Object], status: dict[str, Any]) -> None:
        active = [pod for pod in pods if not is_done(pod)]
        wanted = 0 if job["spec"].get("suspend") else self._wanted(job, status)
        for pod in active[wanted:]:
            self._ground.delete("Pod", pod)
        if len(active) < wanted and not self._is_held(job, status["failed"] or 0):
            for _ in range(wanted - len(active)):
                self._make(job)

    def _wanted(self, job: Object, status: dict[str, Any]) -> int:
        left = _completions(job) - int(status["succeeded"] or 0)
        return max(min(int(job["spec"].get("parallelism", 1)), left), 0)

    def _is_held(self, job: Object, failed: int) -> bool:
        """After a failure, wait 10 s and twice as long each further time before another pod is made."""
        uid = job["metadata"]["uid"]
        known, due = self._held.get(uid, (0, 0.0))
        now = self._ground.clock.now().timestamp()
        if known < failed:
            delay = min(_FIRST_DELAY * 2 ** (failed - 1), _LONGEST_DELAY)
            due = now + delay
            self._held[uid] = (failed, due)
            self._queue.add_later(key_of(job), delay)
        return now < due

    def _make(self, job: Object) -> None:
        self._made += 1
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        labels = {"job-name": name, "controller-uid": uid}
        labels |= {f"batch.kubernetes.io/{label}": value for label, value in labels.items()}
        pod = Mould(job, job["spec"]["template"], labels).pod(
            f"{name}-{in_letters(f'{uid}/{self._made}', 5)}"
        )
        pod["metadata"]["generateName"] = f"{name}-"
        self._ground.store.create(pod, manager=_BY)
        said = f"Created pod: {pod['metadata']['name']}"
        self._ground.recorder.say(job, "SuccessfulCreate", said, by=_BY)


def _completions(job: Object) -> int:
    completions = job["spec"].get("completions")
    return int(job["spec"].get("parallelism", 1) if completions is None else completions)


def _ended(job: Object) -> str:
    """Say when a Job ended; "" while it goes on."""
    for one in (job.get("status") or {}).get("conditions") or ():
        if one["type"] in ("Complete", "Failed") and one["status"] == "True":
            return str(one["lastTransitionTime"])
    return ""
