"""Files of a revision, and those files read and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .finding import Finding
from .fleet import Fleet
from .identity import Ref, WorkspaceName
from .workspace import Workspace

FieldPath = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a revision's tree: its path, Git blob id, size in bytes and Git mode (0o100644 …)."""

    path: str
    blob: str
    size: int
    mode: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The tree of one commit, listed and not yet read. `tree` is Git's id of the whole tree."""

    commit: str
    tree: str
    subject: str
    author: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: plain values, and the line and column (from 1) of each field."""

    line: int
    value: Any
    places: Mapping[FieldPath, Place]


@dataclass(frozen=True, slots=True)
class Parsed:
    """What came of parsing one blob; findings carry an empty `file`, the reader of the tree knows it."""

    documents: tuple[Document, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeGpus:
    """The GPUs of a node by its labels: what they are, how many, and MiB of memory of one."""

    product: str
    count: int
    memory_mib: int


@dataclass(frozen=True, slots=True)
class Declared:
    """A workspace as committed. `digest` covers the manifest and the ConfigMap it names. `gpus` are those of
    each node it selects, where the fleet brings its own nodes, they are alike and were seen."""

    name: WorkspaceName
    manifest: Workspace
    file: str
    line: int
    digest: str
    config: Mapping[str, str] | None = None
    findings: tuple[Finding, ...] = ()
    gpus: NodeGpus | None = None


@dataclass(frozen=True, slots=True)
class Supporting:
    """Another object committed beside the workspaces."""

    ref: Ref
    body: Mapping[str, Any]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Config:
    """A revision read and judged. `unread` are files of which nothing is known: while there are any,
    no absence is well-formed and nothing is pruned."""

    commit: str
    fleet: Fleet
    workspaces: Mapping[WorkspaceName, Declared]
    supporting: tuple[Supporting, ...] = ()
    findings: tuple[Finding, ...] = ()
    unread: tuple[str, ...] = ()
    subject: str = ""
