"""One git process, bounded: in wall-clock, in what it says, in what it writes and in what it holds.

GitPython is not used for this: it passes the operator's whole environment on to git (a GIT_OBJECT_DIRECTORY
there breaks the repository), bounds neither output nor disk, and asks `ps` for what to kill.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from reconciler.faults import Broken, Fault, Refused, Unreachable

FIRST_LOOK, LONGEST_LOOK = 0.0005, 0.05  # seconds between two looks at a running process
STDERR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds of wall-clock, bytes on stdout, bytes `folder` may grow by (0: not watched), address space."""

    seconds: float
    output: int
    memory: int = 0
    folder: Path | None = None
    growth: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process left behind. `status` is negative for a signal."""

    status: int
    output: bytes
    said: str


def run(argv: tuple[str, ...], environment: Mapping[str, str], bounds: Bounds, stdin: bytes = b"") -> Ended:
    """Run it to its end. Raises `Unreachable` past its time, `Refused` past its size: its group is killed."""
    with _streams(stdin) as (source, output, said):
        process = subprocess.Popen(
            argv, env=environment, stdin=source, stdout=output, stderr=said, start_new_session=True
        )
        try:
            _limit_memory(process.pid, bounds.memory)
            _watch(process, (output, said), bounds)
        finally:
            _end(process)
        words = _text(said, STDERR_BYTES).decode(errors="replace")
        return Ended(process.returncode, _text(output, bounds.output), words)


@contextlib.contextmanager
def _streams(stdin: bytes) -> Iterator[tuple[IO[bytes], IO[bytes], IO[bytes]]]:
    """Files for the three streams: nothing blocks, and how much was said is a file's size."""
    try:
        with TemporaryFile() as source, TemporaryFile() as output, TemporaryFile() as said:
            source.write(stdin)
            source.seek(0)
            yield source, output, said
    except OSError as failure:
        raise Broken(f"git cannot be run: {failure.strerror}", code="start") from failure


def _limit_memory(pid: int, memory: int) -> None:
    if memory and sys.platform == "linux":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))


def _watch(process: subprocess.Popen[bytes], files: tuple[IO[bytes], ...], bounds: Bounds) -> None:
    deadline, before = time.monotonic() + bounds.seconds, folder_bytes(bounds.folder)
    pause = FIRST_LOOK
    while not _has_ended(process, pause):
        pause = min(pause * 2, LONGEST_LOOK)
        if fault := _overrun(deadline, files, before, bounds):
            raise fault
    if fault := _overrun(math.inf, files, before, bounds):
        raise fault


def _has_ended(process: subprocess.Popen[bytes], pause: float) -> bool:
    try:
        process.wait(pause)
    except subprocess.TimeoutExpired:
        return False
    return True


def _overrun(deadline: float, files: tuple[IO[bytes], ...], before: int, bounds: Bounds) -> Fault | None:
    if time.monotonic() > deadline:
        return Unreachable(f"git was stopped after {bounds.seconds:g} s", code="timeout")
    if any(os.fstat(file.fileno()).st_size > bounds.output for file in files):
        return Refused(f"git's answer is larger than {bounds.output} bytes", code="too-large")
    if bounds.growth and folder_bytes(bounds.folder) - before > bounds.growth:
        return Refused(f"the repository would add more than {bounds.growth} bytes", code="too-large")
    return None


def folder_bytes(folder: Path | None) -> int:
    """Bytes of the files right in a folder, unfinished ones included; 0 where there is none."""
    total = 0
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for entry in os.scandir(folder) if folder else ():
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat(follow_symlinks=False).st_size
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(file: IO[bytes], limit: int) -> bytes:
    file.seek(0)
    return file.read(limit)
