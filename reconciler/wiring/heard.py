"""The config repository, and somebody who is told what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from reconciler.domain.config import Entry, Snapshot
from reconciler.ports import Source


class HeardSource:
    """Fills the port `Source`; `saw` is told the newest commit each time Git tells it."""

    def __init__(self, source: Source, saw: Callable[[str], None]) -> None:
        self._source = source
        self._saw = saw

    def tip(self) -> str:
        """The commit the branch points at."""
        commit = self._source.tip()
        self._saw(commit)
        return commit

    def snapshot(self, commit: str) -> Snapshot:
        """The tree of that commit."""
        return self._source.snapshot(commit)

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id."""
        return self._source.read(entries)

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`."""
        return self._source.descends(commit, ancestor)
