"""What was committed beside the workspaces and is broken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.domain.identity import Ref
from reconciler.domain.report import Health
from reconciler.domain.state import DesiredObject, ObservedObject, ObservedState
from reconciler.planner.health import DEGRADED, deployment, job, persistent_volume_claim, stateful_set
from reconciler.planner.health.verdict import Document

_JUDGES: Mapping[str, Callable[[Document], Health]] = {
    "Deployment": deployment,
    "Job": job,
    "PersistentVolumeClaim": persistent_volume_claim,
    "StatefulSet": stateful_set,
}


class Beside:
    """Judges pass after pass. What it keeps is a faster look: what is the same value is not decoded again."""

    def __init__(self) -> None:
        self._known: dict[Ref, tuple[ObservedObject, str]] = {}

    def problems(self, asked: Iterable[DesiredObject], observed: ObservedState) -> Iterator[str]:
        """A sentence for each that will not come right by itself."""
        known, self._known = self._known, {}
        for ref in (each.ref for each in asked if each.ref.kind in _JUDGES):
            live = observed.objects.get(ref)
            if live is None:
                continue
            before = known.get(ref)
            said = before[1] if before is not None and before[0] is live else _said(live)
            self._known[ref] = (live, said)
            if said:
                yield said


def _said(live: ObservedObject) -> str:
    health = _JUDGES[live.ref.kind](live.document)
    return f"{live.ref}: {health.message}" if health.state == DEGRADED else ""
