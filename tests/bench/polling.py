"""How many bytes a look at a repository with very many refs costs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.limits import GitLimits
from reconciler.adapters.git.source import GitSource
from tests.bench.figure import Figure
from tests.bench.fleet import FleetRepository, fleet_of
from tests.gitserver import GitServer, clean_environment


def poll_figure(folder: Path, refs: int) -> Figure:
    """The body bytes of one poll by a source that has polled before, over smart HTTP."""
    fleet = fleet_of(folder, 1)
    _add_refs(fleet, refs)
    with GitServer(folder) as server:
        url = server.url("config.git")
        source = GitSource(url, "main", folder / "cache", Credentials(), GitLimits())
        source.tip()
        before = server.bytes_sent
        source.tip()
        ours, before = server.bytes_sent - before, server.bytes_sent
        source.close()
        argv = ("git", "ls-remote", url, "refs/heads/main")
        subprocess.run(argv, env=clean_environment(), capture_output=True, check=True)
        theirs = server.bytes_sent - before
    return Figure("git_poll_bytes", ours, "bytes", theirs, f"git ls-remote, {refs} refs")


def _add_refs(fleet: FleetRepository, refs: int) -> None:
    """As a forge keeps its pull requests."""
    commit = fleet.git("rev-parse", "HEAD").strip()
    pulls = "".join(f"{commit} refs/pull/{number:05d}/head\n" for number in range(refs))
    (fleet.bare / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{pulls}")
