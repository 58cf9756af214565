"""One file over HTTP: continued where it broke off, checked when it is whole, and only then given its
name."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, Protocol

from runtime.artifacts.disk import require_room, writing
from runtime.artifacts.faults import Damaged, Malformed, Mistaken, Unreachable
from runtime.artifacts.pace import paced
from runtime.artifacts.patience import STEADY, Patience, persist
from runtime.artifacts.progress import Meter
from runtime.artifacts.record import Fetched, part_of
from runtime.artifacts.wire import Answer, arriving, reaching

_CHUNK_BYTES = 2**20
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True)
class Digest:
    """What a file's content must add up to: its sha256, or the id Git gives it (sha1 over a header and
    it)."""

    algorithm: Literal["sha256", "git"]
    hex: str


@dataclass(frozen=True)
class Wanted:
    """A file that shall lie in a folder: its name there and what is known of it beforehand. `key` tells it
    from every other name and content; a part on the disk is only continued under the same key."""

    name: str
    key: str
    size: int | None = None
    digest: Digest | None = None


class Opening(Protocol):
    """Opens the content from an offset on. `validator` is the ETag the part began with, or empty: the answer
    is 206 from that offset on, or 200 with everything. Anything else is raised as a fault."""

    def __call__(self, offset: int, validator: str, /) -> Answer:
        """Ask once."""


@dataclass(frozen=True)
class Transfer:
    """Where files go to and how: told to `meter`, with `patience`, at most `most_bytes` of all files
    together, until `halt` is set."""

    folder: Path
    meter: Meter
    patience: Patience = STEADY
    most_bytes: int | None = None
    halt: threading.Event = field(default_factory=threading.Event)


def download(wanted: Wanted, opening: Opening, transfer: Transfer) -> Fetched:
    """Bring the file and give its record. A part that adds up to something else is thrown away and fetched
    once more from its beginning: it may have been continued wrongly."""
    part = _Part(wanted, transfer)
    for last in (False, True):
        persist(transfer.patience, lambda: part.receive(opening), part.length)
        try:
            return part.settle()
        except Damaged:
            part.discard()
            if last:
                raise
    raise AssertionError("the second time returns or raises")


class _Part:
    """A file on its way: what is there of it, under a name of its own."""

    def __init__(self, wanted: Wanted, transfer: Transfer) -> None:
        self.wanted, self.transfer = wanted, transfer
        self.path = part_of(transfer.folder, wanted.key)
        self.mark = self.path.with_suffix(".etag")
        self.sum, self.summed, self.announced = hashlib.sha256(), 0, False
        transfer.meter.found(self.length())

    def length(self) -> int:
        """The bytes that are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def discard(self) -> None:
        """Begin anew."""
        self.transfer.meter.found(-self.length())
        self.sum, self.summed = hashlib.sha256(), 0
        self.path.unlink(missing_ok=True)
        self.mark.unlink(missing_ok=True)

    def receive(self, opening: Opening) -> None:
        """Fetch what is missing; a fault leaves what came until then."""
        if self.wanted.size is not None and self.length() > self.wanted.size:
            self.discard()
        self._require_going()
        self.path.touch()
        if self.length() == self.wanted.size:
            return
        validator = self.mark.read_text() if self.mark.exists() else ""
        if self.wanted.digest is None and not validator:
            self.discard()
        answer = opening(self.length(), validator)
        try:
            self._begin(answer)
            self._write(answer)
        finally:
            answer.close()

    def _begin(self, answer: Answer) -> None:
        """Throw away what the other side does not continue."""
        offset = self.length()
        if offset and not (answer.status == 206 and _starts_at(answer, offset)):
            self.discard()
            if answer.status != 200:
                raise Unreachable(f"The rest of {self.wanted.name} cannot be had; it is begun anew.")
        etag = answer.headers.get("ETag", "")
        if etag and not etag.startswith("W/"):
            self.mark.write_text(etag)

    def _write(self, answer: Answer) -> None:
        total = _total(answer)
        if total is not None and self.wanted.size is None:
            self._learn(total)
        far_side = reaching(f"The sender of {self.wanted.name}")
        with writing(self.transfer.folder), self.path.open("ab") as file, far_side:
            for chunk in paced(arriving(answer), self.wanted.name):
                file.write(chunk)
                self._add(chunk, file.tell())
                self.transfer.meter.moved(len(chunk))
                self._bound(0)
                self._require_going()
                if self.wanted.size is not None and file.tell() > self.wanted.size:
                    break  # settle tells what is wrong with it
        expected = self.wanted.size if self.wanted.size is not None else total
        if expected is not None and self.length() < expected:
            raise Unreachable(
                f"{self.wanted.name} broke off after {self.length()} of {expected} bytes: the rest is "
                "fetched when it is tried again, unless its source has no more of it."
            )

    def _add(self, chunk: bytes, length: int) -> None:
        """Keep the sum as the bytes come, if it was kept from the first on: reading a large file again to
        check it takes minutes."""
        if self.summed + len(chunk) == length:
            self.sum.update(chunk)
            self.summed = length

    def _require_going(self) -> None:
        if self.transfer.halt.is_set():
            raise Mistaken(f"{self.wanted.name} was given up because another file failed.")

    def _learn(self, total: int) -> None:
        """The size has become known only now: see that it fits."""
        if not self.announced:
            self.transfer.meter.expect_also(total)
            self.announced = True
        self._bound(total - self.length())
        require_room(self.transfer.folder, total - self.length(), self.wanted.name)

    def _bound(self, coming: int) -> None:
        most = self.transfer.most_bytes
        if most is not None and self.transfer.meter.done_bytes + coming > most:
            self.discard()
            raise Mistaken(
                f"{self.wanted.name} takes what is fetched beyond the {most / 2**30:.0f} GiB that are "
                "allowed: give data this large as a volume or an image."
            )

    def settle(self) -> Fetched:
        """Check the whole, then give it its name."""
        with self.path.open("rb") as file:
            known = self.sum if self.summed == self.length() else hashlib.file_digest(file, "sha256")
            _check(file, self.wanted, self.length(), known.hexdigest())
            os.fsync(file.fileno())
        target = self.transfer.folder / self.wanted.name
        with writing(self.transfer.folder):
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o644)
            self.path.replace(target)
        self.mark.unlink(missing_ok=True)
        seen = target.stat()
        return Fetched(self.wanted.name, seen.st_size, known.hexdigest(), seen.st_mtime_ns, self.wanted.key)


def _check(file: IO[bytes], wanted: Wanted, size: int, sha256: str) -> None:
    """Raise Damaged when the content is not what is wanted."""
    if wanted.size is not None and size != wanted.size:
        raise Damaged(f"{wanted.name} has {size} bytes and should have {wanted.size}.")
    if wanted.digest is None:
        return
    found = sha256 if wanted.digest.algorithm == "sha256" else _git_id(file, size)
    if found != wanted.digest.hex:
        raise Damaged(
            f"{wanted.name} has the {wanted.digest.algorithm} digest {found} and should have "
            f"{wanted.digest.hex}: it was changed at its source or on its way."
        )


def _git_id(file: IO[bytes], size: int) -> str:
    """The id of a blob in Git: sha1 over its header and content."""
    sum_ = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        sum_.update(chunk)
    return sum_.hexdigest()


def _starts_at(answer: Answer, offset: int) -> bool:
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    return found is not None and int(found[1]) == offset


def _total(answer: Answer) -> int | None:
    """The size of the whole file, as the answer tells it; refused where the content is encoded."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise Malformed("The server encodes the content though it was asked not to: name one that does not.")
    if found := _RANGE.fullmatch(answer.headers.get("Content-Range", "")):
        return None if found[3] == "*" else int(found[3])
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None
