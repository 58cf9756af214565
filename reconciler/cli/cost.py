"""`towline cost`: what the nodes cost now, and have cost so far."""

from __future__ import annotations

import json

import click

from reconciler.settings import Settings

from .world import world_options


@click.command()
@world_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.argument("name", required=False)
def command(settings: Settings, output: str, name: str | None) -> None:
    """Show what the nodes cost an hour and a month, and what they have cost so far. Nothing is changed.

    NAME is a workspace, as name or namespace/name; the whole fleet is shown when it is not given, with agent
    pools that nobody asks for any more and workspaces that are gone.

    $/HOUR is of the nodes that are there now, counted from the moment Azure was asked for them; a month is
    730 hours. Prices are public list prices: what you pay under an agreement is another matter.

    \b
    -o json prints {"as_of", "workspaces": [{"workspace", "nodes", "nodes_wanted", "options": [text],
    "dollars_per_hour", "dollars_per_month", "at_most", "is_counted", "so_far", "so_far_at_most",
    "so_far_is_partial", "since"}], "orphans": [{"pool", "made_for", ..., "first_seen", "due", "hold"}],
    "former": {"so_far", ...}, "fleet": {"nodes", "dollars_per_hour", "dollars_per_month", "at_most",
    "unknown_prices", "so_far", ...}, "prices": {"date", "source", "meaning", "regions": [text]}}.
    Null is unknown; "at_most" is a bound, as of spot machines.
    """
    from reconciler.planner.provision.bill import bill_of
    from reconciler.present.cost import cost_json, cost_text, only
    from reconciler.wiring import load_catalog
    from reconciler.wiring.house import engine_for

    with engine_for(settings) as engine:
        seen = engine.plan()
    bill = bill_of(seen.desired, seen.provisions.orphans, seen.logbook, seen.ground)
    if name is not None:
        bill = only(bill, name)
        if not bill.workspaces:
            raise click.ClickException(f"no workspace {name} in {settings.repo}")
    prices = load_catalog().sizes.prices
    if output == "json":
        click.echo(json.dumps(cost_json(bill, prices), indent=2))
    else:
        click.echo(cost_text(bill, prices, totals=name is None))
    for line in (*seen.problems, *seen.observed.blind):
        click.echo(str(line), err=True)
