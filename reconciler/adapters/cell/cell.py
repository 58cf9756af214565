"""Other people's YAML is parsed in a process of its own, which may be killed without harm."""

from __future__ import annotations

import select
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import reconciler
from reconciler.domain.config import Parsed
from reconciler.faults import Broken
from reconciler.planner.parse.documents import MAX_BYTES, read_answer, unreadable

_BATCH_BYTES = 4 * MAX_BYTES
_BATCH_BLOBS = 500
_REMEMBERED_BYTES = 64 * MAX_BYTES
_LONGEST_ANSWER = 64 * MAX_BYTES
_START_SECONDS = 30.0
_HOME = Path(reconciler.__file__).parents[1]


class Silent(Exception):
    """The process in the cell died or did not answer in time; `str()` says which."""


class Cell:
    """A Reader whose parser runs in one long-lived child process, started again when it has to be killed.

    `seconds` is the wall clock one blob may take. Blobs read before are remembered by id, up to 64 MiB of
    answers. Safe to use from several threads, one at a time.
    """

    def __init__(self, *, seconds: float = 5.0, command: Sequence[str] | None = None) -> None:
        self._seconds = seconds
        self._command = list(command or (sys.executable, "-m", "reconciler.adapters.cell.child"))
        self._child: _Child | None = None
        self._memory = _Memory(_REMEMBERED_BYTES)
        self._lock = threading.Lock()

    def parse(self, blobs: Mapping[str, bytes]) -> Mapping[str, Parsed]:
        """What each blob holds by its id, made anew whenever it is asked for; one that kills the parser holds
        only the finding that says so."""
        with self._lock:
            known: dict[str, bytes | Silent] = dict(self._memory.among(blobs))
            missing = [(blob, data) for blob, data in blobs.items() if blob not in known]
            for batch in _batches(missing):
                for (blob, _), answer in zip(batch, self._parse(batch), strict=True):
                    known[blob] = answer
                    if isinstance(answer, bytes):
                        self._memory.keep(blob, answer)
            return _Answers(known)

    def close(self) -> None:
        """End the child; a later parse starts another."""
        with self._lock:
            self._kill()

    def __enter__(self) -> Cell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _parse(self, batch: list[tuple[str, bytes]]) -> Iterator[bytes | Silent]:
        """Answers in order. After a blob that silenced the child, the rest goes to a new one."""
        waiting = [data for _, data in batch]
        while waiting:
            answered, is_new = 0, self._child is None
            try:
                for answer in self._ask(waiting):
                    answered += 1
                    yield answer
            except Silent as silence:
                self._kill()
                if answered or is_new:
                    answered += 1
                    yield silence
            waiting = waiting[answered:]

    def _ask(self, blobs: list[bytes]) -> Iterator[bytes]:
        if self._child is None:
            self._child = _Child(self._command)
        self._child.send(blobs, time.monotonic() + self._seconds)
        for _ in blobs:
            yield self._child.receive(time.monotonic() + self._seconds)

    def _kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None


class _Child:
    """The process and its two pipes. Times are of the monotonic clock."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd=_HOME,
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout
        self._await_start()

    def send(self, blobs: list[bytes], until: float) -> None:
        """The whole batch; the child reads all of it before it answers, so neither waits for the other."""
        content = bytearray(_framed(len(blobs).to_bytes(4, "big")))
        for blob in blobs:
            content += _framed(blob)
        view = memoryview(content)
        while view:
            self._wait(self._in, select.POLLOUT, until)
            view = view[self._write(view[: select.PIPE_BUF]) :]

    def receive(self, until: float) -> bytes:
        """One answer; raises Silent when it is not complete in time."""
        size = int.from_bytes(self._read(4, until), "big")
        if size > _LONGEST_ANSWER:
            raise Silent("this file holds too much")
        return self._read(size, until)

    def kill(self) -> None:
        """At once, and reaped."""
        self._process.kill()
        self._in.close()
        self._out.close()
        self._process.wait()

    def _await_start(self) -> None:
        """The child says an empty message once it is confined."""
        try:
            self.receive(time.monotonic() + _START_SECONDS)
        except Silent:
            self.kill()
            raise Broken("the process that parses YAML does not start") from None

    def _write(self, part: memoryview) -> int:
        try:
            return self._in.write(part)
        except BrokenPipeError:
            raise Silent(self._death()) from None

    def _read(self, size: int, until: float) -> bytes:
        content = bytearray()
        while len(content) < size:
            self._wait(self._out, select.POLLIN, until)
            part = self._out.read(size - len(content))
            if not part:
                raise Silent(self._death())
            content += part
        return bytes(content)

    def _wait(self, pipe: IO[bytes], event: int, until: float) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise Silent("reading this file took too long")

    def _death(self) -> str:
        code = self._process.wait()
        return f"reading this file ended the parser ({f'signal {-code}' if code < 0 else f'status {code}'})"


class _Answers(Mapping[str, Parsed]):
    """What blobs hold, as the child said it: a tenth of the memory of the values."""

    def __init__(self, answers: Mapping[str, bytes | Silent]) -> None:
        self._answers = answers

    def __getitem__(self, blob: str) -> Parsed:
        return _parsed(self._answers[blob])

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)


class _Memory:
    """Answers by blob, the longest unused forgotten first."""

    def __init__(self, size: int) -> None:
        self._room = size
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def among(self, blobs: Iterable[str]) -> Mapping[str, bytes]:
        """What was kept of these blobs."""
        known = {blob: self._kept[blob] for blob in blobs if blob in self._kept}
        for blob in known:
            self._kept.move_to_end(blob)
        return known

    def keep(self, blob: str, answer: bytes) -> None:
        """Remember it."""
        self._kept[blob] = answer
        self._room -= len(answer)
        while self._room < 0:
            self._room += len(self._kept.popitem(last=False)[1])


def _batches(blobs: list[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    batch: list[tuple[str, bytes]] = []
    size = 0
    for blob, data in blobs:
        if batch and (size + len(data) > _BATCH_BYTES or len(batch) == _BATCH_BLOBS):
            yield batch
            batch, size = [], 0
        batch.append((blob, data[: MAX_BYTES + 1]))
        size += len(data)
    if batch:
        yield batch


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _parsed(answer: bytes | Silent) -> Parsed:
    if isinstance(answer, Silent):
        return unreadable(str(answer), "make the file smaller and simpler")
    return read_answer(answer)
