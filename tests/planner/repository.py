"""A config repository in one line: files by path, read and judged without Git."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.domain.config import Config, Entry, Snapshot
from reconciler.domain.finding import Finding
from reconciler.domain.workspace import Workspace
from reconciler.planner.parse.documents import parse_documents
from reconciler.planner.read.config import all_findings, read_config
from reconciler.planner.read.judging import Judge, Memo
from reconciler.wiring import load_catalog
from tests.builders import manifest

FLEET = "apiVersion: towline.dev/v1alpha1\nkind: Fleet\n"
PLAIN = 0o100644
SYMLINK = 0o120000
SUBMODULE = 0o160000

Files = Mapping[str, str | bytes | dict[str, Any]]


def text_of(*documents: Any) -> str:
    """Documents as people would write them."""
    return yaml.safe_dump_all(documents, sort_keys=False)


def workspace_text(name: str = "phi", **changes: Any) -> str:
    """A small valid workspace, as YAML."""
    return text_of(manifest(name, **changes))


def snapshot(files: Files, modes: Mapping[str, int] | None = None) -> Snapshot:
    """A tree of these files; blob ids are hashes of what they hold."""
    entries = tuple(
        Entry(path, _blob(_bytes(content)), len(_bytes(content)), (modes or {}).get(path, PLAIN))
        for path, content in sorted(files.items())
    )
    return Snapshot("c0ffee1", "tree", "subject", "author", entries)


def read(
    files: Files,
    *,
    modes: Mapping[str, int] | None = None,
    memo: Memo | None = None,
    bare: bool = False,
    **judge: Any,
) -> Config:
    """These files read and judged; a towline.yaml is added unless it is there or `bare`."""
    complete = {**files} if bare or "towline.yaml" in files else {"towline.yaml": FLEET, **files}
    parsed = {_blob(_bytes(content)): parse_documents(_bytes(content)) for content in complete.values()}
    return read_config(snapshot(complete, modes), parsed, Judge(load_catalog(), **judge), memo)


def told(config: Config) -> list[str]:
    """Every finding as `file:line field message`."""
    return [f"{each.file}:{each.line} {each.field}: {each.message}" for each in all_findings(config)]


def one(config: Config) -> Finding:
    """The only finding there is."""
    findings = all_findings(config)
    assert len(findings) == 1, "\n".join(map(str, findings))
    return findings[0]


def workspace(**changes: Any) -> Workspace:
    """The small valid workspace with these sections, as a value."""
    return Workspace.model_validate(manifest(**changes), strict=False)


def _bytes(content: str | bytes | dict[str, Any]) -> bytes:
    if isinstance(content, dict):
        return text_of(content).encode()
    return content if isinstance(content, bytes) else content.encode()


def _blob(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
