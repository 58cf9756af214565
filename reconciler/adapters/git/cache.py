"""Our own bare copy of one branch: how it is kept, and how it is mended.

The copy is worth nothing: whatever is found broken in it (a process killed midway, a stale lock, a truncated
pack) is put right by fetching it anew into a folder beside it, which takes its place only once it is whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from reconciler.faults import Broken, Conflict, Fault, Missing

from .objects import Damaged, GitObjects
from .process import Bounds, run
from .remote import Remote, is_unexplained

TIP = "refs/towline/tip"
DRAFT = "refs/towline/draft"
MOST_PACKS = 40
MOST_LOOSE = 6700
LOCK_PAUSE = 0.05  # seconds
PATIENCE = 3  # failures of the network in a row after which our own copy is suspected


class GitCache:
    """A bare repository in a folder of its own, which no other door may use."""

    def __init__(self, folder: Path, remote: Remote, *options: str) -> None:
        self.remote = remote
        self._root = folder.absolute()
        self.folder = self._root / "repository"
        self.objects = GitObjects(self.folder, remote)
        self._failures = 0
        self._options = options

    def fetch(self, branch: str) -> None:
        """Bring this branch here, rewritten or not. A broken copy is replaced once; else raises a `Fault`."""
        with self._alone():
            self._ensure(self.folder)
            try:
                self.remote.fetch(self.folder, _refspec(branch), *self._options)
            except Fault as fault:
                if not self._is_suspect(fault):
                    raise
                self._rebuild(branch)
            finally:
                _remove_unfinished(self.folder)
            self._failures = 0
            with contextlib.suppress(Damaged):
                self._tidy()

    def fetched(self) -> str:
        """The commit that the last fetch brought. Raises `Damaged`."""
        return self.objects.git("rev-parse", "--verify", TIP).output.decode().strip()

    def rebuild(self, branch: str) -> None:
        """Fetch everything anew and put it in the old copy's place; until then the old one stays.

        Without a branch the new copy is an empty one.
        """
        with self._alone():
            self._rebuild(branch)

    def write(self, stream: bytes) -> str:
        """The id of the commit that this fast-import stream makes. Raises `Damaged`."""
        with self._alone():
            self._ensure(self.folder)
            ended = self.objects.git(
                "fast-import", "--quiet", "--force", "--done", "--date-format=now", stdin=stream
            )
            return ended.output.decode().strip()

    def tidy(self) -> None:
        """Keep the number of packs and loose objects small; what nothing leads to goes with them."""
        with self._alone(), contextlib.suppress(Damaged):
            self._tidy()

    def _is_suspect(self, fault: Fault) -> bool:
        """Whether our own copy may be the cause: git gave no known reason, or the line broke again."""
        self._failures += fault.code == "network"
        return is_unexplained(fault) or (fault.code == "network" and self._failures % PATIENCE == 0)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder against another Towline; its lock dies with its process."""
        deadline = time.monotonic() + self.remote.limits.local_seconds
        with _as_fault(), contextlib.ExitStack() as stack:
            self._root.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((self._root / "lock").open("ab"))
            while not _is_taken(lock.fileno()):
                if time.monotonic() > deadline:
                    raise Conflict("another Towline is using this cache folder", code="cache")
                time.sleep(LOCK_PAUSE)
            yield

    def _ensure(self, folder: Path) -> None:
        _remove_stale_locks(folder)
        if _is_repository(folder):
            return
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        limits = self.remote.limits
        bounds = Bounds(limits.local_seconds, limits.refs_bytes, limits.memory_bytes)
        ended = run(
            ("git", "init", "--quiet", "--bare", "--template="), self.remote.environment(folder), bounds
        )
        if ended.status != 0:
            raise Broken(f"no repository can be made in the cache folder: {ended.said[:200]}", code="cache")

    def _rebuild(self, branch: str) -> None:
        fresh = self._root / "repository.new"
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            self._ensure(fresh)
            if branch:
                self.remote.fetch(fresh, _refspec(branch), *self._options)
            shutil.rmtree(self.folder, ignore_errors=True)
            fresh.rename(self.folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _tidy(self) -> None:
        """Loose objects are estimated from one of their 256 folders, as `git gc` does."""
        packs = len(list(self.folder.glob("objects/pack/*.pack")))
        loose = 256 * len(list(self.folder.glob("objects/17/*")))
        if packs > MOST_PACKS or loose > MOST_LOOSE:
            self.objects.git("repack", "-a", "-d", "-q")
            self.objects.git("prune", "--expire=1.hour.ago")


def missing(remote: Remote, branch: str) -> Missing:
    """There is no such branch at the remote."""
    return Missing(f"{remote} has no branch {branch}; push a commit to it", code="ref")


@contextlib.contextmanager
def _as_fault() -> Iterator[None]:
    """A folder that cannot be made, a disk that is full: the world failed."""
    try:
        yield
    except OSError as failure:
        raise Broken(f"the cache folder cannot be used: {failure.strerror}", code="cache") from failure


def _refspec(branch: str) -> str:
    return f"+refs/heads/{branch}:{TIP}"


def _is_repository(folder: Path) -> bool:
    """Whether git made a repository here and came to its end; what it holds may still be damaged."""
    whole = (folder / name for name in ("HEAD", "config"))
    return all(file.is_file() and file.stat().st_size for file in whole) and (folder / "objects").is_dir()


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_stale_locks(folder: Path) -> None:
    """Nobody else works here while we hold the folder, so a lock file is a dead process's."""
    for lock in (*folder.glob("*.lock"), *folder.glob("refs/**/*.lock"), *folder.glob("objects/**/*.lock")):
        lock.unlink(missing_ok=True)


def _remove_unfinished(folder: Path) -> None:
    for unfinished in folder.glob("objects/pack/tmp_*"):
        unfinished.unlink(missing_ok=True)
