"""A folder or a single file as a Source without Git: what lies there now."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reconciler.adapters.git.draft import blob_id
from reconciler.domain.config import Entry, Snapshot
from reconciler.faults import Broken, Fault, Forbidden, Missing, Refused

LARGEST_FILE = 1024 * 1024
MOST_ENTRIES = 1_000_000
_YAML = (".yaml", ".yml")
_PLAIN, _EXECUTABLE, _SYMLINK = 0o100644, 0o100755, 0o120000


class Folder:
    """What a path holds. Links are listed and never followed, `.git` is left out; only YAML files of at most
    1 MiB are read, when the snapshot is taken, and only those have a blob id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._contents: dict[str, bytes] = {}

    def tip(self) -> str:
        """A name for what lies there now; it changes when a file does."""
        return self.snapshot("").tree

    def snapshot(self, commit: str) -> Snapshot:
        """Everything under the path now; there is no history, so `commit` is only passed on."""
        try:
            entries = tuple(sorted(self._entries(), key=lambda entry: entry.path))
        except OSError as error:
            raise _fault(error, self._path) from error
        listing = "\n".join(f"{entry.mode:o} {entry.blob} {entry.path}" for entry in entries)
        tree = hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()
        return Snapshot(commit, tree, "", "", entries)

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id, as they were when the snapshot was taken."""
        found = ((entry.blob, self._contents.get(entry.blob)) for entry in entries)
        return {blob: content for blob, content in found if content is not None}

    def descends(self, commit: str, ancestor: str) -> bool:
        """Never: a folder has no history."""
        return False

    def _entries(self) -> Iterator[Entry]:
        root = self._path.resolve(strict=True)
        if root.is_file():
            yield self._entry(root, root.name)
            return
        for count, (path, name) in enumerate(_walk(root)):
            if count == MOST_ENTRIES:
                raise Refused(f"{self._path} holds more than {MOST_ENTRIES:,} files")
            yield self._entry(path, name)

    def _entry(self, path: Path, name: str) -> Entry:
        seen = path.lstat()
        mode = _mode(seen)
        is_read = (
            mode in (_PLAIN, _EXECUTABLE) and name.lower().endswith(_YAML) and seen.st_size <= LARGEST_FILE
        )
        blob = self._remember(path) if is_read else ""
        return Entry(name, blob, seen.st_size, mode)

    def _remember(self, path: Path) -> str:
        content = _content(path)
        blob = blob_id(content)
        self._contents[blob] = content
        return blob


def _walk(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file below, with its path from the root; without recursion, and without following links."""
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        with os.scandir(folder) as found:
            for each in found:
                name = f"{prefix}{each.name}"
                if each.is_dir(follow_symlinks=False):
                    if each.name != ".git":
                        waiting.append((Path(each.path), f"{name}/"))
                else:
                    yield Path(each.path), name


def _content(path: Path) -> bytes:
    """At most a little more than the largest file; a link that has taken the file's place is not followed."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(LARGEST_FILE + 1)


def _mode(seen: os.stat_result) -> int:
    """Git's mode of a file; 0 for what Git would not take, such as a pipe."""
    if stat.S_ISLNK(seen.st_mode):
        return _SYMLINK
    if not stat.S_ISREG(seen.st_mode):
        return 0
    return _EXECUTABLE if seen.st_mode & stat.S_IXUSR else _PLAIN


def _fault(error: OSError, path: Path) -> Fault:
    kind = {errno.EACCES: Forbidden, errno.EPERM: Forbidden, errno.ENOENT: Missing}.get(
        error.errno or 0, Broken
    )
    return kind(f"{path} cannot be read: {error.strerror}", code=errno.errorcode.get(error.errno or 0, ""))
