"""Whom to listen to in this pass: of every workspace its workload, who speaks there, and what was told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.domain.config import Config, Declared
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.state import ObservedObject, ObservedState
from reconciler.domain.telemetry import SILENCE
from reconciler.domain.workspace import DISABLE_BENCHMARK

from .lacking import lacks_pods
from .record import Record, read_record
from .speaker import Act, Speaker, speaker_of

Memo = dict[WorkspaceName, tuple[tuple[Any, ...], "Ear"]]


@dataclass(frozen=True, slots=True)
class Ear:
    """One workspace's workload, and what is known of it so far; `lacks_pods` says that some are not made."""

    name: WorkspaceName
    workload: ObservedObject
    speaker: Speaker | None
    record: Record | None
    lacks_pods: bool = False

    def listens(self, now: str) -> bool:
        """Whether its log is to be asked for: of an idle fleet, none is."""
        told = self.record.telemetry if self.record else SILENCE
        return self.speaker is not None and self.speaker.may_tell(told, now)

    def is_expecting(self, now: str) -> bool:
        """Whether a benchmark is still to come, or a tuning's end, of a pod that has said something before:
        what is silent may have nothing to say."""
        if self.speaker is None or (self.workload.ref.kind != "Job" and self.speaker.act is not Act.SERVING):
            return False
        has_spoken = self.record is not None and self.record.telemetry.pod == self.speaker.uid
        return (has_spoken or self.speaker.last_words is not None) and self.listens(now)

    def is_left_with_last_words(self, now: str) -> bool:
        """Whether a tuning's log was waited for long enough: what its container left behind has to do."""
        return self.speaker is not None and self.speaker.last_words is not None and not self.listens(now)


def ears(config: Config, observed: ObservedState, memo: Memo) -> Iterator[Ear]:
    """An ear for every workspace that has a workload. `memo` is the caller's, kept from pass to pass: of what
    did not change, nothing is decoded again."""
    for gone in memo.keys() - config.workspaces.keys():
        del memo[gone]
    for name, declared in config.workspaces.items():
        workload = observed.objects.get(_workload(name, declared))
        if workload is None:
            memo.pop(name, None)
            continue
        seen = (workload, observed.pods.get(name, ()), declared.digest)
        known = memo.get(name)
        if known is None or known[0][0] is not seen[0] or known[0][1:] != seen[1:]:
            known = memo[name] = (seen, _ear(name, declared, *seen[:2]))
        yield known[1]


def _workload(name: WorkspaceName, declared: Declared) -> Ref:
    if declared.manifest.tuning is not None:
        return Ref("batch/v1", "Job", name.namespace, name.name)
    return Ref("apps/v1", "StatefulSet", name.namespace, name.name)


def _ear(
    name: WorkspaceName, declared: Declared, workload: ObservedObject, pods: tuple[ObservedObject, ...]
) -> Ear:
    document = workload.document
    off = declared.manifest.annotations.get(DISABLE_BENCHMARK, "").strip().lower() == "true"
    speaker = speaker_of(workload, document, pods, measures=not off)
    return Ear(name, workload, speaker, read_record(workload, document), lacks_pods(workload, document, pods))
