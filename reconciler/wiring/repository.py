"""The config repository that the settings name, opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.limits import GitLimits
from reconciler.adapters.git.remote import Remote
from reconciler.adapters.git.source import GitSource
from reconciler.faults import Refused
from reconciler.settings import Settings

from .doors import repository_folder


@contextmanager
def source_of(settings: Settings) -> Iterator[GitSource]:
    """The branch that is followed. Refused: --repo or --branch is not let in."""
    url = str(Path(settings.repo).absolute()) if Path(settings.repo).exists() else settings.repo
    cache = repository_folder(settings) / "source"
    try:
        branch = settings.branch or _default_branch(url)
        source = GitSource(url, branch, cache, credentials(), GitLimits())
    except ValueError as refused:
        raise Refused(f"--repo or --branch: {refused}") from refused
    try:
        yield source
    finally:
        source.close()


def credentials() -> Credentials:
    """Who we are to the Git server, from the environment; a URL may carry it instead."""
    key = os.environ.get("TOWLINE_GIT_SSH_KEY")
    hosts = os.environ.get("TOWLINE_GIT_KNOWN_HOSTS")
    return Credentials(
        username=os.environ.get("TOWLINE_GIT_USERNAME", ""),
        secret=os.environ.get("TOWLINE_GIT_TOKEN", ""),
        ssh_key=Path(key) if key else None,
        known_hosts=Path(hosts) if hosts else None,
    )


def _default_branch(url: str) -> str:
    remote = Remote(url, credentials(), GitLimits())
    try:
        return remote.default_branch() or "main"
    finally:
        remote.close()
