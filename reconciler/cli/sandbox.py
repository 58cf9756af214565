"""`towline sandbox`: the embedded world in the foreground."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import click

from reconciler.settings import SANDBOX_SPEED

_PORT = click.IntRange(0, 65535)
_TROUBLES = (
    "WORD[:N][@NAME], such as no-capacity:2@spot: only the first N times, only where NAME is part of a size,"
    " a pool, a zone (zone-1) or a capacity type; --troubles lists the words"
)


def _list(context: click.Context, _: click.Parameter, asked: bool) -> None:
    """Say every word and what it does."""
    if asked:
        from reconciler.sandbox.trouble import WORDS

        for word, sentence in WORDS.items():
            click.echo(f"{word:<22} {sentence}")
        context.exit()


@click.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".towline"),
    show_default=True,
    help="Folder that holds the world: its kubeconfig, and a snapshot to go on from.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=SANDBOX_SPEED,
    show_default=True,
    help="World seconds in a real second.",
)
@click.option("--trouble", multiple=True, metavar="WORD", help=f"What shall go wrong: {_TROUBLES}.")
@click.option(
    "--troubles",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list,
    help="List what can go wrong, and end.",
)
@click.option(
    "--kube-port", type=_PORT, default=0, help="Port of the Kubernetes API; any free one when not given."
)
@click.option("--arm-port", type=_PORT, default=0, help="Port of the Azure API; any free one when not given.")
def command(state: Path, speed: float, trouble: tuple[str, ...], kube_port: int, arm_port: int) -> None:
    """Run the embedded world: a Kubernetes API and an Azure API on this machine, until Ctrl-C.

    \b
    kubectl --kubeconfig .towline/sandbox/kubeconfig get nodes
    towline run --repo PATH          finds this world through the same --state

    Agent pools bring nodes, nodes run pods, pods are simulated: no GPU and no cloud is touched.
    """
    from reconciler.sandbox.trouble import parse_trouble
    from reconciler.wiring.worlds import sandbox_folder, sandbox_settings, start_sandbox

    from .ending import on_signals

    try:
        troubles = tuple(parse_trouble(word) for word in trouble)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--trouble") from error
    settings = sandbox_settings(
        sandbox_folder(state), speed=speed, troubles=troubles, kube_port=kube_port, arm_port=arm_port
    )
    over = threading.Event()
    on_signals(over.set)
    with start_sandbox(settings) as sandbox:
        click.echo(f"Kubernetes API  {sandbox.kube_url}", err=True)
        click.echo(f"Azure API       {sandbox.arm_url}", err=True)
        click.echo(f"kubectl --kubeconfig {sandbox.kubeconfig} get nodes")
        sys.stdout.flush()
        over.wait()
