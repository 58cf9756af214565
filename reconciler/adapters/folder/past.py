"""A folder as it was at a commit of the Git repository it lies in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from git import Blob, Commit, Repo, Submodule, Tree
from git.exc import BadName, GitError, InvalidGitRepositoryError
from gitdb.exc import ODBError

from reconciler.domain.config import Entry, Snapshot
from reconciler.faults import Broken, Missing

from .folder import LARGEST_FILE

_NO_COMMIT = (BadName, ODBError, ValueError, IndexError)


class FolderPast:
    """A Source of one folder's past, out of the repository around it. Nothing is fetched, no hook is run."""

    def __init__(self, path: Path, ref: str) -> None:
        root = path.resolve()
        self._folder = root if root.is_dir() else root.parent
        self._only = "" if root.is_dir() else root.name
        self._ref = ref
        self._blobs: dict[str, Blob] = {}

    def tip(self) -> str:
        """The commit the ref names; raises Missing where there is no repository or no such commit."""
        return self._commit(self._ref).hexsha

    def snapshot(self, commit: str) -> Snapshot:
        """The folder's tree at that commit; empty where the folder was not there yet."""
        tree = self._tree(self._commit(commit))
        if tree is None:
            return Snapshot(commit, "", "", "", ())
        entries = tuple(self._entries(tree, len(str(tree.path)) + 1 if tree.path else 0))
        return Snapshot(
            commit, tree.hexsha, "", "", tuple(each for each in entries if self._only in ("", each.path))
        )

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id, of files of at most 1 MiB."""
        wanted = {each.blob for each in entries if each.size <= LARGEST_FILE}
        return {blob: self._blobs[blob].data_stream.read() for blob in sorted(wanted & self._blobs.keys())}

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`."""
        return self._repo().is_ancestor(self._commit(ancestor), self._commit(commit))

    def _repo(self) -> Repo:
        try:
            return Repo(self._folder, search_parent_directories=True)
        except InvalidGitRepositoryError:
            raise Missing(f"there is no Git repository around {self._folder}", code="ref") from None

    def _commit(self, ref: str) -> Commit:
        repo = self._repo()
        if ref.startswith("-"):
            raise Missing(f"{ref} is no commit of a repository around {self._folder}", code="ref")
        try:
            return repo.commit(ref)
        except _NO_COMMIT:
            raise Missing(f"{ref} is no commit of a repository around {self._folder}", code="ref") from None
        except GitError as failure:
            raise Broken(f"the repository around {self._folder} cannot be read: {failure}") from failure

    def _tree(self, commit: Commit) -> Tree | None:
        root = commit.repo.working_tree_dir
        inside = self._folder.relative_to(root).as_posix() if root else "."
        if inside == ".":
            return commit.tree
        try:
            found = commit.tree / inside
        except KeyError:
            return None
        return found if isinstance(found, Tree) else None

    def _entries(self, tree: Tree, above: int) -> Iterator[Entry]:
        for each in tree.traverse():
            if isinstance(each, Submodule):
                yield Entry(str(each.path)[above:], each.hexsha, 0, each.mode)
            elif isinstance(each, Blob):
                self._blobs[each.hexsha] = each
                yield Entry(str(each.path)[above:], each.hexsha, each.size, each.mode)
