"""`towline run`: the daemon."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from reconciler.domain.share import BUCKETS
from reconciler.settings import Settings

from .world import runtime_option, world_options

if TYPE_CHECKING:
    from reconciler.daemon import Run


_PATIENCE = 30.0
"""Seconds for which --once waits for a lease without --timeout: a holder that died is given up after half of
that, one that lives does the work itself."""


def running_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --listen, --runtime, --leader-elect and --shards; all are of the settings."""

    @runtime_option
    @click.option(
        "--listen",
        default="",
        metavar="HOST:PORT",
        help="Answer /metrics, /healthz and /readyz there; :8080 is every address. Without it: nowhere.",
    )
    @click.option(
        "--leader-elect/--no-leader-elect",
        "elects",
        default=None,
        help="Act only while holding the fleet's Lease in towline-system; on by default with --context.",
    )
    @click.option(
        "--shards",
        type=click.IntRange(1, BUCKETS),
        default=1,
        show_default=True,
        help="Into so many parts the workspaces are divided among the processes; the same for all of them.",
    )
    @wraps(function)
    def with_them(settings: Settings, elects: bool | None, shards: int, **given: Any) -> Any:
        chosen = {"listen": given.pop("listen"), "runtime": given.pop("runtime"), "shards": shards}
        elects = _elects(settings, elects, shards)
        return function(settings=replace(settings, leader_elect=elects, **chosen), **given)

    return with_them


def _elects(settings: Settings, chosen: bool | None, shards: int) -> bool:
    if shards > 1 and chosen is False:
        raise click.UsageError("--shards needs --leader-elect: a shard belongs to whoever holds its Lease")
    return shards > 1 or (not settings.is_sandbox if chosen is None else chosen)


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
    workspace whose nodes do not come is told with the reason and the next step. With --once and
    --until-settled it waits for the fleet's Lease no longer than --timeout, or 30 seconds.
    """
    from reconciler.daemon import Ending, Trigger
    from reconciler.logs import configure
    from reconciler.wiring.house import running

    from .ending import on_signals

    configure(log_format)
    trigger = Trigger()
    on_signals(trigger.stop)
    patience = (timeout or _PATIENCE) if once or until_settled else None
    ending = Ending(passes=1 if once else None, settled=until_settled, seconds=timeout, patience=patience)
    with running(settings, trigger) as house:
        run = house.keep_reconciling(ending, poll)
    wrong = [*_wrong(run, once=once, until_settled=until_settled)]
    if trigger.stopping or (run.fault is None and not wrong):
        return
    for line in wrong:
        click.echo(f"Error: {line}", err=True)
    sys.exit(1)


def _wrong(run: Run, *, once: bool, until_settled: bool) -> Iterator[str]:
    """Why what was asked for did not come about, a sentence each; a fault has been told already."""
    from reconciler.present.workspaces import without_nodes

    report = run.report
    if (once or until_settled) and run.standing_by is not None:
        yield f"nothing was done here: {run.standing_by}"
        return
    if once and report is not None and report.untold:
        yield report.untold
    if until_settled and report is not None:
        yield from without_nodes(report.workspaces.values())
    if until_settled and run.fault is None and not (report is not None and report.settled):
        yield "it has not settled; towline get shows what is awaited"
