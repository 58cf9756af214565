"""A pull request in memory, reviewed through the real reader, rules, templates and arithmetic."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.adapters.cell.cell import Cell
from reconciler.catalog.huggingface import HubFacts
from reconciler.domain.config import Entry, Snapshot
from reconciler.domain.fleet import Fleet
from reconciler.domain.review import Review
from reconciler.faults import Missing
from reconciler.look import Doors
from reconciler.planner.desire.lore import Lore
from reconciler.review import Means, Reviewer
from reconciler.wiring import example_repo_dir, load_catalog, load_templates
from tests.builders import NOW
from tests.fakes import FakeBook, FakeCloud, FakeCluster

A100, H100 = "Standard_NC24ads_A100_v4", "Standard_NC40ads_H100_v5"
CHAT, TUNING = "workspaces/phi-4-chat.yaml", "workspaces/phi-3-support-tuning.yaml"
Files = Mapping[str, str]


def files(**more: str) -> dict[str, str]:
    """The example repository; `more` are texts of workspaces by name."""
    root = example_repo_dir()
    shown = {path: (root / path).read_text() for path in ("towline.yaml", CHAT, TUNING)}
    return {**shown, **{f"workspaces/{name}.yaml": text for name, text in more.items()}}


def workspace(name: str, size: str = A100, preset: str = "phi-4-mini-instruct", notes: str = "{}") -> str:
    """A served preset as it is written; `notes` are its annotations."""
    return (
        f"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {{name: {name}, annotations: {notes}}}\n"
        f"resource: {{instanceType: {size}, labelSelector: {{matchLabels: {{apps: {name}}}}}}}\n"
        f"inference: {{preset: {{name: {preset}}}}}\n"
    )


@dataclass
class Repository:
    """A base and the tree that merging the head into it gives."""

    base: Files
    merge: Files
    contents: dict[str, bytes] = field(default_factory=dict)

    def commit(self, ref: str) -> str:
        return _id(f"{ref} {sorted(self._of(ref).items())}".encode())

    def snapshot(self, commit: str) -> Snapshot:
        return self._snapshot(commit, self.base)

    def merged(self, base: str, head: str) -> Snapshot:
        return self._snapshot(head, self.merge)

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        return {entry.blob: self.contents[entry.blob] for entry in entries}

    def _of(self, ref: str) -> Files:
        return self.base if ref == "main" else self.merge

    def _snapshot(self, commit: str, tree: Files) -> Snapshot:
        entries = [self._entry(path, text.encode()) for path, text in sorted(tree.items())]
        name = _id(repr(entries).encode())
        return Snapshot(commit, name, "a change", "Ann", tuple(entries))

    def _entry(self, path: str, content: bytes) -> Entry:
        blob = _id(content)
        self.contents[blob] = content
        return Entry(path, blob, len(content), 0o100644)


def _id(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


class NoHub:
    def describe(self, repo_id: str, revision: str | None = None) -> HubFacts:
        raise Missing(f"{repo_id} is not there")


class World:
    """A cluster and a cloud in memory; `opened` are the fleets whose doors were asked for."""

    def __init__(self, cell: Cell) -> None:
        self.cluster, self.cloud, self.opened = FakeCluster(), FakeCloud(), list[Fleet]()
        self._cell = cell

    def review(self, base: Files, merge: Files) -> Review:
        means = Means(self._cell, NoHub(), Lore(load_catalog(), load_templates()))
        return Reviewer(Repository(base, merge), means, self._doors, lambda: NOW).review("main", "change")

    def _doors(self, fleet: Fleet) -> Doors:
        self.opened.append(fleet)
        return Doors(self.cluster, self.cloud, FakeBook())
