"""How long and how much a Git server may take of us, and what it has taken."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class GitLimits:
    """Seconds are wall-clock for one request or process; bytes are what one answer may add.

    `growth_bytes` bounds what a fetch may add on disk and `memory_bytes` the address space of each git
    process (Linux only). `plain_http` is the operator's consent to http:// beyond this machine.
    """

    poll_seconds: float = 20.0
    transfer_seconds: float = 300.0
    local_seconds: float = 60.0
    growth_bytes: int = 512 * MIB
    listing_bytes: int = 64 * MIB
    refs_bytes: int = 16 * MIB
    blob_bytes: int = MIB
    memory_bytes: int = 2048 * MIB
    remembered_bytes: int = 64 * MIB
    push_attempts: int = 6
    plain_http: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """Counters since the start. `poll_bytes` is all that polls received, HTTP headers included, TLS not."""

    polls: int = 0
    requests: int = 0
    poll_bytes: int = 0
    fetches: int = 0
    pushes: int = 0
