"""What lies in a folder and where it came from, written beside it, so that a restart fetches nothing twice.

`<folder>/.towline/` holds fetched.json, the lock that keeps a second container on the same volume waiting,
and the parts of files that have not come whole yet.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from runtime.artifacts.disk import writing

_ROOM = ".towline"


@dataclass(frozen=True)
class Fetched:
    """A file that came whole: its name below the folder, its size, its sha256, when it was last written, and
    the key of the content it was fetched as."""

    name: str
    bytes: int
    sha256: str
    modified_ns: int
    key: str

    def is_intact(self, folder: Path) -> bool:
        """It still lies there as it was left: same size, not written since."""
        try:
            seen = (folder / self.name).lstat()
        except OSError:
            return False
        return seen.st_size == self.bytes and seen.st_mtime_ns == self.modified_ns


@dataclass(frozen=True)
class Record:
    """All that was fetched into a folder, and `of` what, as exactly as it is known. `whole` when nothing of
    it is left to fetch."""

    of: str = ""
    whole: bool = False
    files: Mapping[str, Fetched] = field(default_factory=dict)

    def is_complete(self, of: str, folder: Path) -> bool:
        """Everything of this lies there untouched."""
        return self.whole and self.of == of and all(file.is_intact(folder) for file in self.files.values())

    def intact(self, folder: Path) -> dict[str, Fetched]:
        """The files that lie there untouched, by name."""
        return {name: file for name, file in self.files.items() if file.is_intact(folder)}


def read_record(folder: Path) -> Record:
    """The record of a folder; an empty one where there is none or it cannot be understood."""
    try:
        written = json.loads((folder / _ROOM / "fetched.json").read_text())
        files = [Fetched(**file) for file in written["files"]]
        return Record(written["of"], written["whole"], {file.name: file for file in files})
    except (OSError, ValueError, KeyError, TypeError):
        return Record()


def write_record(folder: Path, record: Record) -> None:
    """Write it so that it is there whole or not at all."""
    files = [asdict(record.files[name]) for name in sorted(record.files)]
    text = json.dumps({"of": record.of, "whole": record.whole, "files": files}, indent=1)
    place = folder / _ROOM / "fetched.json"
    with writing(folder):
        draft = place.with_suffix(".draft")
        draft.write_text(text + "\n")
        draft.replace(place)


def drop_strangers(folder: Path, record: Record, wanted: frozenset[str]) -> None:
    """Remove what an earlier source left here and the present one does not have. Only files that are on
    record are touched."""
    for name in sorted(record.files.keys() - wanted):
        (folder / name).unlink(missing_ok=True)


def parts_of(folder: Path) -> Path:
    """Where files lie that have not come whole."""
    return folder / _ROOM / "parts"


def part_of(folder: Path, key: str) -> Path:
    """Where the content of this key lies until it is whole."""
    return parts_of(folder) / hashlib.sha256(key.encode()).hexdigest()


def begun_bytes(folder: Path, keys: Iterable[str]) -> int:
    """How much of the content of these keys lies there in parts; parts of anything else are removed."""
    ours = {part_of(folder, key) for key in keys}
    begun = 0
    for part in parts_of(folder).iterdir():
        if part.with_suffix("") in ours:
            begun += part.stat().st_size
        else:
            part.unlink()
    return begun


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Be the only process that fetches into `folder`; wait while another does. The kernel lets go when a
    process dies."""
    with writing(folder):
        parts_of(folder).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / _ROOM / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
