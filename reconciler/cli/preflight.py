"""`towline check --pre`: what the world must give before the first pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.settings import Settings

if TYPE_CHECKING:
    from reconciler.domain.fleet import Fleet


def preflight(path: Path, settings: Settings, output: str) -> bool:
    """Ask the world of the Fleet at PATH, print what it said, and tell whether a pass can do its work."""
    from reconciler.domain.preflight import is_ready
    from reconciler.present.preflight import preflight_json, preflight_text
    from reconciler.wiring.preflight import preflight as ask

    checks = ask(replace(settings, repo=str(path)), _fleet(path))
    click.echo(preflight_json(checks) if output == "json" else preflight_text(checks))
    return is_ready(checks)


def _fleet(path: Path) -> Fleet:
    """The fleet of a config repository; its file has to be sound before a world is asked about it."""
    from reconciler.adapters.cell.cell import Cell
    from reconciler.adapters.folder.folder import Folder
    from reconciler.domain.finding import has_errors
    from reconciler.planner.read.fleet import fleet_entry, read_fleet

    source = Folder(path)
    snapshot = source.snapshot("")
    own = fleet_entry(snapshot)
    with Cell() as cell:
        fleet, findings = read_fleet(snapshot, cell.parse(source.read([own])) if own else {})
    if has_errors(findings):
        raise click.ClickException("\n".join(str(finding) for finding in findings))
    return fleet
