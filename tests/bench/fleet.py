"""Config repositories to measure with: a bare one, and a person's clone of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.gitserver import clean_environment

MODEL = "phi-4-mini-instruct"
NODES = ("apps", "bench")  # the label by which the workspaces find the node that seed.begin_world brings
_PERSON = {
    "GIT_AUTHOR_NAME": "You",
    "GIT_AUTHOR_EMAIL": "you@example.com",
    "GIT_COMMITTER_NAME": "You",
    "GIT_COMMITTER_EMAIL": "you@example.com",
}
_FLEET = """\
apiVersion: towline.dev/v1alpha1
kind: Fleet
metadata:
  name: bench
spec:
  nodeProvisioner: byo
"""
_WORKSPACE = """\
apiVersion: kaito.sh/v1beta1
kind: Workspace
metadata:
  name: {name}
resource:
  labelSelector:
    matchLabels:
      {label}: {value}
inference:
  preset:
    name: {model}
"""


class FleetRepository:
    """A fleet on nodes of its own (`byo`), so that no limit on agent pools is in the way."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.work = folder / "config.git", folder / "config"
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        _git(folder, "init", "--quiet", "--initial-branch=main", str(self.work))
        self.git("remote", "add", "origin", str(self.bare))
        (self.work / "towline.yaml").write_text(_FLEET)

    def write(self, *names: str) -> None:
        """Write a workspace a name, up to a hundred in a folder."""
        for index, name in enumerate(names):
            folder = self.work / "workspaces" / f"{index // 100:03d}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.yaml").write_text(_written(name))

    def commit(self, message: str) -> None:
        """Commit everything in the clone."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def push(self, branch: str = "main") -> None:
        """Push what was committed."""
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")

    def git(self, *words: str) -> str:
        """Run git as a person in the clone."""
        return _git(self.work, *words)

    @property
    def status_tip(self) -> str:
        """The commit the status branch points at, read from its file; empty while there is none."""
        try:
            return (self.bare / "refs" / "heads" / "towline" / "status").read_text().strip()
        except FileNotFoundError:
            return ""

    def shows(self, commit: str, name: str) -> bool:
        """Whether a status commit holds a workspace's file."""
        argv = ("git", "cat-file", "-e", f"{commit}:status/default/{name}.yaml")
        run = subprocess.run(argv, cwd=self.bare, env=clean_environment(), check=False, capture_output=True)
        return run.returncode == 0


def fleet_of(folder: Path, count: int) -> FleetRepository:
    """A pushed fleet of so many workspaces."""
    fleet = FleetRepository(folder)
    fleet.write(*(f"w{index:05d}" for index in range(count)))
    fleet.commit("A fleet")
    fleet.push()
    return fleet


def _written(name: str) -> str:
    label, value = NODES
    return _WORKSPACE.format(name=name, label=label, value=value, model=MODEL)


def _git(folder: Path, *words: str) -> str:
    environment = {**clean_environment(), **_PERSON}
    run = subprocess.run(("git", *words), cwd=folder, env=environment, capture_output=True, check=True)
    return run.stdout.decode()
