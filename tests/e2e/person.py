"""A person with a clone: commits by hand and pushes with git, to a bare repository that others serve."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.gitserver import clean_environment

STATUS = "towline/status"
Files = Mapping[str, str | bytes | Path | None]
"""Path to content; a Path is a symbolic link to it, None removes the file."""

_WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "Ann"),
        ("EMAIL", "ann@example.com"),
        ("DATE", "2026-01-02T03:04:05Z"),
    )
}


@dataclass(frozen=True)
class Person:
    """`work` is the clone, `bare` where it is pushed to. The same files give the same commit id."""

    work: Path
    bare: Path

    @classmethod
    def arrives(cls, folder: Path) -> Person:
        """Make both repositories, empty."""
        person = cls(folder / "work", folder / "srv" / "config.git")
        _git("init", "-q", "--bare", "-b", "main", str(person.bare))
        _git("-C", str(person.bare), "config", "http.receivepack", "true")
        _git("init", "-q", "-b", "main", str(person.work))
        person.git("remote", "add", "origin", str(person.bare))
        return person

    def git(self, *words: str) -> str:
        return _git("-C", str(self.work), *words)

    def write(self, files: Files) -> None:
        for path, content in files.items():
            target = self.work / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                target.unlink()
            elif isinstance(content, Path):
                target.symlink_to(content)
            else:
                target.write_bytes(content.encode() if isinstance(content, str) else content)

    def push(self, files: Files, subject: str = "a change") -> str:
        """Write these files, commit everything and push; the commit's id."""
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", subject)
        self.git("push", "-q", "origin", "HEAD:refs/heads/main")
        return self.git("rev-parse", "HEAD")

    def commit_there(self, subject: str) -> str:
        """Commit the files of the clone right in the bare repository, compressed in haste."""
        there = ("--git-dir", str(self.bare), "--work-tree", str(self.work), "-c", "core.compression=1")
        _git(*there, "add", "-A")
        _git(*there, "commit", "-q", "-m", subject)
        return self.remote("rev-parse", "main")

    def remote(self, *words: str) -> str:
        """Git in the bare repository."""
        return _git("-C", str(self.bare), *words)

    def has_status(self) -> bool:
        return bool(self.remote("for-each-ref", f"refs/heads/{STATUS}"))

    def status_commits(self) -> list[str]:
        """Whole messages, newest first."""
        if not self.has_status():
            return []
        return [each for each in self.remote("log", "--format=%B%x00", STATUS).split("\0") if each.strip()]

    def status_files(self) -> dict[str, str]:
        """What the status branch holds: path to text."""
        if not self.has_status():
            return {}
        commit = self.remote("rev-parse", STATUS)
        paths = self.remote("ls-tree", "-r", "--name-only", commit).splitlines()
        return {path: self.remote("show", f"{commit}:{path}") for path in paths}

    def page(self) -> str:
        return self._shown("README.md")

    def told(self, name: str, namespace: str = "default") -> dict[str, Any]:
        """One workspace's status file; empty where there is none."""
        told: dict[str, Any] = yaml.safe_load(self._shown(f"status/{namespace}/{name}.yaml")) or {}
        return told

    def everything_told(self, namespace: str = "default") -> dict[str, dict[str, Any]]:
        """The status files of a namespace by workspace, of one commit."""
        packed = _run("-C", str(self.bare), "archive", STATUS, f"status/{namespace}")
        if packed.returncode:
            return {}
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
            found = ((each.name, files.extractfile(each)) for each in files if each.isfile())
            return {Path(name).stem: yaml.safe_load(text.read()) for name, text in found if text}

    def phase(self, name: str) -> str:
        return str(self.told(name).get("phase", ""))

    def _shown(self, path: str) -> str:
        ended = _run("-C", str(self.bare), "show", f"{STATUS}:{path}")
        return ended.stdout.decode(errors="replace") if ended.returncode == 0 else ""


def _git(*words: str) -> str:
    ended = _run(*words)
    assert ended.returncode == 0, ended.stderr.decode(errors="replace")
    return ended.stdout.decode(errors="replace").strip()


def _run(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ("git", *words), env={**clean_environment(), **_WHO}, capture_output=True, check=False, timeout=300
    )
