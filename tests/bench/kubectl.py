"""kubectl as the peer: how long it took, and what it used."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Used:
    """Wall and CPU seconds of one run with its children, and its peak memory in MiB."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def kubectl(kubeconfig: Path, *words: str, ends_with: tuple[int, ...] = (0,)) -> Used | None:
    """Run kubectl; None where there is none. RuntimeError when it ends in another way than expected."""
    if shutil.which("kubectl") is None:
        return None
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        argv = ("kubectl", "--kubeconfig", str(kubeconfig), *words)
        child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in ends_with:
            said.seek(0)
            raise RuntimeError(f"kubectl {words[0]}: {said.read(2000).decode(errors='replace')}")
    wall = time.monotonic() - begun
    return Used(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
