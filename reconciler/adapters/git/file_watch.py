"""A local repository, watched: a push or a commit is noticed at once instead of at the next poll.

It only fires; whoever is fired at looks for itself, so a spurious event costs a poll and a lost one a while.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from watchdog.events import (
    FileSystemEvent,
    FileSystemEventHandler,
    FileSystemMovedEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

CHANGES = frozenset({"created", "modified", "moved", "deleted"})
GITDIR = "gitdir:"


class FileWatch:
    """Fires `trigger` when `branch` (any when empty) of the repository at `path` may have moved.

    The repository may be bare or not, a work tree with a `.git` file, not there yet, or made anew.
    `trigger` is called from a thread of the watch and must return at once.
    """

    def __init__(self, path: Path, trigger: Callable[[], None], branch: str = "") -> None:
        self._path, self._trigger, self._branch = path.absolute(), trigger, branch
        self._observer: BaseObserver | None = None
        self._watched: frozenset[Path] = frozenset()
        self._lock = Lock()

    def start(self) -> None:
        """Begin to watch."""
        self._observer = Observer()
        self._observer.start()
        self._watch_anew()

    def stop(self) -> None:
        """Stop watching; no trigger is fired once this has returned."""
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()
            observer.join()

    def _watch_anew(self) -> None:
        """Watch what is there now, and look again until nothing came or went in between."""
        with self._lock:
            while (observer := self._observer) is not None:
                places = _places(self._path)
                self._watched = frozenset(places)
                observer.unschedule_all()
                for place, is_recursive in places.items():
                    with contextlib.suppress(OSError):
                        observer.schedule(_Ear(self._heard), str(place), recursive=is_recursive)
                if places == _places(self._path):
                    return

    def _heard(self, touched: Path, kind: str) -> None:
        if kind != "modified" and self._is_structure(touched):
            self._watch_anew()
            self._fire()
        elif self._is_of_interest(touched):
            self._fire()

    def _fire(self) -> None:
        if self._observer is not None:
            self._trigger()

    def _is_structure(self, touched: Path) -> bool:
        """Whether a folder that is watched, or leads to the repository, came or went."""
        return (
            touched in self._watched
            or touched == self._path
            or touched in self._path.parents
            or (touched.name in (".git", "refs", "heads") and touched.parent in self._watched)
        )

    def _is_of_interest(self, touched: Path) -> bool:
        if touched.name in ("packed-refs", "HEAD") or touched.parent.name == "reftable":
            return True
        name = touched.as_posix().rpartition("/refs/heads/")[2]
        if name == touched.as_posix() or name.endswith(".lock"):
            return False
        return not self._branch or name == self._branch or self._branch.startswith(f"{name}/")


class _Ear(FileSystemEventHandler):
    """Tells of the paths that changed, and only of those: git opens and closes files all day."""

    def __init__(self, heard: Callable[[Path, str], None]) -> None:
        self._heard = heard

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Pass on both ends of a move, and anything else that changed."""
        if event.event_type not in CHANGES:
            return
        self._heard(_path(event.src_path), event.event_type)
        if isinstance(event, FileSystemMovedEvent) or event.event_type == "moved":
            self._heard(_path(event.dest_path), event.event_type)


def _places(path: Path) -> dict[Path, bool]:
    """Folders to watch, and whether with all below: those of the repository, and where it would appear."""
    places = {_nearest(path.parent): False}
    if not path.is_dir():
        return places
    common = _common_folder(path)
    places |= {path: False}
    if common.is_dir():
        places |= {common: False}
    for name in ("refs", "reftable"):
        if (common / name).is_dir():
            places |= {common / name: True}
    return places


def _nearest(folder: Path) -> Path:
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return folder


def _common_folder(path: Path) -> Path:
    """Where the refs are: of a bare repository itself, of others `.git` or what that file points to."""
    inner = path / ".git"
    if inner.is_file():
        pointed = _first_line(inner).removeprefix(GITDIR).strip()
        inner = (path / pointed).resolve()
    elif not inner.exists():
        return path
    common = inner / "commondir"
    return (inner / _first_line(common)).resolve() if common.is_file() else inner


def _first_line(file: Path) -> str:
    try:
        return file.read_text(errors="replace").partition("\n")[0].strip()
    except OSError:
        return ""


def _path(name: str | bytes) -> Path:
    return Path(name.decode(errors="surrogateescape") if isinstance(name, bytes) else name)
