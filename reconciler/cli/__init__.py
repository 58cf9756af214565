"""Words typed, turned into calls. One file a verb; a verb's file is imported when it is typed."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click

VERBS = {
    "run": "Watch a config repository and keep the world as it says.",
    "plan": "Show what a pass would do, and what it would cost, without doing it.",
    "check": "Judge workspace files without a cluster: every mistake with its place and its mend.",
    "get": "List the workspaces with phase, nodes, cost and what each waits for.",
    "cost": "Show what the nodes cost an hour and a month, and what they have cost so far.",
    "size": "Show how much GPU memory a model needs and which instance types fit, cheapest first.",
    "install": "Bring Towline into a cluster, or what is there up to date.",
    "sandbox": "Run the embedded world: a Kubernetes API and an Azure API on this machine.",
    "demo": "Watch the whole idea work: push, plan, nodes, model, status commit, badge.",
    "completion": "Print the shell completion script for bash, zsh or fish.",
}


class Verbs(click.Group):
    """A group whose commands are imported only when they are typed: --help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order a newcomer meets them."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command, from its own file."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"reconciler.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; what the world refused is one sentence and exit code 1, a bug of ours a traceback.

        A word we do not know is exit code 1 as well: 2 means changes, and a pipeline must not take a
        mistyped option for them.
        """
        from reconciler.faults import Fault

        try:
            return super().invoke(ctx)
        except click.UsageError as misused:
            misused.show()
            ctx.exit(1)
        except Fault as fault:
            raise click.ClickException(str(fault)) from fault

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name and sentence of each verb, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First time here? Type: towline demo",
)
@click.version_option(package_name="towline", prog_name="towline")
@click.pass_context
def main(context: click.Context) -> None:
    """Push a KAITO Workspace to Git; read its truth back from Git.

    Towline provisions the GPU nodes, runs the model or the fine-tuning, and writes status commits and
    badges to a branch of the same repository. Without --context it runs in an embedded world on this
    machine; a cluster is always an explicit choice.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
