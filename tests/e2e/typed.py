"""Words typed: the `towline` command as its users run it, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.gitserver import until

TOWLINE = Path(sys.executable).with_name("towline")
LONGEST = 120


@dataclass
class Daemon:
    """A `towline run` that runs; `log` is what it says."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """kill -9, of the one process a person would name."""
        self.process.kill()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LONGEST)

    def family(self) -> list[int]:
        """Its process and all those it came to start, as Linux tells; zombies are dead."""
        alive = [(pid, parent) for pid, parent, state in _processes() if state != "Z"]
        found = [pid for pid, _ in alive if pid == self.process.pid]
        for pid in found:
            found.extend(child for child, parent in alive if parent == pid)
        return found

    def children(self) -> list[int]:
        """Those it started that run their own program: between fork and exec a child is its parent's image,
        with its parent's environment, and shows to nobody but itself."""
        own = _words_of(self.process.pid)
        return [pid for pid in self.family() if pid != self.process.pid and _words_of(pid) not in (b"", own)]

    def peak_mib(self) -> float:
        """The most memory it held so far, MiB, with that of the children it has now."""
        return sum(_peak_kib(pid) for pid in self.family()) / 1024


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a shell of nobody in particular hands on."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "TMPDIR": str(home), **more}


def type_towline(
    words: tuple[str, ...], surroundings: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    return subprocess.run(
        (str(TOWLINE), *words),
        env=dict(surroundings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


@contextlib.contextmanager
def running_daemon(words: tuple[str, ...], surroundings: Mapping[str, str], log: Path) -> Iterator[Daemon]:
    """Run `towline run` until the block ends; whatever is left of it then is killed."""
    with log.open("ab") as said:
        process = subprocess.Popen(
            (str(TOWLINE), "run", *words),
            env=dict(surroundings),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        daemon = Daemon(process, log)
        try:
            yield daemon
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(LONGEST)


def is_alive(pid: int) -> bool:
    """Whether this process runs, as Linux tells."""
    return any(other == pid and state != "Z" for other, _, state in _processes())


def becomes(question: object, seconds: float, why: object = "") -> None:
    """Wait until it is so; fail with what `why` says when it never was."""
    if not until(question, seconds):
        raise AssertionError(why() if callable(why) else why)


def _processes() -> Iterator[tuple[int, int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            yield int(folder.name), int(parent), state


def _words_of(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _peak_kib(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
