"""The ConfigMap that inference.config names, and streaming."""

from __future__ import annotations

import pytest

from reconciler.domain.finding import Severity
from tests.builders import manifest
from tests.planner.judged import TWO_A10, annotated, context, fields, judge, own, served


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("vllm:\n  max-model-len: 1024\n  gpu-memory-utilization: 0.84\n", None),
        ("a: b", None),
        ("", None),
        (None, "no ConfigMap"),
        ("vllm: [", "cannot be read"),
        ("vllm: text", "not a mapping"),
        ("- a", "not a mapping"),
        ("vllm: {max-model-len: auto}", "no number of tokens"),
        ("vllm: {max-model-len: true}", "no number of tokens"),
        ("vllm: {max-model-len: 0}", "no number of tokens"),
        ("vllm: {max-model-len: 131073}", "131072"),
        ("vllm: {a: {b: c}}", "not a single value"),
        ("a: b\n---\nc: d", "more than one document"),
    ],
)
def test_the_settings_of_vllm(text: str | None, said: str | None) -> None:
    maps = {} if text is None else {("default", "cfg"): {"inference_config.yaml": text}}
    findings = judge(served(config="cfg"), context(config_maps=maps))
    assert [(finding.field, (said or "?") in finding.message) for finding in findings] == (
        [("inference.config", True)] if said else []
    )


def test_a_config_map_needs_the_key_and_the_namespace() -> None:
    assert (
        "no key"
        in judge(served(config="cfg"), context(config_maps={("default", "cfg"): {"a": "b"}}))[0].message
    )
    elsewhere = {("other", "cfg"): {"inference_config.yaml": ""}}
    assert "no ConfigMap" in judge(served(config="cfg"), context(config_maps=elsewhere))[0].message


def test_settings_that_two_yamls_read_differently_are_told_with_their_line() -> None:
    maps = {("default", "cfg"): {"inference_config.yaml": "vllm:\n  enable: yes\n"}}
    (finding,) = judge(served(config="cfg"), context(config_maps=maps))
    assert finding.severity is Severity.WARNING
    assert "inference_config.yaml, line 2, vllm.enable" in finding.message


def test_the_settings_are_not_looked_at_for_transformers() -> None:
    document = annotated(runtime="transformers")
    document["inference"] = {"preset": {"name": "phi-4"}, "config": "none"}
    assert judge(document) == ()


def test_v1alpha1_wants_a_length_when_the_model_is_spread() -> None:
    document = {**own(instanceType=TWO_A10, count=2), "apiVersion": "kaito.sh/v1alpha1"}
    assert fields(judge(document)) == ["inference.config"]
    maps = {("default", "cfg"): {"inference_config.yaml": "vllm: {max-model-len: 2048}"}}
    document["inference"] = {"preset": {"name": "phi-4-mini-instruct"}, "config": "cfg"}
    assert judge(document, context(config_maps=maps)) == ()


def test_streaming_needs_its_driver_where_the_cluster_was_seen() -> None:
    gate = {"featureGates": {"ModelStreaming": True}}
    assert judge(manifest(), context(gate)) == ()
    assert fields(judge(manifest(), context(gate, csi_drivers=frozenset()))) == ["inference.preset"]
    assert judge(manifest(), context(gate, csi_drivers=frozenset({"blob.csi.azure.com"}))) == ()
    assert judge(annotated(model_streaming="disabled"), context(gate, csi_drivers=frozenset())) == ()
