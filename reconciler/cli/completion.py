"""`towline completion SHELL`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of your shell.

    \b
    bash:  towline completion bash >> ~/.bashrc
    zsh:   towline completion zsh >> ~/.zshrc
    fish:  towline completion fish > ~/.config/fish/completions/towline.fish
    """
    from . import main

    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"no completion for {shell}")
    click.echo(found(main, {}, "towline", "_TOWLINE_COMPLETE").source())
