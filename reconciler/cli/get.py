"""`towline get`: the workspaces as they are."""

from __future__ import annotations

import json

import click

from reconciler.settings import Settings

from .world import world_options


@click.command()
@world_options
@click.option(
    "-o", "--output", type=click.Choice(["text", "wide", "json"]), default="text", show_default=True
)
@click.argument("name", required=False)
def command(settings: Settings, output: str, name: str | None) -> None:
    """List the workspaces with phase, nodes, cost and what each waits for. Nothing is changed.

    NAME is a workspace, as name or namespace/name; all are listed when it is not given. -o wide adds the
    model, and what its container says of itself: how fast it answers, how far a tuning has come.

    \b
    -o json prints {"workspaces": [{"namespace", "name", "phase", "message", "awaiting", "model",
    "instance_type", "nodes_wanted", "nodes_ready": [name], "gpus_per_node", "tuning", "endpoint",
    "dollars_per_hour", "price_date", "price_region", "at_most", "commit", "file",
    "provisioning": {"option", "because", "passed_over": [sentence], "tries", "most_tries", "code",
    "correlation_id", "next_step", "try_again_at", "needs_a_person"},
    "spending": {"dollars", "since", "at", "is_partial", "at_most"},
    "telemetry": {"pod", "download": {"what", "done_bytes", "total_bytes", "bytes_per_second"},
    "benchmark": {"tokens_per_second", "tokens_per_minute", "ttft_seconds", "tpot_seconds", "context_tokens",
    "clients", "error"}, "training": {"state", "step", "steps", "epoch", "loss", "eval_loss", "learning_rate",
    "tokens_per_second", "eta_seconds", "digest", "message", "rows": {"trained", "held_back", "unusable",
    "shown": [sentence]}, "curve": [{"step", "loss", "eval_loss"}]}},
    "proposal",
    "conditions": [{"type", "status", "reason", "message", "since"}],
    "findings": [{"severity", "file", "line", "column", "workspace", "field", "message", "mend"}]}]}
    "dollars_per_hour" is null when no price is known, and an upper bound when "at_most" is true (spot).
    "provisioning" says how the agent pool is had and what Azure said last: "code" and "correlation_id" are
    Azure's own; it is null where nodes are not Towline's to choose. "spending" is what the nodes have cost
    up to "at"; it is null where there never were any. "telemetry" is what the container said of itself; what
    it did not say is null, or 0 in "download" and "benchmark". "proposal" says how the commit stands that was
    offered of a tuning.
    """
    from reconciler.present.workspaces import workspaces_json, workspaces_text
    from reconciler.wiring.house import engine_for

    with engine_for(settings) as engine:
        report = engine.look()
    found = [each for each in report.workspaces.values() if name in (None, each.name.name, str(each.name))]
    if name and not found:
        raise click.ClickException(f"no workspace {name} in {settings.repo}")
    if output == "json":
        click.echo(json.dumps(workspaces_json(found), indent=2))
    else:
        click.echo(workspaces_text(found, wide=output == "wide"))
    for line in (*report.problems, *report.findings):
        click.echo(str(line), err=True)
