"""The Fleet that a config repository holds, read for verbs that need nothing else of it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.adapters.cell.cell import Cell
from reconciler.adapters.folder.folder import Folder
from reconciler.domain.finding import has_errors
from reconciler.domain.fleet import Fleet
from reconciler.faults import Refused
from reconciler.planner.read.fleet import fleet_entry, read_fleet
from reconciler.ports import Source
from reconciler.settings import Settings

from .repository import source_of


def fleet_in(folder: Path) -> Fleet:
    """That of a folder here. Refused where it is not sound."""
    return _read(Folder(folder), "")


def fleet_at(repo: str, branch: str) -> Fleet:
    """That of a repository somewhere else, at the tip of the branch. Refused where it is not sound."""
    with TemporaryDirectory() as scratch, source_of(Settings(repo, branch, state=Path(scratch))) as source:
        return _read(source, source.tip())


def _read(source: Source, commit: str) -> Fleet:
    snapshot = source.snapshot(commit)
    own = fleet_entry(snapshot)
    with Cell() as cell:
        fleet, findings = read_fleet(snapshot, cell.parse(source.read([own])) if own else {})
    if has_errors(findings):
        raise Refused("\n".join(str(finding) for finding in findings))
    return fleet
