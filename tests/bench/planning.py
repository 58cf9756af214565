"""Reading, judging, rendering and comparing a fleet from cold.

`python -m tests.bench.planning FOLDER KUBECONFIG REPOSITORY` prints the CPU seconds that one plan took,
those of the processes it started included: git, and the cell that parses.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from reconciler.settings import Settings
from reconciler.wiring.house import engine_for
from tests.bench.figure import Figure
from tests.bench.fleet import FleetRepository
from tests.bench.kubectl import kubectl
from tests.bench.world import SANDBOX_CONTEXT


def planning_figure(fleet: FleetRepository, kubeconfig: Path, seconds: float) -> Figure:
    """The plan beside kubectl, which only parses the same files and prints them as JSON."""
    folder = str(fleet.work / "workspaces")
    words = ("create", "--dry-run=client", "--validate=false", "--recursive", "--output=json")
    printed = kubectl(kubeconfig, *words, "--filename", folder)
    peer = printed.cpu_seconds if printed else None
    return Figure("plan_1000_cpu_s", seconds, "CPU s", peer, "kubectl create --dry-run=client of the files")


def plan_cost(folder: Path, fleet: FleetRepository, kubeconfig: Path) -> float:
    """CPU seconds of a plan in a process that has planned nothing yet."""
    argv = (sys.executable, "-m", "tests.bench.planning", str(folder), str(kubeconfig), str(fleet.bare))
    return float(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()[-1])


def main(folder: Path, kubeconfig: Path, repository: Path) -> None:
    """Plan once."""
    settings = Settings(str(repository), "", SANDBOX_CONTEXT, kubeconfig, state=folder, offline=True)
    with engine_for(settings) as engine:
        before = _cpu_seconds(resource.RUSAGE_SELF)
        engine.plan()
        spent = _cpu_seconds(resource.RUSAGE_SELF) - before
    print(spent + _cpu_seconds(resource.RUSAGE_CHILDREN))  # noqa: T201  the parent reads it


def _cpu_seconds(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
