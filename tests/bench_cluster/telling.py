"""What a status branch tells, and when it came to tell that."""

from __future__ import annotations

import subprocess
import time

from tests.bench.fleet import FleetRepository
from tests.gitserver import clean_environment

_PAUSE = 0.05


def all_are_told(fleet: FleetRepository, phase: str, count: int, seconds: float) -> float:
    """Wait until as many workspaces are told to be in that phase; the moment, in seconds since 1970."""
    tip, deadline = "", time.monotonic() + seconds
    while time.monotonic() < deadline:
        now = time.time()
        if (found := fleet.status_tip) != tip:
            tip = found
            if how_many_are(fleet, tip, phase) >= count:
                return now
        time.sleep(_PAUSE)
    raise RuntimeError(f"{how_many_are(fleet, tip, phase)} of {count} workspaces are told to be {phase}")


def how_many_are(fleet: FleetRepository, commit: str, phase: str) -> int:
    """So many workspaces are in that phase, as a status commit has it."""
    if not commit:
        return 0
    argv = ("git", "grep", "--name-only", f"^phase: {phase}", commit, "--", "status/")
    run = subprocess.run(argv, cwd=fleet.bare, env=clean_environment(), check=False, capture_output=True)
    return len(run.stdout.splitlines())
