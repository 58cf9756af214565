"""A commit read and judged: Git's bytes, parsed where they can be killed, into a Config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from .catalog.catalog import Catalog, Unknown
from .catalog.huggingface import HubFacts, read_model
from .domain.config import Config, Parsed, Snapshot
from .domain.finding import Finding, Severity
from .domain.fleet import FILE, Fleet
from .domain.identity import WorkspaceName
from .domain.workspace import Workspace
from .faults import Fault, Refused
from .planner.read.config import read_config
from .planner.read.fleet import fleet_entry, read_fleet
from .planner.read.judging import Judge
from .planner.read.tree import wanted
from .planner.rules.context import SeenNode
from .ports import Reader, Source


class Hub(Protocol):
    """Where models outside the catalog are described."""

    def describe(self, repo_id: str, revision: str | None = None) -> HubFacts:
        """config.json and file sizes of one repository at one commit; a `Fault` when it cannot be told."""


@dataclass(frozen=True, slots=True)
class Edition:
    """A commit's parsed files and the catalog with the models they name. `doubts` are of those models,
    `mistakes` of the Fleet's own file."""

    snapshot: Snapshot
    parsed: Mapping[str, Parsed]
    catalog: Catalog
    doubts: Mapping[str, tuple[str, ...]]
    fleet: Fleet
    mistakes: tuple[Finding, ...]


@dataclass(slots=True)
class Shelf:
    """Faster looks: the last edition, what was judged of it, the presets each of its blobs names, and the
    models asked for. May be lost."""

    edition: Edition | None = None
    judged: dict[Any, Any] = field(default_factory=dict)
    configs: tuple[tuple[tuple[object, ...], Config], ...] = ()
    models: dict[str, Any] = field(default_factory=dict)
    named: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog | None:
        """What was known of models when the last edition was read; None before there was one."""
        return self.edition.catalog if self.edition else None


def read_edition(source: Source, reader: Reader, hub: Hub, catalog: Catalog, shelf: Shelf) -> Edition:
    """The tip of the branch, parsed; the very same value while the tip is the same."""
    commit = source.tip()
    if shelf.edition is not None and shelf.edition.snapshot.commit == commit and not _is_in_doubt(shelf):
        return shelf.edition
    snapshot = source.snapshot(commit)
    entry = fleet_entry(snapshot)
    if entry is None:
        raise Refused(
            f"there is no readable {FILE} at the root of commit {commit[:7]}; commit one"
            " (apiVersion: towline.dev/v1alpha1, kind: Fleet) or bring it back"
        )
    fleet, mistakes = read_fleet(snapshot, reader.parse(source.read([entry])))
    parsed = reader.parse(source.read([entry, *wanted(snapshot, fleet)]))
    known, doubts = _with_models(catalog, _unknown_models(parsed, catalog, shelf), hub, shelf)
    shelf.edition = Edition(snapshot, parsed, known, doubts, fleet, mistakes)
    return shelf.edition


def judge_edition(
    edition: Edition,
    before: Mapping[WorkspaceName, Workspace],
    shelf: Shelf,
    nodes: tuple[SeenNode, ...] | None = None,
) -> Config:
    """The edition judged, changes against the manifests `before`, own nodes by those seen; the same value for
    each of the last questions. A pass has up to three."""
    key = (edition.snapshot.tree, edition.snapshot.commit, id(edition.catalog), tuple(before.items()), nodes)
    for question, answer in shelf.configs:
        if question == key:
            return answer
    judge = Judge(edition.catalog, nodes, before=before)
    config = read_config(edition.snapshot, edition.parsed, judge, shelf.judged)
    config = _with_doubts(config, edition.doubts)
    shelf.configs = ((key, config), *(each for each in shelf.configs[:2] if each[0][:3] == key[:3]))
    return config


def _is_in_doubt(shelf: Shelf) -> bool:
    """A model that could not be asked for is asked for again."""
    return any(isinstance(each, Fault) and each.transient for each in shelf.models.values())


def _unknown_models(parsed: Mapping[str, Parsed], catalog: Catalog, shelf: Shelf) -> tuple[str, ...]:
    """The presets named that may be on the Hub; what a blob names is looked for once."""
    known = shelf.named
    shelf.named = {blob: known[blob] if blob in known else _named(parsed[blob]) for blob in parsed}
    names = frozenset[str]().union(*shelf.named.values())
    return tuple(sorted(name for name in names if _is_hub_name(catalog, name)))


def _named(parsed: Parsed) -> frozenset[str]:
    return frozenset(name for document in parsed.documents for name in _models(document.value))


def _models(value: Any) -> Iterator[str]:
    for section in ("inference", "tuning"):
        match value:
            case {"kind": "Workspace"} if isinstance(value.get(section), dict):
                preset = value[section].get("preset")
                if isinstance(preset, dict) and isinstance(preset.get("name"), str):
                    yield str(preset["name"])


def _is_hub_name(catalog: Catalog, name: str) -> bool:
    found = catalog.preset(name)
    return isinstance(found, Unknown) and found.is_hub_name


def _with_models(
    catalog: Catalog, names: tuple[str, ...], hub: Hub, shelf: Shelf
) -> tuple[Catalog, Mapping[str, tuple[str, ...]]]:
    if not names:
        return catalog, {}
    answers = {name: _ask(name, hub, shelf) for name in names}
    readings = {
        name: read_model(facts, catalog.rules)
        for name, facts in answers.items()
        if isinstance(facts, HubFacts)
    }
    presets = {name: each.preset for name, each in readings.items() if each.preset is not None}
    doubts = {name: (*each.problems, *each.doubts) for name, each in readings.items()}
    doubts |= {name: (str(fault),) for name, fault in answers.items() if isinstance(fault, Fault)}
    by_name = {**catalog.by_name, **{name.lower(): preset for name, preset in presets.items()}}
    return replace(catalog, by_name=by_name), doubts


def _ask(name: str, hub: Hub, shelf: Shelf) -> HubFacts | Fault:
    known = shelf.models.get(name)
    if isinstance(known, HubFacts):
        return known
    try:
        shelf.models[name] = hub.describe(name)
    except Fault as fault:
        shelf.models[name] = fault
    answer: HubFacts | Fault = shelf.models[name]
    return answer


def _with_doubts(config: Config, doubts: Mapping[str, tuple[str, ...]]) -> Config:
    """What is not sure about a model is a warning of every workspace that names it."""
    if not doubts:
        return config
    workspaces = dict(config.workspaces)
    for name, declared in config.workspaces.items():
        preset = declared.manifest.preset
        said = doubts.get(preset.name, ()) if preset else ()
        findings = tuple(
            Finding(
                declared.file, declared.line, 1, "preset.name", f"{preset.name if preset else ''}: {doubt}",
                "see towline size, or name a model of the catalog", Severity.WARNING, name,
            )
            for doubt in said
        )  # fmt: skip
        workspaces[name] = replace(declared, findings=(*declared.findings, *findings))
    return replace(config, workspaces=workspaces)
