"""Upstream repositories made by hand, byte by byte where git's porcelain would refuse."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.limits import GitLimits
from reconciler.adapters.git.remote import Remote
from reconciler.adapters.git.source import GitSource
from reconciler.adapters.git.status import GitStatusBook
from tests.gitserver import clean_environment

QUICK = GitLimits(poll_seconds=10, transfer_seconds=60)
NOBODY = Credentials()


@dataclass(frozen=True)
class Upstream:
    """A bare repository at `path`."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> Upstream:
        subprocess.run(
            ("git", "init", "-q", "--bare", "-b", "main", str(path)), check=True, env=clean_environment()
        )
        return cls(path)

    def git(self, *words: str, stdin: bytes = b"") -> str:
        ended = subprocess.run(
            ("git", "-C", str(self.path), *words), input=stdin, env=clean_environment(), capture_output=True
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.decode(errors="replace").strip()

    def commit(
        self,
        files: Mapping[str, str | bytes],
        subject: str = "a change",
        *,
        branch: str = "main",
        orphan: bool = False,
        modes: Mapping[str, str] | None = None,
    ) -> str:
        """Commit these files on top of the branch (alone on a new history when `orphan`); the commit's id."""
        ref = f"refs/heads/{branch}"
        parent = "" if orphan else self.git("for-each-ref", "--format=%(objectname)", ref)
        parts = [f"commit {ref}\nmark :1\ncommitter Ann <ann@example.com> 1700000000 +0000\n".encode()]
        parts.append(_data(subject.encode()))
        parts.append(f"from {parent}\n".encode() if parent else b"")
        for path, content in files.items():
            mode = (modes or {}).get(path, "100644")
            parts.append(_file(mode, path, content.encode() if isinstance(content, str) else content))
        parts.append(b"get-mark :1\n")
        return self.git("fast-import", "--quiet", "--force", stdin=b"".join(parts))

    def commit_tree(self, tree: str) -> str:
        """Commit this very tree to main."""
        head = f"tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\na tree\n"
        commit = self.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=head.encode())
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def tip(self, branch: str = "main") -> str:
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")

    def add_refs(self, count: int, prefix: str = "refs/pull") -> None:
        """So many more refs, packed, all at the tip of main."""
        tip = self.tip()
        lines = sorted(f"{tip} {prefix}/{number}/head\n" for number in range(count))
        (self.path / "packed-refs").write_text(
            "# pack-refs with: peeled fully-peeled sorted \n" + "".join(lines)
        )

    def files(self, branch: str) -> dict[str, str]:
        """Path to content of a branch."""
        listed = self.git("ls-tree", "-r", "--name-only", branch).splitlines()
        return {path: self.git("show", f"{branch}:{path}") for path in listed}


def source_of(
    url: str | Path, cache: Path, credentials: Credentials = NOBODY, limits: GitLimits = QUICK
) -> GitSource:
    return GitSource(str(url), "main", cache, credentials, limits)


def book_of(
    url: str | Path, cache: Path, credentials: Credentials = NOBODY, limits: GitLimits = QUICK
) -> GitStatusBook:
    return GitStatusBook(Remote(str(url), credentials, limits), "towline/status", cache, "main")


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _file(mode: str, path: str, content: bytes) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    name = b"".join(b"\\%03o" % byte for byte in raw)
    if mode == "160000":
        return b'M 160000 %s "%s"\n' % (content, name)
    return b'M %s inline "%s"\n%s' % (mode.encode(), name, _data(content))
