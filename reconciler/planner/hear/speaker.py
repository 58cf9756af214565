"""Who speaks in a workload now: the container whose log may tell something, and until when.

Towline's containers speak; KAITO's measure themselves only where their startup probe does it, which is not
what Towline renders, and a person's own pods are not listened to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.domain.moment import is_moment, later
from reconciler.domain.state import ObservedObject
from reconciler.domain.telemetry import SILENCE, Telemetry, Training
from reconciler.planner.health.verdict import Document, born, condition, entries, is_true, section

from .last_words import FINAL, last_words

LISTENING_SECONDS = 7200.0
"""How long a benchmark may take to be told once its pod is Ready, and a tuning's end once it is over: on a
large GPU minutes, in an embedded world that is sixty times as fast as the processes in it an hour."""

_REVISION = "controller-revision-hash"
_SPEAKING = frozenset({"runtime.serving", "runtime.tuning"})


class Act(Enum):
    """What a pod that may speak is at."""

    WORKING = "loading a model, or tuning one"
    SERVING = "serving"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Speaker:
    """A pod of a workload, and those of its containers to listen to. `until` is the moment after which
    nothing is expected of it any more, empty while it works; `last_words` what it left behind."""

    workload: ObservedObject
    pod: ObservedObject
    containers: tuple[str, ...]
    act: Act
    until: str = ""
    revision: str = ""
    last_words: Training | None = None

    @property
    def uid(self) -> str:
        """By which its pod is known."""
        return self.pod.uid

    def may_tell(self, told: Telemetry, now: str) -> bool:
        """Whether there is more to be heard than what was told already."""
        known = told if told.pod == self.uid else SILENCE
        if self.act is Act.WORKING:
            return True
        if self.act is Act.SERVING:
            return known.benchmark is None and now <= self.until
        is_over = known.training is not None and known.training.state in FINAL
        return not is_over and now <= self.until


def speaker_of(
    workload: ObservedObject, document: Document, pods: tuple[ObservedObject, ...], *, measures: bool
) -> Speaker | None:
    """Who speaks; None where nobody does. `measures` is whether a model that serves measures itself."""
    if workload.deleting or not _speaks(document):
        return None
    own = [(each, found) for each in pods if _is_of(found := each.document, workload)]
    if workload.ref.kind == "Job":
        newest = max(own, key=lambda pair: born(pair[1]), default=None)
        return _tuning(workload, *newest) if newest else None
    first = next((each for each in own if each[0].ref.name == f"{workload.ref.name}-0"), None)
    return _serving(workload, *first, measures=measures) if first and not first[0].deleting else None


def _speaks(document: Document) -> bool:
    """Whether it runs Towline's own containers."""
    pod = section(section(section(document, "spec"), "template"), "spec")
    commands = (each.get("command") or () for each in entries(pod, "containers"))
    return any(not _SPEAKING.isdisjoint(command) for command in commands)


def _is_of(pod: Document, workload: ObservedObject) -> bool:
    owners = entries(section(pod, "metadata"), "ownerReferences")
    return any(each.get("uid") == workload.uid for each in owners)


def _tuning(workload: ObservedObject, pod: ObservedObject, document: Document) -> Speaker | None:
    if running := _at_work(document):
        return Speaker(workload, pod, running, Act.WORKING)
    ended = {name: at for name, at in _ended(document).items() if is_moment(at)}
    if not ended:
        return None
    until = later(max(ended.values()), LISTENING_SECONDS)
    return Speaker(workload, pod, tuple(ended), Act.OVER, until, last_words=last_words(document))


def _serving(
    workload: ObservedObject, pod: ObservedObject, document: Document, *, measures: bool
) -> Speaker | None:
    running = _at_work(document)
    revision = str(section(section(document, "metadata"), "labels").get(_REVISION, ""))
    if not running:
        return None
    if not is_true(document, "Ready"):
        return Speaker(workload, pod, running, Act.WORKING, "", revision)
    since = str(condition(document, "Ready").get("lastTransitionTime", ""))
    if not measures or not is_moment(since):
        return None
    return Speaker(workload, pod, running, Act.SERVING, later(since, LISTENING_SECONDS), revision)


def _at_work(pod: Document) -> tuple[str, ...]:
    """The containers that run; while there are none, the init containers that do."""
    status = section(pod, "status")
    return _running(status, "containerStatuses") or _running(status, "initContainerStatuses")


def _running(status: Document, statuses: str) -> tuple[str, ...]:
    found = entries(status, statuses)
    return tuple(str(each.get("name")) for each in found if "running" in section(each, "state"))


def _ended(pod: Document) -> dict[str, str]:
    """The containers that have ended, and when."""
    found = {
        str(each.get("name")): section(section(each, "state"), "terminated")
        for each in entries(section(pod, "status"), "containerStatuses")
    }
    return {name: str(ended.get("finishedAt", "")) for name, ended in found.items() if ended}
