"""Workspaces asked for in one line, with the real catalog and the real templates."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from reconciler.catalog.catalog import Catalog, read_catalog
from reconciler.domain.config import Config, Declared
from reconciler.domain.finding import Finding
from reconciler.domain.fleet import Fleet
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import DesiredWorkspace
from reconciler.domain.workspace import Workspace
from reconciler.planner.desire.desire import desire_workspace
from reconciler.planner.desire.render import Templates
from reconciler.planner.resolve.blueprint import Blueprint, Container
from reconciler.planner.resolve.resolve import resolve

ROOT = Path(__file__).parents[2]
A100 = "Standard_NC24ads_A100_v4"


@cache
def catalog() -> Catalog:
    root = ROOT / "presets"
    return read_catalog({path.relative_to(root).as_posix(): _yaml(path) for path in root.rglob("*.yaml")})


def template_sources() -> dict[str, str]:
    root = ROOT / "templates"
    return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.j2")}


@cache
def templates() -> Templates:
    return Templates(template_sources())


def serving(preset: str = "phi-4-mini-instruct", size: str = A100, **inference: Any) -> dict[str, Any]:
    """A manifest that serves a preset."""
    return manifest(size, inference={"preset": {"name": preset}, **inference})


def tuning(preset: str = "phi-3-mini-128k-instruct", size: str = A100, **changes: Any) -> dict[str, Any]:
    """A manifest that tunes a preset from a URL into an image."""
    section = {
        "preset": {"name": preset},
        "method": "qlora",
        "input": {"urls": ["https://data.example.com/dolly.parquet?download=true"]},
        "output": {"image": "registry.example.com/adapters/phi-3:1", "imagePushSecret": "registry-login"},
    }
    return manifest(size, tuning={**section, **changes})


def manifest(size: str | None = A100, **sections: Any) -> dict[str, Any]:
    """A manifest with these sections; `annotations`, `name`, `count` and `labels` go where they belong."""
    resource: dict[str, Any] = {"labelSelector": {"matchLabels": sections.pop("labels", {"apps": "model"})}}
    resource |= {"instanceType": size} if size else {}
    resource |= {
        key: sections.pop(key) for key in ("count", "partition", "preferredNodes") if key in sections
    }
    metadata = {"name": sections.pop("name", "model"), "annotations": sections.pop("annotations", {})}
    version = sections.pop("version", "v1beta1")
    head = {"apiVersion": f"kaito.sh/{version}", "kind": "Workspace", "metadata": metadata}
    return {**head, "resource": resource, **sections}


def declared(document: dict[str, Any], config: dict[str, str] | None = None) -> Declared:
    """That manifest as committed, with the ConfigMap it names."""
    workspace = Workspace.model_validate_json(json.dumps(document))
    name = WorkspaceName(workspace.metadata.namespace or "default", workspace.metadata.name)
    digest = hashlib.sha256(json.dumps([document, config], sort_keys=True).encode()).hexdigest()
    return Declared(name, workspace, f"workspaces/{name.name}.yaml", 1, digest, config)


def fleet(**spec: Any) -> Fleet:
    return Fleet.model_validate_json(json.dumps({"spec": spec}))


def config(*documents: dict[str, Any], **spec: Any) -> Config:
    """A revision with these workspaces."""
    each = [declared(document) for document in documents]
    return Config("c0ffee", fleet(**spec), {one.name: one for one in each})


def blueprint(document: dict[str, Any], settings: dict[str, str] | None = None, **spec: Any) -> Blueprint:
    """What a manifest resolves to; a finding is a failure of the test."""
    resolved = resolve(declared(document, settings), fleet(**spec), catalog())
    assert isinstance(resolved, Blueprint), [str(each) for each in resolved]
    return resolved


def findings(document: dict[str, Any], **spec: Any) -> tuple[Finding, ...]:
    """What holds a manifest back."""
    resolved = resolve(declared(document), fleet(**spec), catalog())
    assert not isinstance(resolved, Blueprint)
    return resolved


def desired(
    document: dict[str, Any], settings: dict[str, str] | None = None, **spec: Any
) -> DesiredWorkspace:
    """All a manifest asks of the world."""
    outcome = desire_workspace(declared(document, settings), fleet(**spec), catalog(), templates())
    assert isinstance(outcome, DesiredWorkspace), [str(each) for each in outcome]
    return outcome


def documents(workspace: DesiredWorkspace) -> dict[str, Any]:
    """What it asks for by kind and name."""
    return {f"{each.ref.kind}/{each.ref.name}": each.document for each in workspace.objects}


def main_container(resolved: Blueprint) -> Container:
    assert resolved.pod is not None
    return resolved.pod.containers[0]


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text(), yaml.CSafeLoader)
