"""Listening: the logs that may tell something now are asked for side by side, and what is news is recorded;
and controllers that make no pods are asked why.

A pass does not wait for them: who does not answer in time is heard in another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from .domain.config import Config
from .domain.identity import Ref, WorkspaceName
from .domain.moment import later
from .domain.share import WHOLE, Share
from .domain.state import ObservedObject, ObservedState
from .domain.telemetry import SILENCE, Telemetry
from .faults import Fault, Forbidden, Missing, Refused, Throttled, Unreachable
from .planner.hear.ears import Ear, Memo, ears
from .planner.hear.lacking import complaint_told
from .planner.hear.notches import moved_on
from .planner.hear.record import Record, fields_of
from .planner.hear.speaker import Speaker
from .planner.hear.words import read_words
from .ports import Cluster

_WORKERS = 8
_MOST = 200  # pods a pass listens to; the others are heard first in the next
_DEADLINE = 5.0  # seconds for all of them
_REST = 10.0  # seconds before an unchanged pod is asked again: containers speak no more often
_LONG_REST = 60.0  # seconds after it could not be asked
_LINES = 500
_PATIENCE = 20.0  # seconds before a controller that makes no pods is asked why: as a rule it makes them
_MOST_COMPLAINTS = 20  # controllers that a pass asks
_UNHEARD = "what containers say of themselves cannot be heard: Towline may not get pods/log"


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known from all containers. `news` are the records to be written, `expecting` the workspaces
    from which a benchmark or a tuning's end is still to come, `complaints` why no pods are made of some."""

    telemetry: Mapping[WorkspaceName, Telemetry]
    news: Mapping[Ref, Record]
    expecting: frozenset[WorkspaceName]
    problems: tuple[str, ...] = ()
    complaints: Mapping[WorkspaceName, str] = field(default_factory=dict)


class Hearing:
    """Hears pass after pass. What it keeps is a faster look: losing it costs some requests."""

    def __init__(self) -> None:
        self._memo: Memo = {}
        self._seen: tuple[Any, ...] = ()
        self._ears: list[Ear] = []
        self._records: dict[WorkspaceName, Record] = {}
        self._rests: dict[str, tuple[str, ObservedObject]] = {}
        self._forbidden: set[str] = set()
        self._complaints = _Complaints()

    def hear(
        self, config: Config, observed: ObservedState, cluster: Cluster, now: str, share: Share = WHOLE
    ) -> Heard:
        """Ask those of this share that may have something to tell; what was told before stands for all
        others."""
        known = [self._remembering(each) for each in self._of(config, observed)]
        near = [each for each in known if share.has(each.name)]
        attentive = {each.speaker.uid: each for each in near if each.speaker and each.listens(now)}
        self._rests = {uid: self._rests[uid] for uid in self._rests.keys() & attentive.keys()}
        self._forbidden &= attentive.keys()
        answers = self._ask(cluster, attentive, now)
        told = [_brought_on(each, answers.get(each.name), now) for each in known]
        self._records = {each.name: each.record for each in told if each.record is not None}
        return Heard(
            {name: record.telemetry for name, record in self._records.items()},
            {each.workload.ref: each.record for each in told if each.record and self._is_news(each)},
            frozenset(each.name for each in told if each.is_expecting(now)),
            (_UNHEARD,) if self._forbidden else (),
            self._complaints.of((each for each in near if each.lacks_pods), cluster, now),
        )

    def _of(self, config: Config, observed: ObservedState) -> list[Ear]:
        """The ears that have anything to do, the same ones while nothing at all changed."""
        seen = (config, observed.objects, observed.pods)
        if list(map(id, seen)) != list(map(id, self._seen)):
            self._seen = seen
            every = ears(config, observed, self._memo)
            self._ears = [each for each in every if each.speaker or each.record or each.lacks_pods]
        return self._ears

    def _remembering(self, ear: Ear) -> Ear:
        """The ear with what was heard last, where that could not be written yet."""
        latest = self._records.get(ear.name)
        if latest is None or latest.of != ear.workload.uid:
            return ear
        is_newer = ear.record is None or latest.at > ear.record.at
        return replace(ear, record=latest) if is_newer else ear

    def _is_news(self, ear: Ear) -> bool:
        return ear.record != self._memo[ear.name][1].record

    def _ask(
        self, cluster: Cluster, attentive: Mapping[str, Ear], now: str
    ) -> Mapping[WorkspaceName, Telemetry | Fault]:
        due = self._due(attentive, now)
        answers = _side_by_side(cluster, due) if due else {}
        for each in due:
            if each.speaker and each.name in answers:
                self._take(each.speaker, answers[each.name], now)
        return answers

    def _take(self, speaker: Speaker, answer: Telemetry | Fault, now: str) -> None:
        """Note when to ask again, and whether that was allowed."""
        rest = _REST if isinstance(answer, Telemetry) else _LONG_REST
        self._rests[speaker.uid] = (later(now, rest), speaker.pod)
        self._forbidden.discard(speaker.uid)
        if isinstance(answer, Forbidden):
            self._forbidden.add(speaker.uid)

    def _due(self, attentive: Mapping[str, Ear], now: str) -> list[Ear]:
        """Those whose pod has changed or that have rested; first who was not asked for the longest time."""
        awake = [uid for uid, ear in attentive.items() if not self._is_resting(uid, ear, now)]
        longest = sorted(awake, key=lambda uid: self._rests[uid][0] if uid in self._rests else "")
        return [attentive[uid] for uid in longest[:_MOST]]

    def _is_resting(self, uid: str, ear: Ear, now: str) -> bool:
        until, pod = self._rests.get(uid, ("", None))
        return ear.speaker is not None and ear.speaker.pod is pod and now < until


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a controller said last; not asked again before `until`, after a rest of so many seconds."""

    until: str
    rest: float = 0.0
    said: str = ""


class _Complaints:
    """Asks controllers why they make no pods, more and more seldom. Losing what they said costs a request."""

    def __init__(self) -> None:
        self._asked: dict[str, _Asked] = {}

    def of(self, lacking: Iterable[Ear], cluster: Cluster, now: str) -> Mapping[WorkspaceName, str]:
        """What is known of these, by workspace."""
        by_uid = {each.workload.uid: each for each in lacking}
        known, self._asked = self._asked, {}
        for uid in by_uid:
            self._asked[uid] = known.get(uid, _Asked(later(now, _PATIENCE)))
        due = sorted((each.until, uid) for uid, each in self._asked.items() if each.until <= now)
        for _, uid in due[:_MOST_COMPLAINTS]:
            self._asked[uid] = _ask_why(cluster, by_uid[uid], self._asked[uid], now)
        return {by_uid[uid].name: each.said for uid, each in self._asked.items() if each.said}


def _ask_why(cluster: Cluster, ear: Ear, before: _Asked, now: str) -> _Asked:
    """What it cannot be asked, or does not say, is as it was; where nobody may ask, nothing is said of it."""
    rest = min(max(2 * before.rest, _LONG_REST), 10 * _LONG_REST)
    try:
        said = complaint_told(cluster.complaint(ear.workload.ref, ear.workload.uid))
    except Fault:
        said = before.said
    return _Asked(later(now, rest), rest, said or before.said)


def heard_of(share: Share, heard: Heard, observed: ObservedState) -> Heard:
    """What was heard, with the news of this share alone: the others' are recorded by them."""
    if share.is_whole:
        return heard
    names = {ref: seen.workspace for ref in heard.news if (seen := observed.objects.get(ref)) is not None}
    ours = {ref: news for ref, news in heard.news.items() if (name := names.get(ref)) and share.has(name)}
    return replace(heard, news=ours)


def record(heard: Heard, cluster: Cluster) -> None:
    """Write down what is news. What cannot be written is news again in the next pass."""
    for ref, news in heard.news.items():
        try:
            cluster.overwrite(ref, fields_of(news))
        except Fault as fault:
            if isinstance(fault, Unreachable | Throttled):
                return


def _side_by_side(cluster: Cluster, due: list[Ear]) -> Mapping[WorkspaceName, Telemetry | Fault]:
    """What those told whose turn came; who did not answer in time was not to be reached."""
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="hear")
    asked = {pool.submit(_listen, cluster, each): each.name for each in due}
    done, open_still = wait(asked, _DEADLINE)
    pool.shutdown(wait=False, cancel_futures=True)
    late = {asked[each]: Unreachable("no answer in time") for each in open_still if not each.cancelled()}
    return late | {asked[each]: each.result() for each in done}


def _listen(cluster: Cluster, ear: Ear) -> Telemetry | Fault:
    if ear.speaker is None:
        return SILENCE
    where = ear.speaker.pod.ref
    try:
        logs = [cluster.log(where.namespace, where.name, each, _LINES) for each in ear.speaker.containers]
    except Fault as fault:
        return fault
    return read_words("\n".join(logs))


def _brought_on(ear: Ear, answer: Telemetry | Fault | None, now: str) -> Ear:
    """The ear with what is to be told from now on. Where there is no log for us, its last words are left."""
    gone = isinstance(answer, Forbidden | Missing | Refused) or ear.is_left_with_last_words(now)
    heard = SILENCE if gone else answer
    if ear.speaker is None or not isinstance(heard, Telemetry):
        return ear
    news = moved_on(ear.speaker, ear.record, heard, now)
    return replace(ear, record=news) if news else ear
