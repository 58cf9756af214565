"""The YAML inside a ConfigMap that a workspace names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.domain.config import FieldPath, Place
from reconciler.domain.finding import Finding
from reconciler.domain.workspace import Workspace
from reconciler.planner.parse.documents import parse_documents

from .context import Context
from .flaw import Flaw, said, warning


@dataclass(frozen=True, slots=True)
class Wanted:
    """A ConfigMap by name, the key in it, and the field that names it."""

    path: FieldPath
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class ConfigText:
    """What the key holds, or the flaws for which it cannot be used. An empty text holds an empty mapping."""

    value: Any = None
    flaws: tuple[Flaw, ...] = ()
    places: Mapping[FieldPath, Place] = field(default_factory=dict)

    def line(self, path: FieldPath) -> str:
        """`, line 4`: where a field stands in the text; empty where that is not known."""
        place = self.places.get(path)
        return f", line {place[0]}" if place else ""


def config_text(wanted: Wanted, workspace: Workspace, context: Context) -> ConfigText:
    """The named ConfigMap's YAML, from beside the workspace."""
    data = context.config_map(workspace, wanted.name)
    if data is None:
        namespace = workspace.metadata.namespace or context.fleet.spec.default_namespace
        message = f"there is no ConfigMap {said(wanted.name)} in namespace {said(namespace)}"
        return _unusable(wanted, message, "commit it beside the workspace, or correct the name")
    if wanted.key not in data:
        message = f"ConfigMap {said(wanted.name)} has no key {wanted.key}"
        return _unusable(wanted, message, f"put the settings under data: {wanted.key}: |")
    return _parsed(wanted, data[wanted.key])


def _parsed(wanted: Wanted, text: str) -> ConfigText:
    parsed = parse_documents(text.encode())
    broken = [finding for finding in parsed.findings if not finding.field]
    if broken or len(parsed.documents) > 1:
        where = _where(broken[0]) if broken else "it holds more than one document"
        message = f"{wanted.key} in ConfigMap {said(wanted.name)} cannot be read: {where}"
        return _unusable(wanted, message, "mend the YAML there")
    told = tuple(_told(wanted, parsed.findings))
    if not parsed.documents:
        return ConfigText({}, told)
    return ConfigText(parsed.documents[0].value, told, parsed.documents[0].places)


def _told(wanted: Wanted, findings: tuple[Finding, ...]) -> Iterator[Flaw]:
    """What YAML 1.1 reads otherwise: the runtime reads 1.1, so we only tell."""
    for finding in findings:
        yield warning(wanted.path, f"{wanted.key}, {_where(finding)}", finding.mend)


def _where(finding: Finding) -> str:
    return f"line {finding.line}, {finding.field}: {finding.message}".replace(", :", ":")


def _unusable(wanted: Wanted, message: str, mend: str) -> ConfigText:
    return ConfigText(None, (Flaw(wanted.path, message, mend),))
