"""Who may write for a fleet, written down in the cluster: coordination.k8s.io/v1 Lease."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """A Lease as it is in the cluster. `holder` is empty where somebody let go; `seconds` is how long a
    holder that says nothing is believed; `acquired` and `renewed` are the holder's own clock, RFC 3339 with
    microseconds; `transitions` counts holders. `resource_version` guards a write, empty for one not made."""

    name: str
    holder: str
    seconds: int
    acquired: str
    renewed: str
    transitions: int = 0
    resource_version: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds, the first three those of client-go's leaderelection: a holder that is silent is believed for
    `duration`, stops writing by itself `deadline` after it sent what was last accepted, and renews every
    `retry`. Who holds nothing looks every `look`; who holds n leases leaves a free one to others for n times
    `spread`."""

    duration: int = 15
    deadline: float = 10.0
    retry: float = 2.0
    look: float = 1.0
    spread: float = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who seeks these leases, and by which terms. `identity` is told to no two processes."""

    identity: str
    names: tuple[str, ...]
    terms: Terms = Terms()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A lease as one process saw it last, None where there was none, and since when it has been so, by that
    process's own clock in seconds."""

    lease: Lease | None
    since: float
