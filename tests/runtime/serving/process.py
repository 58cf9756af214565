"""A serving process as a test sees it: started with a document, asked over HTTP, told to stop by a signal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 400.0
"""vLLM imports for seconds in three processes one after another; a busy machine takes minutes."""


def document(weights: Path, **changes: Any) -> dict[str, Any]:
    """A ServingConfig for the small engine, as a template writes it; `changes` replace whole sections."""
    return {
        "apiVersion": "runtime.towline.dev/v1alpha1",
        "kind": "ServingConfig",
        "model": {"servedName": "tiny", "source": {"kind": "folder", "path": str(weights)}},
        "engine": {"kind": "small", "dtype": "float32", "threads": 1},
        "adapters": {"folder": "/nowhere"},
        "benchmark": {"seconds": 0},
        "host": "127.0.0.1",
        "port": free_port(),
        **changes,
    }


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


@dataclass
class Serving:
    """A process that serves, or begins to."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def wait_until_listening(self) -> None:
        """Return once something answers, whatever it says."""
        self.wait_until(lambda: self.health() is not None)

    def wait_until_ready(self) -> None:
        """Return once /health is 200."""
        self.wait_until(lambda: self.health() == 200)

    def wait_for_figure(self, name: str, value: float) -> None:
        """Return once /metrics has this figure at this value."""
        self.wait_until(lambda: self.figures().get(name) == value)

    def health(self) -> int | None:
        """The status of /health; None when nobody answers."""
        try:
            return httpx.get(f"{self.url}/health", timeout=10).status_code
        except httpx.TransportError:
            return None

    def figures(self) -> dict[str, float]:
        """/metrics, by name without labels."""
        lines = httpx.get(f"{self.url}/metrics", timeout=30).text.splitlines()
        plain = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name.split("{")[0]: float(value) for name, value in plain}

    def told(self, event: str) -> dict[str, Any] | None:
        """The last line of the log with this event."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith('{"time"')]
        facts = [fact for fact in map(json.loads, lines) if fact["event"] == event]
        return facts[-1] if facts else None

    def telemetry(self, subject: str) -> dict[str, Any] | None:
        """The last that was told of a download or a benchmark to those who watch from outside."""
        lines = [line for line in self.log.read_text().splitlines() if '"event": "telemetry"' in line]
        facts = [fact[subject] for fact in map(json.loads, lines) if subject in fact]
        return facts[-1] if facts else None

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)

    def wait_until(self, there: Callable[[], bool]) -> None:
        """Return once it is so; fail with the log when the process ends or patience does."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not there():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(self.log.read_text())
            time.sleep(0.05)


@contextmanager
def serving(folder: Path, written: dict[str, Any], **environment: str) -> Iterator[Serving]:
    """A process with this document, killed at the end if it still runs. `folder` keeps document and log."""
    place, log = folder / "serving.yaml", folder / "serving.log"
    place.write_text(yaml.safe_dump(written))
    with log.open("wb") as out:
        process = start(place, out, **environment)
    try:
        yield Serving(process, f"http://127.0.0.1:{written['port']}", log)
    finally:
        process.kill()
        process.wait()


def start(place: Path, out: Any, **environment: str) -> subprocess.Popen[bytes]:
    """The process itself."""
    return subprocess.Popen(
        [sys.executable, "-m", "runtime.serving", str(place)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            **environment,
        },
        stdout=out,
        stderr=subprocess.STDOUT,
    )
