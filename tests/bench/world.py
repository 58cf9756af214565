"""The sandbox in a process of its own, and how it is asked what was asked of it.

`python -m tests.bench.world FOLDER` answers each line of its input, which is the number of requests known
already, with the later ones as one line of JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from reconciler.sandbox.requests import Asked, RequestLog
from reconciler.sandbox.server import Sandbox
from reconciler.wiring.worlds import SANDBOX_CONTEXT, sandbox_settings

__all__ = ["SANDBOX_CONTEXT", "Request", "World"]


@dataclass(frozen=True)
class Request:
    """An answered request; `at` is in seconds of the machine's monotonic clock, the same in all processes."""

    at: float
    method: str
    path: str
    agent: str

    @property
    def writes(self) -> bool:
        """Whether it was to change something."""
        return self.method != "GET"


class World:
    """A sandbox in a child process, between entering and leaving."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self._known = 0

    def __enter__(self) -> World:
        argv = (sys.executable, "-m", "tests.bench.world", str(self.folder))
        self._child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._child.stdout
        if not self._child.stdout.readline():
            raise RuntimeError("the sandbox did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.communicate(timeout=60)

    def news(self) -> list[Request]:
        """What was asked since the last call."""
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write(f"{self._known}\n")
        self._child.stdin.flush()
        later = [Request(*each) for each in json.loads(self._child.stdout.readline())]
        self._known += len(later)
        return later


class _TimedLog(RequestLog):
    """Keeps when each request was answered."""

    def __init__(self) -> None:
        super().__init__()
        self.timed: list[tuple[float, str, str, str]] = []

    def note(self, asked: Asked) -> None:
        self.timed.append((time.monotonic(), asked.method, asked.path, asked.agent))


def main(folder: Path) -> None:
    """Run until the input ends."""
    sandbox = Sandbox(sandbox_settings(folder))
    sandbox.requests = log = _TimedLog()
    with sandbox:
        print("ready", flush=True)  # noqa: T201  the parent waits for it
        for line in sys.stdin:
            print(json.dumps(log.timed[int(line) :]), flush=True)  # noqa: T201  the answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
