"""What is done after Azure said no: the same again, the same made anew, or nothing for a while.

All of it is bounded: requests to make or mend a pool by the Fleet's `maxTries`, taking it away to make it
anew by `maxRecreations`, both counted from the last change of the workspace; after that its machines are
given back. A pool that found no hardware holds nothing: it is made anew as often as there are tries.
"""

from __future__ import annotations

from reconciler.domain.moment import later
from reconciler.domain.provisioning import Kind, Move, Setback

from .ground import Ground
from .progress import Census
from .setbacks import took_too_long
from .way import Verdict, Way, closed

MOST_REPEATS = 2
"""How often the same is asked again before the pool is made anew."""

PERSONS_PACE = 600.0
"""Seconds between two looks at whether somebody has mended it."""

_CANCELED = "Canceled"


def absent(way: Way, ground: Ground) -> Verdict:
    """A pool that is not there is made, unless what was tried before speaks against it."""
    setback = way.setback
    if way.attempt is not None and way.attempt.parked:
        return closed(_parked(setback, way.attempt.parked), why=way.attempt.parked)
    if not _has_tries(way, ground):
        return _worn_out(way, setback or _given_up())
    if setback and setback.needs_managed_disk and not way.managed_disk:
        return Verdict(Move.GO, why=setback.sentence, stage="create", managed_disk=True)
    if until := shut_until(way, setback, ground):
        return resting(way, setback, until)
    return Verdict(Move.GO, stage="create", managed_disk=way.managed_disk)


def mend(way: Way, census: Census, ground: Ground) -> Verdict:
    """A pool that ended badly. One whose node is Ready is never taken away."""
    setback = _of_failed(way, ground)
    until = shut_until(way, setback, ground)
    if way.live is not None and census.ready(way.live.name, gpus=False):
        return _serving(way, setback, until, ground)
    if setback.needs_managed_disk and not way.managed_disk:
        return anew(way, setback, ground, managed_disk=True)
    if not _has_tries(way, ground):
        return _given_back(way, setback)
    match setback.kind:
        case Kind.TRANSIENT:
            return _of_a_moment(way, setback, until, ground)
        case Kind.RECREATE if until and _may_recreate(way, ground):
            return closed(setback, until, way.refused, stays=way.refusal is None)
        case Kind.RECREATE:
            return anew(way, setback, ground)
        case _ if until:
            return closed(setback, until, way.refused)
        case Kind.CAPACITY:
            return Verdict(Move.ANEW, setback, managed_disk=way.managed_disk)
        case _:
            return _again(way, setback)


def empty(way: Way, setback: Setback, ground: Ground) -> Verdict:
    """A pool that stands and found no hardware goes, if nothing else is to be had: it may be had later."""
    if not _has_tries(way, ground):
        return _given_back(way, setback)
    return Verdict(Move.ANEW, setback, why=way.refused, last_resort=True, managed_disk=way.managed_disk)


def anew(way: Way, setback: Setback, ground: Ground, *, managed_disk: bool = False) -> Verdict:
    """Taken away to be made anew, while that may be done; then given back for good."""
    if not _may_recreate(way, ground):
        return _given_back(way, setback)
    return Verdict(Move.ANEW, setback, stays=True, managed_disk=managed_disk or way.managed_disk)


def resting(way: Way, setback: Setback | None, until: str, *, stays: bool = False) -> Verdict:
    """What is not asked for before its time. For a blip no other machine is taken."""
    if way.refusal is not None:
        said = setback or Setback(Kind.CAPACITY, way.refusal.code, way.refusal.sentence)
        return closed(said, until, way.refused, stays=stays)
    if setback is None:
        return closed(None, until, "Azure asked to wait", stays=True)
    failures = way.attempt.failures if way.attempt else 0
    is_blip = setback.kind is Kind.TRANSIENT and failures <= MOST_REPEATS
    return closed(setback, until, stays=stays or is_blip)


def shut_until(way: Way, setback: Setback | None, ground: Ground) -> str:
    """When this way opens by itself, empty where it is not shut."""
    moments = [way.refusal.until] if way.refusal else []
    if way.attempt is not None and (way.live is not None or not way.given_back_at):
        moments.append(way.attempt.again)
        if setback and setback.kind is Kind.PERMANENT and way.attempt.failed:
            moments.append(later(way.attempt.failed, PERSONS_PACE))
    return max((each for each in moments if each > ground.now), default="")


def _of_a_moment(way: Way, setback: Setback, until: str, ground: Ground) -> Verdict:
    """Twice the same again, then anew, then the same again slowly where no other way is open."""
    repeats = (way.attempt.failures if way.attempt else 0) <= MOST_REPEATS
    has_patience = repeats or _may_recreate(way, ground)
    if until:
        return closed(setback, until, way.refused, stays=has_patience and way.refusal is None)
    if has_patience and not repeats:
        return anew(way, setback, ground)
    return _again(way, setback, stays=has_patience, last_resort=not has_patience)


def _again(way: Way, setback: Setback, *, stays: bool = False, last_resort: bool = False) -> Verdict:
    return Verdict(Move.AGAIN, setback, stays=stays, last_resort=last_resort, managed_disk=way.managed_disk)


def _serving(way: Way, setback: Setback, until: str, ground: Ground) -> Verdict:
    """It carries pods: it is asked for again, and stays whatever comes of it."""
    if not _has_tries(way, ground):
        return closed(setback, why=_after_tries(way, setback), stays=True)
    if until:
        return closed(setback, until, stays=True)
    return _again(way, setback, stays=True)


def _of_failed(way: Way, ground: Ground) -> Setback:
    if way.state == _CANCELED and way.attempt is not None and way.attempt.aborted:
        minutes = ground.config.fleet.spec.provisioning.limits.create_minutes
        return took_too_long("create", minutes, way.option)
    return way.setback or Setback(Kind.TRANSIENT, "", "the agent pool has failed and Azure gives no reason")


def _has_tries(way: Way, ground: Ground) -> bool:
    return way.tries < ground.config.fleet.spec.provisioning.max_tries


def _may_recreate(way: Way, ground: Ground) -> bool:
    most = ground.config.fleet.spec.provisioning.max_recreations
    return (way.attempt.recreations if way.attempt else 0) < most and _has_tries(way, ground)


def _given_back(way: Way, setback: Setback) -> Verdict:
    """Nothing more is tried, so its machines, which cost and do no work, go; then it waits for a person."""
    return Verdict(Move.GIVE_BACK, setback, why=_after_tries(way, setback), last_resort=True)


def _worn_out(way: Way, setback: Setback) -> Verdict:
    return closed(setback, why=_after_tries(way, setback))


def _after_tries(way: Way, setback: Setback) -> str:
    return f"{setback.sentence}, after {way.tries} tries" if way.tries > 1 else setback.sentence


def _parked(setback: Setback | None, why: str) -> Setback:
    """What it was given up for, with Azure's word for it where that was the reason."""
    if setback is not None and why.startswith(setback.sentence):
        return setback
    return Setback(Kind.PERMANENT, "", why)


def _given_up() -> Setback:
    return Setback(Kind.PERMANENT, "", "Azure was asked for it as often as the fleet allows")
