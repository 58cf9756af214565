"""A folder as it was at a commit of the Git repository it lies in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.adapters.folder import LARGEST_FILE
from reconciler.adapters.git_address import Address
from reconciler.adapters.git_credentials import Credentials
from reconciler.adapters.git_environment import git_environment
from reconciler.adapters.git_limits import GitLimits
from reconciler.adapters.git_process import Bounds, Ended, run
from reconciler.domain.config import Entry, Snapshot
from reconciler.faults import Broken, Missing, Refused


class FolderPast:
    """A Source of one folder's past, out of the repository around it. Nothing is fetched."""

    def __init__(self, path: Path, ref: str, limits: GitLimits | None = None) -> None:
        root = path.resolve()
        self._folder = root if root.is_dir() else root.parent
        self._only = "" if root.is_dir() else root.name
        self._ref = ref
        self._limits = limits or GitLimits()
        self._address = Address("file", "", 0, str(self._folder))

    def tip(self) -> str:
        """The commit the ref names; raises Missing where there is no repository or no such commit."""
        ended = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{self._ref}^{{commit}}")
        if ended.status != 0:
            raise Missing(f"{self._ref} is no commit of a repository around {self._folder}", code="ref")
        return ended.output.decode().strip()

    def snapshot(self, commit: str) -> Snapshot:
        """The folder's tree at that commit; empty where the folder was not there yet."""
        place = f"{commit}:{self._prefix().rstrip('/')}"
        tree = self._git("rev-parse", "--verify", "--quiet", place)
        if tree.status != 0:
            return Snapshot(commit, "", "", "", ())
        name = tree.output.decode().strip()
        listed = self._answer("ls-tree", "-r", "-l", "-z", "--full-tree", name)
        entries = tuple(_entry(line) for line in listed.split(b"\0") if line)
        return Snapshot(
            commit, name, "", "", tuple(each for each in entries if self._only in ("", each.path))
        )

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id, of files of at most 1 MiB."""
        wanted = sorted({entry.blob for entry in entries if entry.size <= LARGEST_FILE})
        output = self._answer("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode())
        found: dict[str, bytes] = {}
        at = 0
        while at < len(output):
            end = output.index(b"\n", at)
            words = output[at:end].decode().split(" ")
            at = end + 1
            if words[-1] != "missing":
                found[words[0]] = output[at : at + int(words[2])]
                at += int(words[2]) + 1
        return found

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`."""
        return self._git("merge-base", "--is-ancestor", ancestor, commit).status == 0

    def _prefix(self) -> str:
        """Where the folder lies in its repository, with a slash at the end; empty at the root."""
        return (
            self._answer("rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").removesuffix("\n")
        )

    def _answer(self, *words: str, stdin: bytes = b"") -> bytes:
        ended = self._git(*words, stdin=stdin)
        if ended.status != 0:
            raise Broken(f"git {words[0]} failed in {self._folder}: {ended.said[:200].strip()}", code="git")
        return ended.output

    def _git(self, *words: str, stdin: bytes = b"") -> Ended:
        environment = git_environment(self._address, Credentials(), self._limits)
        bounds = Bounds(self._limits.local_seconds, 4 * self._limits.listing_bytes)
        return run(("git", "-C", str(self._folder), *words), environment, bounds, stdin)


def _entry(line: bytes) -> Entry:
    """One line of `git ls-tree -l`: mode, kind, id and size, a tab, and the path."""
    facts, tab, path = line.partition(b"\t")
    words = facts.split()
    if not tab or len(words) != 4:
        raise Refused("git ls-tree printed a line of another form")
    size = 0 if words[3] == b"-" else int(words[3])
    return Entry(path.decode("utf-8", "surrogateescape"), words[2].decode(), size, int(words[0], 8))
