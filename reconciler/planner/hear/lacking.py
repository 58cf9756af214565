"""A workload that has fewer pods than it asks for, and why: a quota or an admission webhook may refuse them.

A StatefulSet and a Job keep that to themselves: their controllers say it in an Event and in no condition.
"""

from __future__ import annotations

from reconciler.domain.state import ObservedObject
from reconciler.planner.health.verdict import Document, is_true, number, section
from reconciler.planner.tell.readable import readable

_OVER = ("Complete", "Failed", "FailureTarget", "SuccessCriteriaMet", "Suspended")
_BEFORE_THE_REASON = (" is forbidden: ", " failed error: ", "Error creating: ")
_LONGEST = 300  # characters


def lacks_pods(workload: ObservedObject, document: Document, pods: tuple[ObservedObject, ...]) -> bool:
    """Whether its controller has not made all of its pods. Of one that could make none, a StatefulSet's
    status may not even say that it was seen (1.20)."""
    if workload.deleting:
        return False
    made = sum(not each.deleting for each in pods)
    if workload.ref.kind == "Job":
        return not made and not any(is_true(document, each) for each in _OVER)
    return made < number(section(document, "spec"), "replicas", default=1)


def complaint_told(message: str) -> str:
    """The reason alone, on one line: a controller names a new pod with every attempt, and a sentence that
    changes is news each time."""
    for before in _BEFORE_THE_REASON:
        message = message.partition(before)[2] or message
    return readable(message, _LONGEST).rstrip(". ")
