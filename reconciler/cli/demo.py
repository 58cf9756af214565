"""`towline demo`: the whole idea, on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .world import runtime_option


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".towline/demo"),
    show_default=True,
    help="Where the demo puts its repositories and its world; an earlier demo there is removed.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="World seconds in a real second.",
)
@click.option(
    "--stay/--no-stay", default=None, help="Keep the world open at the end; the default on a terminal."
)
@runtime_option
def command(folder: Path, speed: float, stay: bool | None, runtime: Path | None) -> None:
    """Watch the whole idea work: push, plan, nodes, model, status commit, badge.

    A config repository is made from example-repo/, an embedded world and the daemon start, a workspace is
    pushed with plain git, changed by a second push and rolled back by a git revert. No GPU, no cloud, no
    cluster: nodes and pods are simulated, and time runs 60 times as fast as life. With --runtime a small
    model is served at the end whose pod is a process of this machine, and asked.
    """
    from .demo_stage import Stage
    from .demo_story import tell_story

    stays = sys.stdout.isatty() if stay is None else stay
    with Stage(folder.absolute(), speed, runtime, stays=stays) as stage:
        told = tell_story(stage)
        if told and stays:
            stage.linger()
    sys.exit(0 if told else 1)
