"""What a Git failure is to the house: by HTTP status where we speak HTTP, by known markers where git does.

git has one exit status (128) and says the rest in text, so the markers are the only table there is. They are
read with LC_ALL=C; what matches none is `Unreachable`, which costs nothing but another try.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from reconciler.faults import Broken, Conflict, Fault, Forbidden, Missing, Refused, Throttled, Unreachable

LONGEST = 400
NOISE = re.compile(
    r"^(?:remote:\s*)?(?:(?:Enumerating|Counting|Compressing|Receiving|Resolving|Writing) .*|\s*)$"
)

MARKERS: tuple[tuple[str, type[Fault], str], ...] = (
    (r"could not read (?:Username|Password)|Authentication failed", Forbidden, "401"),
    (r"returned error: 40[13]\b", Forbidden, "403"),
    (r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED", Forbidden, "host-key"),
    (r"Permission denied|Too many authentication failures", Forbidden, "denied"),
    (r"returned error: 429\b", Throttled, "429"),
    (r"returned error: 3\d\d\b|unable to update url base from redirection", Refused, "redirect"),
    (r"returned error: 5\d\d\b", Broken, "5xx"),
    (r"couldn't find remote ref", Missing, "ref"),
    (r"returned error: 404\b|repository .*not found|Repository not found", Missing, "404"),
    (r"does not appear to be a git repository", Missing, "repository"),
    (r"No space left on device|Disk quota exceeded", Broken, "disk"),
    (r"Out of memory|out of memory|unable to create thread|mmap failed", Refused, "too-large"),
    (r"mismatched (?:algorithms|object format)", Refused, "sha256"),
    (
        r"\[remote rejected\].*(?:failed to update ref|cannot lock ref|incorrect old value|shallow)",
        Conflict,
        "race",
    ),
    (r"\[rejected\]|fetch first|non-fast-forward|stale info", Conflict, "race"),
    (r"\[remote rejected\]|hook declined|protected branch", Refused, "hook"),
    (r"transport '.*' not allowed", Refused, "protocol"),
    (
        r"Could not resolve host|Connection (?:refused|reset|timed out|closed)|Failed to connect",
        Unreachable,
        "network",
    ),
    (
        r"Operation (?:too slow|timed out)|early EOF|hung up unexpectedly|RPC failed|curl \d+",
        Unreachable,
        "network",
    ),
    (r"Could not read from remote repository", Unreachable, "network"),
)


def fault_of_git(where: str, said: str) -> Fault:
    """The fault in what a git that failed said; its `code` is empty when no marker was recognised."""
    text = f"{where}: {_gist(said)}"
    for marker, kind, code in MARKERS:
        if re.search(marker, said):
            return kind(text, code=code)
    return Unreachable(text)


def fault_of_status(where: str, status: int, headers: Mapping[str, str]) -> Fault:
    """The fault in an HTTP answer other than 200."""
    text = f"{where}: the Git server answered {status}"
    match status:
        case 401 | 403:
            return Forbidden(f"{text}: these credentials may not read it", code=str(status))
        case 404:
            return Missing(f"{text}: no such repository, or not for these credentials", code="404")
        case 429:
            return Throttled(text, code="429", retry_after=_seconds(headers.get("Retry-After", "")))
        case _ if 300 <= status < 400:
            return Refused(
                f"{text}: a redirect to elsewhere is not followed; give the new URL", code="redirect"
            )
        case _ if 400 <= status < 500:
            return Refused(text, code=str(status))
    return Broken(text, code=str(status))


def _gist(said: str) -> str:
    """The lines that carry the reason, on one line."""
    lines = [line.strip() for line in said.splitlines() if not NOISE.match(line.strip())]
    return "; ".join(lines)[:LONGEST] or "git failed and said nothing"


def _seconds(value: str) -> float:
    """Retry-After in seconds, from either of its forms (RFC 9110, 10.2.3); 0 when there is none to read."""
    if value.strip().isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
        return max(0.0, (when - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
