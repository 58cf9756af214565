"""A process with all its children, which can be held while another is measured, and ended together.

Whoever is not measured at the moment is held by SIGSTOP: idle servers of vLLM spin for seconds after a
question, on the very processor that its peer's workers are bound to.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOR_ALL = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPATH": str(ROOT),
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_HOST_IP": "127.0.0.1",
    "VLLM_NO_USAGE_STATS": "1",
}
"""What every process that is measured finds in its environment, ours and the peers' alike. Modules are
compiled once, as they are in an image."""


@dataclass(frozen=True, slots=True)
class Start:
    """A command line, where the process says what it does, and what it finds in its environment beside the
    rest."""

    argv: tuple[str, ...]
    log: Path
    environment: tuple[tuple[str, str], ...] = ()


class Group:
    """A process that runs, or is held; `began` is the moment of its start on the monotonic clock."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self.began = time.monotonic()
        with start.log.open("wb") as out:
            self._process = subprocess.Popen(
                start.argv,
                env={**os.environ, **FOR_ALL, **dict(start.environment)},
                cwd=start.log.parent,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @contextmanager
    def running(self) -> Iterator[None]:
        """It runs while this is entered, and is held before and after."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def look(self, until: float, every: float) -> None:
        """Wait `every` seconds. RuntimeError with the end of its log where it has ended, or it is later than
        `until`."""
        if self._process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(self.trouble())
        time.sleep(every)

    def finish(self, seconds: float) -> None:
        """Let it run to its end. RuntimeError where it does not end well."""
        self._signal(signal.SIGCONT)
        if self._process.wait(seconds):
            raise RuntimeError(self.trouble())

    def kill(self) -> None:
        """End it and its children, held or not."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def cpu_seconds(self) -> float:
        """Processor time of all its processes that live, in steps of 10 ms mostly: what noise on the machine
        changes least."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended
                fields = stat.read_text("utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[2]) == self._process.pid:  # proc(5): the group; then user and system time
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def trouble(self) -> str:
        """What a person wants to see of it: its command line and the end of its log."""
        said = self._start.log.read_text("utf-8", errors="replace")[-3000:]
        return f"{' '.join(self._start.argv)} ({self._process.returncode}):\n{said}"

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


@contextmanager
def group(start: Start) -> Iterator[Group]:
    """Started now, and killed at the end."""
    started = Group(start)
    try:
        yield started
    finally:
        started.kill()
