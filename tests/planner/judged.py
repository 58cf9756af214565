"""A manifest judged in one line."""

from __future__ import annotations

from typing import Any

from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import Fleet
from reconciler.planner.read.workspace import workspace_of
from reconciler.planner.rules.context import Context, SeenNode
from reconciler.planner.rules.create import judge_create
from reconciler.wiring import load_catalog
from tests.builders import manifest

A10 = "Standard_NV36ads_A10_v5"
TWO_A10 = "Standard_NV72ads_A10_v5"
SELECTOR = {"matchLabels": {"apps": "phi"}}
OUTPUT = {"image": "registry.example.com/out:1", "imagePushSecret": "push"}
BYO = {"nodeProvisioner": "byo", "featureGates": {"enableMIG": True, "enableAccelerator": True}}


def context(fleet: dict[str, Any] | None = None, **rest: Any) -> Context:
    return Context(Fleet.model_validate({"spec": fleet or {}}, strict=False), load_catalog(), **rest)


def judge(document: dict[str, Any], within: Context | None = None) -> tuple[Finding, ...]:
    workspace, findings = workspace_of(document)
    return findings if workspace is None else judge_create(workspace, within or context())


def fields(findings: tuple[Finding, ...], severity: Severity = Severity.ERROR) -> list[str]:
    return [finding.field for finding in findings if finding.severity is severity]


def served(**inference: Any) -> dict[str, Any]:
    return manifest(inference={"preset": {"name": "phi-4-mini-instruct"}, **inference})


def tuned(**tuning: Any) -> dict[str, Any]:
    section = {
        "preset": {"name": "phi-3-mini-128k-instruct"},
        "method": "qlora",
        "input": {"urls": ["https://example.com/data.parquet"]},
        "output": OUTPUT,
        **tuning,
    }
    document = manifest(tuning={key: value for key, value in section.items() if value is not None})
    del document["inference"]
    return document


def annotated(**annotations: str) -> dict[str, Any]:
    named = {f"kaito.sh/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return manifest(metadata={"name": "phi", "annotations": named})


def own(**resource: Any) -> dict[str, Any]:
    return manifest(resource={"labelSelector": SELECTOR, **resource})


def node(name: str = "n1", product: str = "A100", count: str = "1", memory: str = "81920") -> SeenNode:
    gpu = {"nvidia.com/gpu.product": product, "nvidia.com/gpu.count": count, "nvidia.com/gpu.memory": memory}
    return SeenNode(name, {"apps": "phi", **{key: value for key, value in gpu.items() if value}})
