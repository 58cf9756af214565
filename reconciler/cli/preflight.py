"""`towline check --pre`: what the world must give before the first pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.settings import Settings


def preflight(path: Path, settings: Settings, output: str) -> bool:
    """Ask the world of the Fleet at PATH, print what it said, and tell whether a pass can do its work."""
    from reconciler.domain.preflight import is_ready
    from reconciler.present.preflight import preflight_json, preflight_text
    from reconciler.wiring.fleet import fleet_in
    from reconciler.wiring.preflight import preflight as ask

    repo = settings.repo if settings.repo != "." else str(path)
    checks = ask(replace(settings, repo=repo), fleet_in(path))
    click.echo(preflight_json(checks) if output == "json" else preflight_text(checks))
    return is_ready(checks)
