"""`towline run`: the daemon."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from reconciler.settings import Settings

from .world import runtime_option, world_options


def running_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --listen and --runtime; both are of the settings."""

    @runtime_option
    @click.option(
        "--listen",
        default="",
        metavar="HOST:PORT",
        help="Answer /metrics, /healthz and /readyz there; :8080 is every address. Without it: nowhere.",
    )
    @wraps(function)
    def with_both(settings: Settings, listen: str, runtime: Path | None, **given: Any) -> Any:
        return function(settings=replace(settings, listen=listen, runtime=runtime), **given)

    return with_both


@click.command()
@world_options
@running_options
@click.option("--once", is_flag=True, help="One pass, then end.")
@click.option("--until-settled", is_flag=True, help="End when nothing is awaited any more.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End after so long in any case; with exit code 1 when --until-settled had not come to its end.",
)
@click.option(
    "--poll",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Seconds between looks; the Fleet's interval when not given.",
)
@click.option("--log-format", type=click.Choice(["logfmt", "json"]), default="logfmt", show_default=True)
def command(
    settings: Settings,
    once: bool,
    until_settled: bool,
    timeout: float | None,
    poll: float | None,
    log_format: str,
) -> None:
    """Watch a config repository and keep the world as it says.

    \b
    towline run --repo .                         the repository here, in the embedded world
    towline run --repo URL --context my-aks      a cluster, always named explicitly
    towline run --repo . --until-settled         the same loop, ended when everything stands

    Ends with 0 when it was asked to stop or everything settled, and with 1 when it could not: each
    workspace whose nodes do not come is told with the reason and the next step.
    """
    from reconciler.daemon import Ending, Trigger
    from reconciler.logs import configure
    from reconciler.present.workspaces import without_nodes
    from reconciler.wiring.house import running

    from .ending import on_signals

    configure(log_format)
    trigger = Trigger()
    on_signals(trigger.stop)
    ending = Ending(passes=1 if once else None, settled=until_settled, seconds=timeout)
    with running(settings, trigger) as house:
        run = house.keep_reconciling(ending, poll)
    settled = run.report is not None and run.report.settled
    stuck = [*without_nodes(run.report.workspaces.values())] if run.report and until_settled else []
    if trigger.stopping or (run.fault is None and not stuck and (settled or not until_settled)):
        return
    for line in stuck:
        click.echo(f"Error: {line}", err=True)
    if until_settled and run.fault is None and not settled:
        click.echo("Error: it has not settled; towline get shows what is awaited", err=True)
    sys.exit(1)
