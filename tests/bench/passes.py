"""The daemon in a process of its own, one pass at a time.

`python -m tests.bench.passes FOLDER KUBECONFIG REPOSITORY CONTEXT` answers each line of its input with a pass
and what it cost, as one line of JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from reconciler.daemon import Trigger
from reconciler.logs import configure
from reconciler.settings import Settings
from reconciler.wiring.house import running
from tests.bench.world import SANDBOX_CONTEXT


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the whole process in one pass, its memory afterwards in MiB, and its workspaces."""

    cpu_seconds: float
    resident_mb: float
    workspaces: int


class Daemon:
    """The house with its watches open in a child process, between entering and leaving."""

    def __init__(
        self, folder: Path, kubeconfig: Path, repository: Path, context: str = SANDBOX_CONTEXT
    ) -> None:
        self._argv = (*map(str, (folder, kubeconfig, repository)), context)

    def __enter__(self) -> Daemon:
        self._child = subprocess.Popen(
            (sys.executable, "-m", "tests.bench.passes", *self._argv),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.communicate(timeout=60)

    def run_pass(self) -> Cost:
        """One pass."""
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write("\n")
        self._child.stdin.flush()
        return Cost(*json.loads(self._child.stdout.readline()))


def main(folder: Path, kubeconfig: Path, repository: Path, context: str) -> None:
    """Run passes until the input ends."""
    folder.mkdir(parents=True, exist_ok=True)
    configure("logfmt", folder / "towline.log")
    settings = Settings(str(repository), "", context, kubeconfig, state=folder, offline=True)
    with running(settings, Trigger(), lambda _: None) as house:
        for _ in sys.stdin:
            before = time.process_time()
            report = house.engine.run_pass()
            spent = time.process_time() - before
            print(json.dumps((spent, _resident_mb(), len(report.workspaces))), flush=True)  # noqa: T201


def _resident_mb() -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
