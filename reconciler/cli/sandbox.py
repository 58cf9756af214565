"""`towline sandbox`: the embedded world in the foreground."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import click

from reconciler.settings import SANDBOX_SPEED

from .world import runtime_option

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)
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
@runtime_option
@click.option("--hub", type=_FOLDER, help="With --runtime: folder of further models, each as <owner>/<name>.")
@click.option("--vllm", is_flag=True, help="With --runtime: vLLM serves on the CPU where it was to serve.")
def command(state: Path, speed: float, trouble: tuple[str, ...], **chosen: Any) -> None:
    """Run the embedded world: a Kubernetes API and an Azure API on this machine, until Ctrl-C.

    \b
    kubectl --kubeconfig .towline/sandbox/kubeconfig get nodes
    towline run --repo PATH          finds this world through the same --state

    Agent pools bring nodes, nodes run pods, pods are simulated: no GPU and no cloud is touched. With
    --runtime the pods of Towline's own images are processes of this machine, which serve and tune.
    """
    from reconciler.sandbox.trouble import parse_trouble
    from reconciler.wiring.worlds import sandbox_folder, sandbox_settings, start_sandbox

    from .ending import on_signals

    try:
        troubles = tuple(parse_trouble(word) for word in trouble)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--trouble") from error
    settings = sandbox_settings(sandbox_folder(state), speed=speed, troubles=troubles, **chosen)
    over = threading.Event()
    on_signals(over.set)
    with start_sandbox(settings) as sandbox:
        click.echo(f"Kubernetes API  {sandbox.kube_url}", err=True)
        click.echo(f"Azure API       {sandbox.arm_url}", err=True)
        if sandbox.hub_url:
            click.echo(f"Hub of models   {sandbox.hub_url}", err=True)
        click.echo(f"kubectl --kubeconfig {sandbox.kubeconfig} get nodes")
        sys.stdout.flush()
        over.wait()
