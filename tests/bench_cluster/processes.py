"""What a process has used, as Linux tells."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

_AT_REST, _LITTLE = 4, 0.1
"""At rest is who in as many seconds, one after another, uses less than so many CPU seconds in each."""
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system seconds of these processes, with those of their children that have ended."""
    return sum(map(_cpu_seconds, pids))


def come_to_rest(pid: int, seconds: float) -> None:
    """Wait until a process has used next to nothing of a processor for a while."""
    deadline, quiet = time.monotonic() + seconds, 0
    while quiet < _AT_REST:
        if time.monotonic() > deadline:
            raise RuntimeError(f"process {pid} does not come to rest")
        before = cpu_seconds([pid])
        time.sleep(1)
        quiet = quiet + 1 if cpu_seconds([pid]) - before < _LITTLE else 0


def peak_mb(pid: int) -> float:
    """The most memory that a process has held so far, MiB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _cpu_seconds(pid: int) -> float:
    """Fields 14 to 17 of proc(5)'s stat; the name before them may hold anything but ends with a bracket."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS
