"""A failure written down: what Azure said, when to try again, and what is closed for everybody meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.domain.cloud import CloudError
from reconciler.domain.logbook import Attempt, Refusal
from reconciler.domain.moment import later, seconds_between
from reconciler.domain.provisioning import Kind, Scope, Setback

from .closings import refusal_of
from .ground import Ground
from .setbacks import understand

Subject = tuple[Scope, str, str, str]

_LONGEST_REST = {
    Kind.TRANSIENT: 15 * 60.0,
    Kind.CAPACITY: 6 * 3600.0,
    Kind.PERMANENT: 3600.0,
    Kind.RECREATE: 3600.0,
}
_MACHINES = frozenset({Scope.ZONE, Scope.SIZE})
"""Closed for lack of machines, which come back by themselves; quotas do not."""
_QUOTAS = frozenset({Scope.FAMILY, Scope.REGION, Scope.SPOT})
_LONGEST_CLOSED = 6 * 3600.0
_DAY = 24 * 3600.0
_MOST_REFUSALS = 200
_LONGEST_MESSAGE = 1000
_LONGEST_CODE = 100
_MOST_CODES = 8
_MOST_DOUBLINGS = 16


def failed(attempt: Attempt, error: CloudError, ground: Ground) -> tuple[Attempt, Refusal | None]:
    """The attempt after one more failure, resting twice as long as after the last, and what is closed now."""
    error = kept(replace(error, correlation=error.correlation or attempt.correlation))
    attempt = _counted_anew(attempt, ground.now)
    setback = understand(error)
    failures = attempt.failures + 1
    rest = setback.rest * 2 ** min(failures - 1, _MOST_DOUBLINGS)
    rested = later(ground.now, min(rest, _LONGEST_REST[setback.kind]))
    refusal = closed(setback, attempt, ground)
    again = max(rested, refusal.until) if refusal else rested
    return replace(attempt, failures=failures, failed=ground.now, again=again, error=error), refusal


def _counted_anew(attempt: Attempt, now: str) -> Attempt:
    """Nodes that did their work for a day were had: what fails after that is another story."""
    if not attempt.equipped or seconds_between(attempt.equipped, now) < _DAY:
        return attempt
    return replace(attempt, tries=0, recreations=0, failures=0)


def closed(setback: Setback, attempt: Attempt, ground: Ground) -> Refusal | None:
    """What this setback closes beyond the attempt itself; None when nothing is."""
    family = ground.family(attempt.option.instance_type)
    refusal = refusal_of(setback, attempt.option, family, ground.now)
    if refusal is None:
        return None
    span = seconds_between(ground.now, refusal.until)
    asked = attempt.nodes * ground.vcpus(attempt.option.instance_type) if refusal.scope in _QUOTAS else 0
    return replace(refusal, sentence=refusal.sentence[:_LONGEST_MESSAGE], seconds=span, vcpus=asked)


def with_refusal(refusals: Iterable[Refusal], fresh: Refusal, now: str) -> tuple[Refusal, ...]:
    """The refusals with this one in place of an earlier one of the same. A lack of machines that is met again
    after its time was over is closed for twice as long, up to 6 hours. Of a quota, the least counts that it
    was too small for."""
    before = tuple(refusals)
    same = next((each for each in before if _subject(each) == _subject(fresh)), None)
    if same is not None and same.until <= now and fresh.scope in _MACHINES:
        seconds = max(fresh.seconds, min(2 * same.seconds, _LONGEST_CLOSED))
        fresh = replace(fresh, seconds=seconds, until=later(now, seconds))
    if same is not None and same.until > now:
        fresh = replace(fresh, vcpus=min(same.vcpus, fresh.vcpus))
    others = tuple(each for each in before if _subject(each) != _subject(fresh))
    return (*others, fresh)[-_MOST_REFUSALS:]


def remembered(refusals: Iterable[Refusal], now: str) -> tuple[Refusal, ...]:
    """Those that still count: one is forgotten when it has been over for as long as it lasted."""
    return tuple(each for each in refusals if later(each.until, each.seconds) > now)


def same_error(one: CloudError | None, other: CloudError | None) -> bool:
    """Whether Azure says the same, of which one may have been cut when it was written down."""
    if one is None or other is None:
        return one is other
    mine, theirs = kept(one), kept(other)
    starts = mine.message.startswith(theirs.message) or theirs.message.startswith(mine.message)
    return mine.codes == theirs.codes and starts


def kept(error: CloudError) -> CloudError:
    """The error as long as it is worth to be written down, and such that it can be."""
    codes = tuple(_writable(code, _LONGEST_CODE) for code in error.codes[-_MOST_CODES:])
    return replace(
        error,
        codes=codes,
        message=_writable(error.message, _LONGEST_MESSAGE),
        correlation=_writable(error.correlation, _LONGEST_CODE),
    )


def _writable(text: str, longest: int) -> str:
    return text[:longest].encode("utf-8", "replace").decode()


def _subject(refusal: Refusal) -> Subject:
    return refusal.scope, refusal.subject.lower(), refusal.capacity_type, refusal.zone
