"""`towline plan`: the first half of a pass."""

from __future__ import annotations

import json
import sys

import click

from reconciler.settings import Settings

from .world import world_options


@click.command()
@world_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(settings: Settings, output: str) -> None:
    """Show what a pass would do, and what it would cost, without doing it.

    Exit code 0: nothing would be done. 2: something would. 1: it could not be told, or a workspace has a
    mistake or is beyond the budget, so that it is left out.

    \b
    -o json prints {"hash", "steps": [{"action", "kind", "name", "workspace", "because", "fields"}],
    "workspaces": [{"workspace", "action", "because", "nodes_before", "nodes_after",
    "dollars_per_hour_before", "dollars_per_hour_after", "at_most",
    "overlap": {"hours", "dollars", "hours_at_most", "dollars_at_most"}}]}
    "at_most" says that the price after is a bound, as of spot machines; "overlap" is told where nodes are
    replaced: what both pools cost until the new one stands.
    """
    from reconciler.domain.finding import has_errors
    from reconciler.present.plan import plan_json, plan_text
    from reconciler.wiring.house import engine_for

    with engine_for(settings) as engine:
        prospect = engine.plan()
    if output == "json":
        click.echo(json.dumps(plan_json(prospect.plan), indent=2))
    else:
        click.echo(plan_text(prospect.plan))
    findings = prospect.findings
    for line in (*findings, *prospect.problems, *prospect.observed.blind):
        click.echo(str(line), err=True)
    if has_errors(findings):
        click.echo("Error: a workspace with a mistake is left as it is, and not in this plan", err=True)
        sys.exit(1)
    sys.exit(2 if prospect.plan.has_changes else 0)
