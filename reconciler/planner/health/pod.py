"""The health of a Pod: core/v1, failures classified by the reasons KAITO's Workspace status uses."""

from __future__ import annotations

from reconciler.domain.report import Health

from .own_words import own_words
from .verdict import (
    Document,
    condition,
    degraded,
    entries,
    healthy,
    is_deleting,
    is_true,
    named,
    progressing,
    section,
    sentence,
)

IMAGE_PULL_ERROR = "ImagePullError"
CRASH_LOOP = "ContainerCrashLoopBackOff"
OUT_OF_MEMORY = "ContainerOOMKilled"
START_ERROR = "ContainerStartError"
EXITED = "ContainerExited"
EVICTED = "PodEvicted"
UNSCHEDULABLE = "Unschedulable"
NODE_LOST = "NodeLost"
GATED = "SchedulingGated"

_KILLED = 137  # 128 and SIGKILL

_PULL = frozenset(
    {
        "ErrImageNeverPull", "ErrImagePull", "ImageInspectError", "ImagePullBackOff", "InvalidImageName",
        "RegistryUnavailable", "SignatureValidationFailed",
    }
)  # fmt: skip
_START = frozenset(
    {
        "ContainerCannotRun", "CreateContainerConfigError", "CreateContainerError", "PostStartHookError",
        "PreCreateHookError", "PreStartHookError", "RunContainerError", "StartError",
    }
)  # fmt: skip


def pod(document: Document) -> Health:
    """Healthy when Ready or finished; Degraded with a next step when a container fails; else Progressing."""
    status = section(document, "status")
    if is_deleting(document) and status.get("reason") == NODE_LOST:
        return _stranded(named(document))
    if is_deleting(document):
        return progressing("Terminating", f"pod {named(document)} is being deleted")
    if status.get("phase") == "Succeeded":
        return healthy("Succeeded", f"pod {named(document)} has finished")
    if status.get("reason") == "Evicted":
        return _evicted(document)
    if failure := _failure(document):
        return failure
    if is_true(document, "Ready"):
        return healthy("Ready", f"pod {named(document)} is Ready")
    return _starting(document)


def _stranded(name: str) -> Health:
    """Nobody is there to tell the pod to go, and a StatefulSet makes no other before it has gone."""
    how = f"if that machine is gone for good: kubectl delete pod {name} --force --grace-period=0"
    return degraded(NODE_LOST, f"the node of pod {name} no longer answers; {how}")


def _evicted(document: Document) -> Health:
    why = sentence(section(document, "status"), "its node ran short of a resource")
    return degraded(EVICTED, f"pod {named(document)} was evicted: {why}; Kubernetes starts another one")


def _failure(document: Document) -> Health | None:
    """The first failing container, init containers first; then a pod no node will take."""
    ready = is_true(document, "Ready")
    for container in _containers(document):
        if failure := _container_failure(named(document), container, ready=ready):
            return failure
    scheduled = condition(document, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        why = sentence(scheduled, "no node fits")
        return degraded(UNSCHEDULABLE, f"no node takes pod {named(document)}: {why}")
    if section(document, "status").get("phase") == "Failed":
        why = sentence(section(document, "status"), "it says no more")
        return degraded(EXITED, f"pod {named(document)} has failed: {why}")
    return None


def _containers(document: Document) -> list[Document]:
    status = section(document, "status")
    return entries(status, "initContainerStatuses") + entries(status, "containerStatuses")


def _container_failure(pod_name: str, container: Document, *, ready: bool) -> Health | None:
    """A container's failure now; its last one counts as long as the pod has not been Ready since.

    A kubelet alternates between trying and backing off. The sentence must not: it names no count and no
    reason that comes and goes.
    """
    name = str(container.get("name", ""))
    waiting = section(section(container, "state"), "waiting")
    ended = section(section(container, "state"), "terminated")
    last = section(section(container, "lastState"), "terminated")
    if (reason := waiting.get("reason")) in _PULL:
        return _image_failure(container)
    if reason in _START:
        return _start_failure(name, waiting)
    if not ready and "OOMKilled" in (ended.get("reason"), last.get("reason")):
        return _memory_failure(name)
    if reason == "CrashLoopBackOff" or (not ready and last.get("exitCode")):
        return _crash_loop(pod_name, name, last)
    return _ended_failure(pod_name, name, ended)


def _image_failure(container: Document) -> Health:
    return degraded(
        IMAGE_PULL_ERROR,
        f"image {container.get('image', '')} of container {container.get('name', '')} cannot be pulled: "
        "check that it exists, that its registry can be reached and that the pull secret may read it",
    )


def _start_failure(name: str, state: Document) -> Health:
    why = sentence(state, str(state.get("reason")))
    return degraded(
        START_ERROR,
        f"container {name} cannot start: {why}; a Secret, ConfigMap, volume or command may be missing",
    )


def _memory_failure(name: str) -> Health:
    return degraded(
        OUT_OF_MEMORY,
        f"container {name} was killed for using more memory than the node or its limit allows; "
        "choose an instance type with more memory or lower max-model-len",
    )


def _crash_loop(pod_name: str, name: str, last: Document) -> Health:
    code = f" with exit code {last['exitCode']}" if "exitCode" in last else ""
    crashed = f"container {name} crashed{code} and is started again"
    if words := own_words(last):
        return degraded(CRASH_LOOP, f"{words} ({crashed})")
    if last.get("exitCode") == _KILLED:
        return degraded(CRASH_LOOP, f"{_killed(pod_name, name)}, and is started again")
    return degraded(CRASH_LOOP, f"{crashed}; its last words: kubectl logs --previous {pod_name} -c {name}")


def _ended_failure(pod_name: str, name: str, ended: Document) -> Health | None:
    code = ended.get("exitCode", 0)
    if ended.get("reason") in _START:
        return _start_failure(name, ended)
    if not code:
        return None
    if words := own_words(ended):
        return degraded(EXITED, f"{words} (container {name} ended with exit code {code})")
    if code == _KILLED:
        return degraded(EXITED, _killed(pod_name, name))
    return degraded(EXITED, f"container {name} ended with exit code {code}; its log says why")


def _killed(pod_name: str, name: str) -> str:
    """A container that ran out of memory itself is told as OOMKilled; these are the other reasons."""
    return (
        f"container {name} was killed (exit code {_KILLED}): its node ran short of memory, or it did not end "
        f"when it was told to (kubectl describe pod {pod_name} says which)"
    )


def _starting(document: Document) -> Health:
    """What a pod that has not failed still waits for, in the order things happen to a pod."""
    status = section(document, "status")
    if condition(document, "PodScheduled").get("reason") == GATED:
        return progressing(GATED, "the pod's scheduling gates to be lifted by whoever set them")
    if not is_true(document, "PodScheduled"):
        return progressing("Scheduling", "a node for the pod")
    for container in entries(status, "initContainerStatuses"):
        if "running" in section(container, "state") and not container.get("started", False):
            return progressing("Initializing", f"init container {container.get('name', '')}")
    if any("running" in section(each, "state") for each in entries(status, "containerStatuses")):
        return progressing("ContainersNotReady", "the model to load")
    return progressing("ContainerCreating", "the container image")
