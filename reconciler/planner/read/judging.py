"""Items to declared workspaces: each is judged, and remembered until something it depends on changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from reconciler.catalog.catalog import Catalog
from reconciler.domain.config import Declared
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import Fleet
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.workspace import PROPOSE_TO, Workspace
from reconciler.planner.rules.context import ConfigMaps, Context, SeenNode
from reconciler.planner.rules.create import create_flaws
from reconciler.planner.rules.flaw import At, printable
from reconciler.planner.rules.own_nodes import selected_gpus
from reconciler.planner.rules.proposal import proposal_flaws
from reconciler.planner.rules.update import update_flaws

from .document import Item

Memo = dict[Any, Any]
"""What documents were read and judged to be; the caller keeps it from pass to pass, and may lose it."""


@dataclass(frozen=True, slots=True)
class Judge:
    """What manifests are judged by, beside the fleet. `nodes` and `csi_drivers` are None where no cluster was
    looked at. `before` are the manifests a change is judged against. `whole`: there is no fleet; every file
    counts and every namespace is as good as another."""

    catalog: Catalog
    nodes: tuple[SeenNode, ...] | None = None
    csi_drivers: frozenset[str] | None = None
    before: Mapping[WorkspaceName, Workspace] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An item in the file it was found in; `key` is what it is remembered by."""

    file: str
    item: Item
    key: tuple[str, int]

    def told(self, workspace: WorkspaceName | None = None) -> tuple[Finding, ...]:
        """The item's findings, with the file they are in."""
        return stamped(self.item.findings, self.file, workspace)


class Judging:
    """Items to declared workspaces, each judged once as long as nothing it depends on changes."""

    def __init__(self, fleet: Fleet, judge: Judge, places: list[Found], memo: Memo) -> None:
        self._judge = judge
        self._places = places
        self._memo = memo
        self._context = Context(fleet, judge.catalog, _config_maps(places), judge.nodes, judge.csi_drivers)
        nodes = "" if self._context.provisions else judge.nodes
        self._world = sha256(f"{fleet.model_dump_json()} {nodes} {sorted(judge.csi_drivers or ())}")

    def workspaces(self, held: tuple[Finding, ...]) -> dict[WorkspaceName, Declared]:
        """All of them by name, in order of name."""
        by_name: dict[WorkspaceName, list[Found]] = {}
        for place in self._places:
            if place.item.name is not None:
                by_name.setdefault(place.item.name, []).append(place)
        return {name: self._declared(name, by_name[name], held) for name in sorted(by_name, key=_by_name)}

    def _declared(self, name: WorkspaceName, places: list[Found], held: tuple[Finding, ...]) -> Declared:
        first = places[0]
        item, manifest = first.item, first.item.manifest
        assert manifest is not None
        config = self._config(manifest)
        config_digest = sha256(json.dumps(config, sort_keys=True)) if config is not None else ""
        findings = (*first.told(name), *self._judged(first, config_digest), *_with(name, held))
        for other in places[1:]:
            again = double(f"workspace {name}", other, (first.file, item.line), name)
            findings = (*findings, again, *other.told(name))
        digest = sha256(f"{item.digest} {config_digest}")
        gpus = selected_gpus(manifest, self._context)
        return Declared(name, manifest, first.file, item.line, digest, config, findings, gpus)

    def _judged(self, place: Found, config_digest: str) -> tuple[Finding, ...]:
        """The rules' findings; a manifest that cannot be read whole is not judged by what is left of it."""
        item = place.item
        assert item.manifest is not None
        assert item.name is not None
        if item.remnant:
            return ()
        key = (place.key, config_digest, self._world)
        found = self._memo.get(key)
        if found is None:
            at = At("", item.places or {}, item.name)
            found = self._memo[key] = at.findings(create_flaws(item.manifest, self._context))
        more = (*self._changed(item), *self._proposed(item))
        return stamped(tuple(dict.fromkeys((*found, *more))), place.file, item.name)

    def _changed(self, item: Item) -> tuple[Finding, ...]:
        assert item.name is not None
        old = self._judge.before.get(item.name)
        if old is None or item.manifest is None:
            return ()
        at = At("", item.places or {}, item.name)
        return at.findings(update_flaws(old, item.manifest, self._context))

    def _proposed(self, item: Item) -> tuple[Finding, ...]:
        """What is wrong with whom an adapter is to be proposed to, which others decide as well."""
        assert item.name is not None
        if item.manifest is None or PROPOSE_TO not in item.manifest.annotations:
            return ()
        at = At("", item.places or {}, item.name)
        return at.findings(proposal_flaws(item.name, item.manifest, self._peers, self._context))

    @cached_property
    def _peers(self) -> Mapping[WorkspaceName, Workspace]:
        items = (place.item for place in reversed(self._places))
        return {item.name: item.manifest for item in items if item.name and item.manifest}

    def _config(self, manifest: Workspace) -> Mapping[str, str] | None:
        section = manifest.inference or manifest.tuning
        return self._context.config_map(manifest, section.config) if section and section.config else None


def _by_name(name: WorkspaceName) -> tuple[str, str]:
    return name.namespace, name.name


def _config_maps(places: list[Found]) -> ConfigMaps:
    """The data of all ConfigMaps; of two of one name the first counts."""
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for place in places:
        ref, body = place.item.ref, place.item.body
        if ref is not None and body is not None and ref.kind == "ConfigMap" and ref.api_version == "v1":
            found.setdefault((ref.namespace, ref.name), body.get("data") or {})
    return found


def double(
    what: str, place: Found, first: tuple[str, int], workspace: WorkspaceName | None = None
) -> Finding:
    """Two declarations of one thing, told at the second."""
    return Finding(
        place.file,
        place.item.line,
        1,
        "metadata.name",
        f"{printable(what)} is declared here and in {first[0]}, line {first[1]}",
        "keep one of the two",
        Severity.ERROR,
        workspace,
    )


def stamped(findings: tuple[Finding, ...], file: str, workspace: WorkspaceName | None) -> tuple[Finding, ...]:
    """The findings with the file they are in and the workspace they are of."""
    return tuple(replace(finding, file=file, workspace=workspace) for finding in findings)


def _with(name: WorkspaceName, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(replace(finding, workspace=name) for finding in findings)


def sha256(text: str) -> str:
    """64 hex digits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
