"""The status branch: which files it should hold, which of them differ, and the sentence that says why.

A file is compared by its Git blob id, so an unchanged fleet is recognised without reading or writing a byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Report, StatusCommit, WorkspaceReport
from reconciler.domain.share import WHOLE, Share

from .badge import badge_json, badge_message, badge_svg, colour, looks_like
from .branch_paths import badge_path, curve_path, endpoint_path, is_of_a_workspace, status_path, whose
from .fleet_badge import fleet_badge
from .loss_curve import loss_curve
from .status_file import status_file
from .status_message import status_message
from .status_page import MOST_ROWS, in_need_first, row, status_page

_PAGE = "README.md"

Memo = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A workspace's part of the branch: its files' blob ids and its line of the page."""

    report: WorkspaceReport
    name: str
    blobs: tuple[tuple[str, str], ...]
    row: str


def compose_status(
    report: Report, written: Mapping[str, str], memo: Memo, share: Share = WHOLE
) -> StatusCommit | None:
    """The files that differ from those `written` (path to Git blob id), or None when none does: of a `share`
    those of its workspaces, and the fleet's own where that is ours, too.

    `memo` is the caller's, kept from pass to pass: an unchanged workspace costs a few look-ups.
    """
    made: dict[WorkspaceName, Mapping[str, bytes]] = {}
    shown = _all_shown(report, memo, made, share)
    files: dict[str, bytes | None] = {}
    for name, each in shown.items():
        if any(written.get(path) != blob for path, blob in each.blobs):
            files.update(_differing(made.get(name) or _files(each.report, each.name), written))
    changed = [each.report for each in shown.values() if status_path(each.report.name) in files]
    names = {name: each.name for name, each in shown.items()}
    if share.leads:
        files.update(_differing(_fleet_files(report, shown, names), written))
    wanted = {path for each in shown.values() for path, _ in each.blobs}
    left = (path for path in written if path not in wanted and is_of_a_workspace(path))
    gone = [path for path in left if _may_remove(path, share)]
    files.update(dict.fromkeys(gone))
    if not files:
        return None
    return StatusCommit(dict(sorted(files.items())), status_message(report, changed, names, gone))


def _may_remove(path: str, share: Share) -> bool:
    """Where several write, a file whose path does not tell whose it is stays until one of them has it all."""
    if share.is_whole:
        return True
    name = whose(path)
    return name is not None and share.has(name)


def blob_id(data: bytes) -> str:
    """Git's id of a file with this content: SHA-1 over `blob`, its size and the bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _all_shown(
    report: Report, memo: Memo, made: dict[WorkspaceName, Mapping[str, bytes]], share: Share
) -> Mapping[WorkspaceName, _Shown]:
    """Every workspace's part, remade only where its report is another value; new files go into `made`. Of
    those that others write of, there is only the line of the page."""
    home = _home(report)
    shown: dict[WorkspaceName, _Shown] = {}
    for name, each in report.workspaces.items():
        called = name.name if name.namespace == home else str(name)
        known = memo.get(name)
        ours = share.has(name)
        if known is None or _is_other(known, each, called) or bool(known.blobs) != ours:
            made[name] = _files(each, called) if ours else {}
            known = _show(each, called, made[name])
        shown[name] = known
    memo.clear()
    memo.update(shown)
    return shown


def _is_other(known: _Shown, report: WorkspaceReport, called: str) -> bool:
    return known.name != called or (known.report is not report and known.report != report)


def _home(report: Report) -> str:
    """The namespace whose workspaces go by their bare name: `default`, else the first there is."""
    namespaces = {name.namespace for name in report.workspaces}
    return "default" if "default" in namespaces else min(namespaces, default="default")


def _show(report: WorkspaceReport, called: str, files: Mapping[str, bytes]) -> _Shown:
    blobs = tuple((path, blob_id(data)) for path, data in files.items())
    return _Shown(report, called, blobs, row(report, called))


def _files(report: WorkspaceReport, called: str) -> dict[str, bytes]:
    hue, said = colour(looks_like(report)), badge_message(report)
    files = {
        status_path(report.name): status_file(report),
        badge_path(report.name): badge_svg(called, said, hue),
        endpoint_path(report.name): badge_json(called, said, hue),
    }
    training = report.telemetry.training
    if training and (curve := loss_curve(called, training)):
        files[curve_path(report.name)] = curve
    return files


def _fleet_files(
    report: Report, shown: Mapping[WorkspaceName, _Shown], names: Mapping[WorkspaceName, str]
) -> dict[str, bytes]:
    order: list[WorkspaceReport] = list(report.workspaces.values())
    if len(order) > MOST_ROWS:
        order = in_need_first(order)[:MOST_ROWS]
    label, message, hue = fleet_badge(report)
    return {
        _PAGE: status_page(report, (shown[each.name].row for each in order), names),
        "badges/fleet.svg": badge_svg(label, message, hue),
        "badges/fleet.json": badge_json(label, message, hue),
    }


def _differing(files: Mapping[str, bytes], written: Mapping[str, str]) -> Mapping[str, bytes]:
    return {path: data for path, data in files.items() if written.get(path) != blob_id(data)}
