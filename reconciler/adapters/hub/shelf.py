"""What was read of the Hub, on disk: a file for each commit, and where a branch last stood."""

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from reconciler.catalog.huggingface import HubFacts


class HubShelf:
    """A folder `<org>--<name>/` a repository: `<commit>.json`, and `refs/<revision>` naming a commit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def facts(self, repo_id: str, commit: str) -> HubFacts | None:
        """The repository at that commit, or None where it was not read before or the file is damaged."""
        try:
            return HubFacts(**json.loads((self._of(repo_id) / f"{commit}.json").read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def commit(self, repo_id: str, revision: str) -> str | None:
        """The commit that revision stood for when it was last asked."""
        try:
            return (self._of(repo_id) / "refs" / quote(revision, safe="")).read_text(encoding="ascii")
        except FileNotFoundError:
            return None

    def keep(self, repo_id: str, revision: str, facts: HubFacts) -> None:
        """Write both down; a reader sees the old file or the new one, never half of one."""
        folder = self._of(repo_id)
        _write(folder / f"{facts.revision}.json", json.dumps(asdict(facts), sort_keys=True))
        _write(folder / "refs" / quote(revision, safe=""), facts.revision)

    def _of(self, repo_id: str) -> Path:
        return self._folder / repo_id.lower().replace("/", "--")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(scratch).replace(path)
