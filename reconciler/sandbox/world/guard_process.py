"""Run as a program: end the process groups named on stdin (+ID to watch, -ID to forget) when it is closed."""

from __future__ import annotations

import os
import signal
import sys
import time

_GRACE_SECONDS = 5.0


def main() -> None:
    """Read until whoever writes is gone, then end what is left."""
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    _signal(groups, signal.SIGTERM)
    until = time.monotonic() + _GRACE_SECONDS
    while groups and time.monotonic() < until:
        groups = {group for group in groups if _is_there(group)}
        time.sleep(0.1)
    _signal(groups, signal.SIGKILL)


def _signal(groups: set[int], number: int) -> None:
    for group in groups:
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            continue


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
