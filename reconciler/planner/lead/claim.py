"""When a lease may be claimed, and what is written then: the semantics of client-go's leaderelection.

How long a holder has been silent is judged by how long one has seen its lease unchanged, by one's own clock:
what the holder wrote of its clock is never compared with anything.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.lease import Candidate, Lease, Sighting


def sighted(before: Sighting | None, lease: Lease | None, now: float) -> Sighting:
    """The lease as it was found just now; one that is as it was before has been so since then."""
    return before if before is not None and before.lease == lease else Sighting(lease, now)


def free_from(sighting: Sighting, identity: str) -> float:
    """From when on it may be claimed: at once where nobody or we ourselves hold it, else when its holder has
    been silent for as long as it is believed."""
    lease = sighting.lease
    if lease is None or lease.holder in ("", identity):
        return sighting.since
    return sighting.since + lease.seconds


def claimed(lease: Lease | None, name: str, candidate: Candidate, moment: str) -> Lease:
    """What is to be written for the candidate to hold it from `moment` on, or to go on holding it."""
    seconds = candidate.terms.duration
    if lease is None:
        return Lease(name, candidate.identity, seconds, moment, moment)
    if lease.holder == candidate.identity:
        return replace(lease, seconds=seconds, renewed=moment)
    return replace(
        lease,
        holder=candidate.identity,
        seconds=seconds,
        acquired=moment,
        renewed=moment,
        transitions=lease.transitions + 1,
    )


def released(lease: Lease, moment: str) -> Lease:
    """What its holder writes to let go of it: nobody, to be believed for a second."""
    return replace(lease, holder="", seconds=1, acquired=moment, renewed=moment)
