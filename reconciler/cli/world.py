"""The options that say which repository and which world, shared by every verb that needs them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from reconciler.settings import Settings

_REPOSITORY = (
    click.option("--repo", default=".", show_default=True, help="Config repository: a path or a URL."),
    click.option("--branch", default="", help="Branch to follow; the repository's default when not given."),
)
_WATCHED = (
    click.option(
        "--repo",
        default=".",
        metavar="URL",
        help="With --pre: the repository that Towline will watch; PATH when not given.",
    ),
    click.option("--branch", default="", help="With --pre: the branch it will follow."),
)
_PLACE = (
    click.option(
        "--context",
        default="",
        metavar="NAME",
        help="A kubeconfig context, or in-cluster: the one Towline runs in. Without it: the embedded world.",
    ),
    click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Kubeconfig file for --context; KUBECONFIG or ~/.kube/config when not given.",
    ),
    click.option(
        "--azure-login",
        type=click.Choice(["workload-identity", "managed-identity", "service-principal", "cli"]),
        default="workload-identity",
        show_default=True,
        help="Who Towline is for Azure, with --context.",
    ),
    click.option(
        "--state",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path(".towline"),
        show_default=True,
        help="Folder for clones and for the embedded world.",
    ),
)
_HUB = (click.option("--offline", is_flag=True, help="Ask Hugging Face nothing; use what is cached."),)


runtime_option = click.option(
    "--runtime",
    type=click.Path(path_type=Path),
    envvar="TOWLINE_RUNTIME",
    show_envvar=True,
    metavar="PYTHON",
    help="A Python with the libraries of Towline's containers (make runtime): the embedded world really runs"
    " them.",
)
"""Adds --runtime."""


def world_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the function receives them as one `settings` value."""
    names = ("repo", "branch", "context", "kubeconfig", "azure_login", "state", "offline")
    return _with_settings(function, (*_REPOSITORY, *_PLACE, *_HUB), names)


def preflight_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add those of them that `check --pre` asks about; without --repo the function receives `settings` for
    the repository here."""
    names = ("repo", "branch", "context", "kubeconfig", "azure_login", "state")
    return _with_settings(function, (*_WATCHED, *_PLACE), names)


def _with_settings(
    function: Callable[..., Any], options: tuple[Callable[..., Any], ...], names: tuple[str, ...]
) -> Callable[..., Any]:
    @wraps(function)
    def with_settings(*positional: Any, **given: Any) -> Any:
        chosen = {name: given.pop(name) for name in names}
        return function(*positional, settings=Settings(**chosen), **given)

    for option in reversed(options):
        option(with_settings)
    return with_settings
