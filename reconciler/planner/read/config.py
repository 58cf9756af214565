"""A revision's files to a Config: every workspace with its findings, and every file that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.catalog.catalog import Catalog
from reconciler.domain.config import Config, Entry, Parsed, Snapshot, Supporting
from reconciler.domain.finding import Finding, has_errors
from reconciler.domain.fleet import FILE, Fleet
from reconciler.planner.parse.documents import owner
from reconciler.planner.rules.flaw import printable

from .document import Reading, read_document
from .fleet import read_fleet
from .judging import Found, Judge, Judging, Memo, double, sha256
from .tree import survey


def read_config(
    snapshot: Snapshot, parsed: Mapping[str, Parsed], judge: Judge, memo: Memo | None = None
) -> Config:
    """The tree read and judged; `parsed` is by blob id, of the fleet's file and of those `wanted` named.

    Config.findings are those of no workspace; each Declared carries its own. Never raises for what people
    wrote: what cannot be read is in `unread`, and with it nothing is pruned.
    """
    remembered: Memo = {} if memo is None else memo
    _forget_others(remembered, judge)
    fleet, fleet_findings = _fleet(snapshot, parsed, judge)
    seen = survey(snapshot, fleet, whole=judge.whole)
    reading = _Reading(Reading(fleet, judge.whole), remembered)
    places: list[Found] = []
    broken: list[Finding] = []
    for entry in seen.wanted:
        blob = parsed.get(entry.blob, _NOT_HERE)
        places.extend(reading.places(entry, blob))
        broken.extend(_broken(entry, blob))
    workspaces = Judging(fleet, judge, places, remembered).workspaces(_held(fleet_findings))
    supporting, doubles = _supporting(places)
    nameless = [finding for place in places if place.item.name is None for finding in place.told()]
    _forget(remembered, len(places))
    return Config(
        commit=snapshot.commit,
        fleet=fleet,
        workspaces=workspaces,
        supporting=supporting,
        findings=tuple(sorted({*fleet_findings, *seen.findings, *broken, *nameless, *doubles}, key=_order)),
        unread=_unread(fleet_findings, seen.unread, broken, places),
        subject=snapshot.subject,
    )


def all_findings(config: Config) -> tuple[Finding, ...]:
    """Those of the files and those of every workspace, by file and place."""
    declared = (finding for each in config.workspaces.values() for finding in each.findings)
    return tuple(sorted({*config.findings, *declared}, key=_order))


_NOT_HERE = Parsed((), (Finding("", 0, 0, "", "the file could not be read from Git", "push it again"),))


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.file, finding.line, finding.column, finding.field, finding.message


def _fleet(
    snapshot: Snapshot, parsed: Mapping[str, Parsed], judge: Judge
) -> tuple[Fleet, tuple[Finding, ...]]:
    return (Fleet(), ()) if judge.whole else read_fleet(snapshot, parsed, judge.catalog)


def _held(fleet_findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What every workspace is told while the fleet's file has errors: nothing is changed then."""
    if not has_errors(fleet_findings):
        return ()
    message = f"{FILE} has mistakes, so this workspace is kept as it is"
    return (Finding(FILE, 0, 0, "", message, "mend the fleet first"),)


def _broken(entry: Entry, blob: Parsed) -> Iterator[Finding]:
    """What could not be parsed. A finding that names a field belongs to a document, which tells it."""
    for finding in blob.findings:
        if not finding.field or owner(blob.documents, finding.line) is None:
            yield replace(finding, file=printable(entry.path))


def _unread(
    fleet_findings: tuple[Finding, ...],
    refused: tuple[str, ...],
    broken: list[Finding],
    places: list[Found],
) -> tuple[str, ...]:
    fleet = [FILE] if has_errors(fleet_findings) else []
    lost = [place.file for place in places if place.item.lost]
    return tuple(sorted({*fleet, *refused, *(finding.file for finding in broken), *lost}))


def _supporting(places: list[Found]) -> tuple[tuple[Supporting, ...], list[Finding]]:
    """The objects beside the workspaces. Of two declarations of one object the first in order counts."""
    found: dict[tuple[str, str, str, str], Supporting] = {}
    doubles: list[Finding] = []
    for place in places:
        ref, body = place.item.ref, place.item.body
        if ref is None or body is None:
            continue
        key = (ref.group, ref.kind, ref.namespace, ref.name)
        if first := found.get(key):
            doubles.append(double(str(ref), place, (first.file, first.line)))
        else:
            found[key] = Supporting(ref, body, place.file, place.item.line)
    return tuple(found.values()), doubles


class _Reading:
    """Documents to items, each read once as long as its blob and the fleet stay the same."""

    def __init__(self, reading: Reading, memo: Memo) -> None:
        self._reading = reading
        self._memo = memo
        self._fleet = sha256(reading.fleet.model_dump_json() + str(reading.anywhere))

    def places(self, entry: Entry, blob: Parsed) -> Iterator[Found]:
        """The items of a file, in order."""
        file = printable(entry.path)
        told = _by_document(blob) if blob.findings else {}
        for index, document in enumerate(blob.documents):
            key = (entry.blob, index, self._fleet)
            item = self._memo.get(key)
            if item is None:
                item = self._memo[key] = read_document(document, tuple(told.get(index, ())), self._reading)
            yield Found(file, item, (entry.blob, index))


def _by_document(blob: Parsed) -> dict[int, list[Finding]]:
    """What the parser said of each document, by its index."""
    indices = {id(document): index for index, document in enumerate(blob.documents)}
    told: dict[int, list[Finding]] = {}
    for finding in blob.findings:
        document = owner(blob.documents, finding.line) if finding.field else None
        if document is not None:
            told.setdefault(indices[id(document)], []).append(finding)
    return told


def _forget_others(memo: Memo, judge: Judge) -> None:
    """What was judged by another catalog says nothing."""
    if memo.setdefault(Catalog, judge.catalog) != judge.catalog:
        memo.clear()
        memo[Catalog] = judge.catalog


def _forget(memo: Memo, documents: int) -> None:
    """Start anew when most of what is remembered is of the past."""
    if len(memo) > 8 * documents + 1_000:
        memo.clear()
