"""The inside of the cell: YAML in, JSON out, under limits of its own. Started by `Cell`, by nobody else.

A message is 4 bytes of length, big-endian, and the content. In: the number of blobs as a message of 4 bytes,
then a message a blob. Out: an empty message once it is ready, then a message a blob, JSON, in the same order.
"""

from __future__ import annotations

import contextlib
import resource
import sys
from typing import BinaryIO

from reconciler.planner.parse.composing import compose_answer

MEMORY_BYTES = 1024**3
CPU_SECONDS = 30  # for one batch; the parent's wall clock is stricter for one blob
OPEN_FILES = 16


def main() -> None:
    """Answer batches until the parent closes the pipe."""
    _confine()
    _send(sys.stdout.buffer, b"")
    while count := _receive(sys.stdin.buffer):
        _allow_another_batch()
        blobs = [_receive(sys.stdin.buffer) for _ in range(int.from_bytes(count, "big"))]
        for blob in blobs:
            _send(sys.stdout.buffer, compose_answer(blob))


def _confine() -> None:
    """No more memory, files or cores than parsing needs, where the system can be told so (macOS cannot bound
    the address space); the parent's wall clock holds everywhere."""
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        with contextlib.suppress(ValueError):
            resource.setrlimit(what, (limit, limit))


def _allow_another_batch() -> None:
    """The limit on CPU counts from the start of the process, so it moves along."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + CPU_SECONDS, hard))


def _receive(pipe: BinaryIO) -> bytes:
    """One message; empty when the pipe is closed or the message is."""
    return pipe.read(int.from_bytes(pipe.read(4), "big"))


def _send(pipe: BinaryIO, content: bytes) -> None:
    pipe.write(len(content).to_bytes(4, "big"))
    pipe.write(content)
    pipe.flush()


if __name__ == "__main__":
    main()
