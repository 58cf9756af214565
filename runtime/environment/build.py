"""The environment, made whole or not at all: a folder without its mark is nobody's, and is made anew."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.environment.installer import Words, installs

MARK = ".ready"
ROOM_GIB = 5
"""Seen: 3.1 GiB with torch for processors. PyPI's torch brings CUDA, and takes 3 GiB more."""


class NotMade(Exception):
    """There is no environment, for the reason it says."""


def ensure_environment(folder: Path) -> Path:
    """The environment's python, once it has everything. Others who want the same folder wait meanwhile."""
    python = folder / "bin" / "python"
    if not (folder / MARK).exists():
        try:
            with _alone(folder):
                if not (folder / MARK).exists():
                    _make(folder, python)
        except OSError as failure:
            raise NotMade(f"{_beginning(folder)}: {failure.strerror or failure}.") from failure
    return python


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(folder: Path, python: Path) -> None:
    free = shutil.disk_usage(folder.parent).free
    if free < ROOM_GIB << 30:
        raise NotMade(
            f"{_beginning(folder)}: it takes {ROOM_GIB} GiB, and {free / (1 << 30):.1f} GiB are free."
        )
    sys.stderr.write(f"Making the runtime's environment in {folder} (once; some minutes) ...\n")
    shutil.rmtree(folder, ignore_errors=True)
    log = folder.with_suffix(".log")
    try:
        log.write_bytes(b"")
        for words in installs(folder, python):
            _run(words, log, folder)
        _compile(folder, python)
        (folder / MARK).touch()
    finally:
        if not (folder / MARK).exists():
            shutil.rmtree(folder, ignore_errors=True)
    log.unlink()


def _run(words: Words, log: Path, folder: Path) -> None:
    with log.open("ab") as out:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False)
    if done.returncode:
        said = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        last = said[-1] if said else f"{words[0]} ended with {done.returncode}"
        raise NotMade(f"{_beginning(folder)}: {last} ({log} has everything that was said.)")


def _compile(folder: Path, python: Path) -> None:
    """Compile all modules beforehand: vLLM, which imports them in three processes, is ready in half the time.
    Some packages carry files that are no Python of today; that they stay as they are is no failure."""
    words = [str(python), "-m", "compileall", "-q", "-j", "0", str(folder / "lib")]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _beginning(folder: Path) -> str:
    return f"The runtime's environment could not be made in {folder}"
