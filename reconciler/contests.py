"""Whom we wrestle with: fields that somebody else sets again as often as we do, and that are left to them.

A field that another controller holds is left at once, one that the server would not take as well; any other
when it had to be corrected three times within ten minutes. For an hour, doubling to a day while it goes on,
the field is no longer applied where a manager owns it, and is corrected no more. What cannot be changed in
place, and came out of its making otherwise than asked for, is never made anew for it. Losing these marks
costs a few rounds more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from .domain.field import is_under
from .domain.identity import Ref
from .domain.moment import later
from .domain.plan import Action, Claim, Outcome, Step
from .domain.state import DesiredObject
from .faults import Fault
from .planner.decide.immutable import immutable_among
from .planner.decide.yielding import yielded

_TURNS = 3
_MOST_TURNS = 20
_WINDOW = 600.0
_FIRST = 3600.0
_LONGEST = 86400.0

Owners = Callable[[Ref, Iterable[str]], tuple[str, ...]]
"""Who else sets any of these fields of an object: `Cluster.owners`."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A correction: when (seconds of the clock), for which wish, of which fields."""

    at: float
    wish: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is left to others of one object while the wish is this one: until when and for how long (seconds
    of the clock). `given_up` says that it has been applied without what they own, `told` is said of it."""

    wish: str
    claims: tuple[Claim, ...]
    until: float
    rest: float
    given_up: bool
    told: Outcome


class Contests:
    """`now` gives the moment as it is told, `clock` seconds that never go back."""

    def __init__(self, now: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._clock = clock
        self._turns: dict[Ref, tuple[_Turn, ...]] = {}
        self._marks: dict[Ref, _Mark] = {}
        self._kept: tuple[Outcome, ...] = ()

    def due(self, steps: Iterable[Step], owners: Owners) -> tuple[Step, ...]:
        """These steps, less what is left to others."""
        self._forget_what_is_over()
        steps = tuple(steps)
        self._kept = tuple(_told(step, map(Claim, step.fields)) for step in steps if _is_as_made(step))
        less = (self._less(step, owners) for step in steps)
        return tuple(step for step in less if step is not None)

    def learn(self, outcomes: Iterable[Outcome]) -> None:
        """A correction counts; a field that was not made as asked for is left from now on."""
        for outcome in outcomes:
            if outcome.done and isinstance(outcome.step.target, Ref):
                self._learn(outcome.step.target, outcome)

    def told(self) -> tuple[Outcome, ...]:
        """What is left to others now, an outcome for each object."""
        now = self._clock()
        return (*(mark.told for mark in self._marks.values() if now < mark.until), *self._kept)

    def _forget_what_is_over(self) -> None:
        """A contest that has rested as long as it was left is over."""
        now = self._clock()
        self._marks = {ref: mark for ref, mark in self._marks.items() if now < mark.until + mark.rest}
        self._turns = {ref: turns for ref, turns in self._turns.items() if now < turns[-1].at + _WINDOW}

    def _less(self, step: Step, owners: Owners) -> Step | None:
        if not isinstance(step.target, Ref) or step.action not in (Action.UPDATE, Action.REPLACE):
            return step
        mark = self._standing(step.target, _wish(step)) or self._notice(step.target, step, owners)
        return _rest_of(step, mark) if mark else step

    def _standing(self, ref: Ref, wish: str) -> _Mark | None:
        mark = self._marks.get(ref)
        return mark if mark and mark.wish == wish and self._clock() < mark.until else None

    def _notice(self, ref: Ref, step: Step, owners: Owners) -> _Mark | None:
        """A mark, where this would be one correction too many. Where the API does not say who sets a field,
        nobody is accused: it is corrected once more."""
        fields = self._fought(ref, step)
        try:
            claims = tuple(
                Claim(field, next(iter(owners(ref, [field])), ""), fought=True) for field in fields
            )
        except Fault:
            return None
        return self._begin(ref, step, claims) if claims else None

    def _fought(self, ref: Ref, step: Step) -> tuple[str, ...]:
        since = self._clock() - _WINDOW
        turns = (turn for turn in self._turns.get(ref, ()) if turn.at > since and turn.wish == _wish(step))
        counts = Counter(field for turn in turns for field in turn.fields)
        return tuple(field for field in step.fields if counts[field] >= _TURNS)

    def _begin(self, ref: Ref, step: Step, claims: tuple[Claim, ...]) -> _Mark:
        """Leave these fields from now on, beside those that are left already."""
        wish, now = _wish(step), self._clock()
        before = self._marks.get(ref)
        standing = self._standing(ref, wish)
        known = standing.claims if standing else ()
        new = tuple(each for each in claims if not is_under(each.field, (one.field for one in known)))
        if standing and not new:
            return standing
        rest = min(2 * before.rest, _LONGEST) if before and not standing and before.wish == wish else _FIRST
        every = (*known, *new)
        until = later(self._now(), rest)
        given_up = not any(each.fought and each.manager for each in new)
        mark = _Mark(wish, every, now + rest, rest, given_up, _told(step, every, until))
        self._marks[ref] = mark
        return mark

    def _learn(self, ref: Ref, outcome: Outcome) -> None:
        step, mark = outcome.step, self._marks.get(ref)
        if step.action in (Action.CREATE, Action.PRUNE) or (mark and mark.wish != _wish(step)):
            self._marks.pop(ref, None)
            self._turns.pop(ref, None)
        if outcome.claims:
            self._begin(ref, step, outcome.claims)
        elif standing := self._standing(ref, _wish(step)):
            self._marks[ref] = replace(standing, given_up=True)
        elif step.fields:
            turn = _Turn(self._clock(), _wish(step), step.fields)
            self._turns[ref] = (*self._turns.get(ref, ())[-_MOST_TURNS:], turn)


def _wish(step: Step) -> str:
    return step.desired.digest if step.desired else ""


def _is_as_made(step: Step) -> bool:
    """Whether it is kept though fields of it differ: they cannot be changed, and would differ again."""
    return step.action is Action.KEEP and bool(step.fields)


def _told(step: Step, claims: Iterable[Claim], until: str = "") -> Outcome:
    kept = Step(Action.KEEP, step.target, step.workspace, "some of its fields are left to others")
    return Outcome(kept, done=True, claims=tuple(claims), until=until)


def _rest_of(step: Step, mark: _Mark) -> Step | None:
    """What of a step would not begin another round. What cannot be changed in place is made anew for other
    reasons only; what a webhook changes on its way in is applied all the same, for it may build on it."""
    left = [claim.field for claim in mark.claims]
    fields = tuple(field for field in step.fields if not is_under(field, left))
    if step.action is Action.REPLACE:
        return step if immutable_among(step.target.kind, fields) else None
    if (step.fields and not fields and mark.given_up) or not isinstance(step.desired, DesiredObject):
        return None
    owned = [claim.field for claim in mark.claims if claim.manager]
    return replace(step, fields=fields, desired=yielded(step.desired, owned))
