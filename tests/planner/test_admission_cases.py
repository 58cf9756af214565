"""KAITO's own verdicts, case by case, where the file of cases lies beside the checkout."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.catalog.catalog import Catalog
from reconciler.domain.finding import has_errors
from reconciler.domain.fleet import FeatureGates, Fleet, FleetSpec
from reconciler.domain.workspace import Workspace
from reconciler.planner.read.workspace import workspace_of
from reconciler.planner.rules.context import Context, SeenNode
from reconciler.planner.rules.create import judge_create
from reconciler.planner.rules.update import judge_update
from reconciler.wiring import load_catalog

CASES = Path(__file__).parents[3] / "shared" / "cases" / "kaito-workspace-admission.yaml"

DISAGREEMENTS = {
    "W037": ("valid", "Towline makes nodes in Azure only, so a fleet cannot be told to be in AWS"),
    "W122": (
        "valid",
        "no preset of a catalog demands a token: we warn, since the token may come from elsewhere",
    ),
    "W123": (
        "valid",
        "every preset fetches its weights when it starts, so there is none without a token's use",
    ),
    "W181": ("invalid", "a preset that cannot be tuned is refused at once; the case's note allows it"),
}


def _document() -> dict[str, Any]:
    if not CASES.is_file():
        return {"meta": {"context_defaults": {"cluster_objects": []}}, "cases": []}
    loaded: dict[str, Any] = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    return loaded


DOCUMENT = _document()


@pytest.mark.skipif(not CASES.is_file(), reason="the file of cases does not lie beside this checkout")
def test_the_file_of_cases_is_read_whole() -> None:
    assert len(DOCUMENT["cases"]) == 136
    assert {case["id"] for case in DOCUMENT["cases"]} >= set(DISAGREEMENTS)


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: case["id"])
def test_the_verdict_is_kaitos_or_a_reasoned_other(case: dict[str, Any]) -> None:
    expected, _reason = DISAGREEMENTS.get(case["id"], (case["expected"], ""))
    findings = _judge(case)
    told = "\n".join(map(str, findings))
    assert ("invalid" if has_errors(findings) else "valid") == expected, f"{case['rule']}\n{told}"
    assert all(finding.mend for finding in findings)


def _judge(case: dict[str, Any]) -> tuple[Any, ...]:
    context = _context(case.get("context", {}))
    new, findings = workspace_of(case["manifest"])
    if new is None:
        return findings
    if case["operation"] == "create":
        return judge_create(new, context)
    old, _ = workspace_of(case["old_manifest"])
    assert isinstance(old, Workspace)
    return judge_update(old, new, context)


def _context(given: dict[str, Any]) -> Context:
    objects = DOCUMENT["meta"]["context_defaults"]["cluster_objects"] + given.get("cluster_objects", [])
    config_maps = {
        (each["metadata"]["namespace"], each["metadata"]["name"]): each["data"]
        for each in objects
        if each["kind"] == "ConfigMap"
    }
    nodes = tuple(
        SeenNode(each["metadata"]["name"], each["metadata"]["labels"])
        for each in objects
        if each["kind"] == "Node"
    )
    catalog = _with_models(load_catalog(), given.get("fixture_models", {}))
    return Context(Fleet(spec=_spec(given)), catalog, config_maps, nodes)


def _spec(given: dict[str, Any]) -> FleetSpec:
    gates = given.get("feature_gates", {})
    is_byo = gates.get("disableNodeAutoProvisioning", False)
    provisioner = "byo" if is_byo else given.get("node_provisioner", "gpu-provisioner")
    names = {"vLLM": "vllm", "enableMIG": "enable_mig", "enableAccelerator": "enable_accelerator"}
    names["ModelStreaming"] = "model_streaming"
    ours = FeatureGates(**{names[name]: value for name, value in gates.items() if name in names})
    return FleetSpec.model_validate({"nodeProvisioner": provisioner, "featureGates": ours})


def _with_models(catalog: Catalog, models: dict[str, Any]) -> Catalog:
    """The catalog with the models that only the cases know; what they weigh and read is theirs."""
    like = catalog.by_name["phi-4"]
    added = {
        name: dataclasses.replace(
            like,
            name=name,
            aliases=(),
            weights_gib=_gib(model["size"]),
            token_limit=model["limit"] or like.token_limit,
            runtimes=("vllm", "transformers") if model["transformers"] else ("vllm",),
            gated=model["auth"],
        )
        for name, model in models.items()
    }
    return dataclasses.replace(catalog, by_name={**catalog.by_name, **added})


def _gib(quantity: str) -> float:
    return float(quantity.removesuffix("Gi")) if quantity.endswith("Gi") else math.nan
