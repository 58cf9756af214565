"""`towline check`: judge workspace files, by themselves or as a change, without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.settings import Settings

from .world import preflight_options

if TYPE_CHECKING:
    from reconciler.catalog.catalog import Catalog
    from reconciler.domain.config import Config
    from reconciler.domain.finding import Finding
    from reconciler.domain.identity import WorkspaceName
    from reconciler.domain.workspace import Workspace
    from reconciler.ports import Reader, Source


@click.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--base", metavar="REF", help="Judge changes against this commit or branch, too.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--pre", is_flag=True, help="Look at the world instead: may Towline do what it will have to?")
@preflight_options
@click.pass_context
def command(
    context: click.Context, settings: Settings, path: Path, base: str | None, output: str, pre: bool
) -> None:
    """Judge the config repository, folder or file at PATH [.].

    With a towline.yaml at PATH, its folders and rules hold. Without, every YAML file counts and the defaults
    hold. Ends with 1 when there are errors, with 0 when there are none or only warnings.

    \b
    -o json prints {"valid", "findings": [{"severity", "file", "line", "column", "workspace", "field",
    "message", "mend"}]}. Lines and columns count from 1; 0 means the file as a whole.

    \b
    --pre looks at the world that --context names, or at the embedded one, and judges no workspace: whether
    Git lets Towline read and push, whether Kubernetes allows all that a pass does and what is there already,
    the login to Azure, the AKS cluster, its agent pools, the machine sizes and the quota, each with what to
    do where it is missing. Nothing is changed. Ends with 1 when a pass could not do its work.
    -o json prints {"ready", "checks": [{"subject", "answer", "said", "mend"}]}.
    """
    from reconciler.adapters.cell.cell import Cell
    from reconciler.domain.finding import has_errors
    from reconciler.faults import Fault
    from reconciler.present.findings import findings_json, findings_text

    from .preflight import preflight

    if pre:
        context.exit(0 if preflight(path, settings, output) else 1)
    try:
        with Cell() as cell:
            findings, files = _check(path, base, cell)
    except Fault as fault:
        raise click.ClickException(str(fault)) from fault
    root = "" if path.is_file() or str(path) == "." else f"{path}/"
    text = findings_json(findings) if output == "json" else findings_text(findings, files, root)
    click.echo(text)
    context.exit(1 if has_errors(findings) else 0)


def _check(path: Path, base: str | None, cell: Reader) -> tuple[tuple[Finding, ...], int]:
    """The findings, and how many files were looked at."""
    from dataclasses import replace

    from reconciler.adapters.folder.folder import Folder
    from reconciler.adapters.folder.past import FolderPast
    from reconciler.domain.fleet import FILE
    from reconciler.planner.read.config import all_findings
    from reconciler.wiring import load_catalog

    if path.is_file() and path.name == FILE:
        return _fleet_alone(path, cell), 1
    catalog = load_catalog()
    before = _manifests(FolderPast(path, base), cell, catalog) if base else {}
    config, files = _read(Folder(path), cell, catalog, before)
    findings = all_findings(config)
    if path.is_file():
        findings = tuple(replace(finding, file=str(path)) for finding in findings)
    return findings, files


def _fleet_alone(path: Path, cell: Reader) -> tuple[Finding, ...]:
    """The fleet's file without the folders it speaks of."""
    from dataclasses import replace

    from reconciler.adapters.folder.folder import Folder
    from reconciler.planner.read.fleet import fleet_entry, read_fleet
    from reconciler.wiring import load_catalog

    source = Folder(path)
    snapshot = source.snapshot("")
    own = fleet_entry(snapshot)
    _, findings = read_fleet(snapshot, cell.parse(source.read([own])) if own else {}, load_catalog())
    return tuple(replace(finding, file=str(path)) for finding in findings)


def _manifests(source: Source, cell: Reader, catalog: Catalog) -> dict[WorkspaceName, Workspace]:
    """The workspaces that were well formed there: those with errors never ran as they stand."""
    from reconciler.domain.finding import has_errors

    config, _ = _read(source, cell, catalog, {})
    sound = (each for each in config.workspaces.values() if not has_errors(each.findings))
    return {each.name: each.manifest for each in sound}


def _read(
    source: Source, cell: Reader, catalog: Catalog, before: dict[WorkspaceName, Workspace]
) -> tuple[Config, int]:
    """The fleet's file first, since it says which others are to be read."""
    from reconciler.domain.fleet import FILE
    from reconciler.planner.read.config import read_config
    from reconciler.planner.read.fleet import fleet_entry, read_fleet
    from reconciler.planner.read.judging import Judge
    from reconciler.planner.read.tree import wanted

    snapshot = source.snapshot(source.tip())
    whole = all(entry.path != FILE for entry in snapshot.entries)
    own = fleet_entry(snapshot)
    parsed = dict(cell.parse(source.read([own]))) if own else {}
    fleet, _ = read_fleet(snapshot, parsed)
    entries = wanted(snapshot, fleet, whole=whole)
    parsed |= cell.parse(source.read(entries))
    config = read_config(snapshot, parsed, Judge(catalog, before=before, whole=whole))
    return config, len(entries) + (0 if whole else 1)
