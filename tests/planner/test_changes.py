"""What a running workspace does not let go of, and what may change."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import Fleet
from reconciler.planner.rules.context import Context
from reconciler.planner.rules.update import judge_update
from reconciler.wiring import load_catalog
from tests.builders import A100
from tests.planner.repository import workspace

SELECTOR = {"matchLabels": {"apps": "phi"}}
TUNING = {
    "preset": {"name": "phi-4"},
    "method": "lora",
    "input": {"name": "data", "urls": ["https://example.com/a"]},
    "output": {"image": "r.io/out:1", "imagePushSecret": "push"},
}


def judge(old: dict[str, Any], new: dict[str, Any], **fleet: Any) -> tuple[Finding, ...]:
    context = Context(Fleet.model_validate({"spec": fleet}, strict=False), load_catalog())
    return judge_update(workspace(**old), workspace(**new), context)


def fields(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.field for finding in findings]


def on(size: str | None = A100, **rest: Any) -> dict[str, Any]:
    named = {"instanceType": size} if size else {}
    return {"resource": {"labelSelector": SELECTOR, **named, **rest}}


def served(**inference: Any) -> dict[str, Any]:
    return {"inference": {"preset": {"name": "phi-4"}, **inference}}


def tuned(**tuning: Any) -> dict[str, Any]:
    return {"inference": None, "tuning": {**TUNING, **tuning}}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (on(count=1), on(count=2), "resource.count"),
        (on(partition={"mode": "mig"}), on(), "resource.partition"),
        (on(), on("Standard_NV36ads_A10_v5"), "resource.instanceType"),
        (on(), on(None), "resource.instanceType"),
        (on(), {"resource": {"instanceType": A100, "labelSelector": {}}}, "resource.labelSelector"),
        (served(), served(preset={"name": "phi-4-mini-instruct"}), "inference.preset"),
        (
            served(),
            served(preset={"name": "phi-4", "presetOptions": {"modelAccessSecret": "s"}}),
            "inference.preset",
        ),
        (served(), served(template={"spec": {}}), "inference.template"),
        (tuned(), tuned(preset={"name": "phi-3-mini-128k-instruct"}), "tuning.preset"),
        (tuned(), tuned(method="qlora"), "tuning.method"),
        (tuned(), tuned(input={"name": "other", "urls": ["https://example.com/a"]}), "tuning.input.name"),
    ],
)
def test_a_fixed_field_is_refused_or_leads_to_a_replacement(
    old: dict[str, Any], new: dict[str, Any], field: str
) -> None:
    (finding,) = judge(old, new)
    assert (finding.field, finding.severity) == (field, Severity.ERROR)
    assert "towline.dev/on-immutable-change: replace" in finding.mend
    (warned,) = judge(old, new, onImmutableChange="replace")
    assert (warned.field, warned.severity) == (field, Severity.WARNING)
    assert "it is replaced" in warned.message
    assert "serve until those are Ready" in warned.mend


def test_the_workspaces_own_word_goes_before_the_fleets() -> None:
    def said(word: str) -> dict[str, Any]:
        return {"metadata": {"name": "phi", "annotations": {"towline.dev/on-immutable-change": word}}}

    replaced = judge(on(), {**on("Standard_NV36ads_A10_v5"), **said("replace")})
    assert [finding.severity for finding in replaced] == [Severity.WARNING]
    refused = judge(on(), {**on("Standard_NV36ads_A10_v5"), **said("refuse")}, onImmutableChange="replace")
    assert [finding.severity for finding in refused] == [Severity.ERROR]


def test_serving_and_tuning_are_not_exchanged() -> None:
    assert fields(judge(served(), tuned())) == ["inference", "tuning"]
    assert fields(judge(tuned(), {**tuned(), **served()})) == ["inference"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (on(), on()),
        (on(None), on()),
        (on(count=1), on()),
        (
            on(),
            {
                "resource": {
                    "instanceType": A100,
                    "labelSelector": {
                        "matchExpressions": [{"key": "apps", "operator": "In", "values": ["phi"]}]
                    },
                }
            },
        ),
        (served(config="a"), served(config="b")),
        (served(), served(adapters=[{"source": {"name": "a", "image": "r.io/a:1"}, "strength": "0.5"}])),
        (
            {"inference": {"template": {"spec": {"containers": [1]}}}},
            {"inference": {"template": {"spec": {"containers": [2]}}}},
        ),
        (tuned(), tuned(method="LoRA", config="c", output={"volumeSource": {"emptyDir": {}}})),
        (tuned(), tuned(input={"name": "data", "image": "r.io/data:1"})),
    ],
)
def test_what_may_change_may_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert judge(old, new) == ()


def test_on_nodes_that_are_brought_a_size_may_be_cleared_and_never_set() -> None:
    assert judge(on(), on(None), nodeProvisioner="byo") == ()
    assert judge(on(), on(), nodeProvisioner="byo") == ()
    assert fields(judge(on(None), on(), nodeProvisioner="byo")) == ["resource.instanceType"]
    assert fields(judge(on(), on("Standard_NV36ads_A10_v5"), nodeProvisioner="byo")) == [
        "resource.instanceType"
    ]


def test_v1alpha1_sizes_are_fixed_its_default_included() -> None:
    alpha = {"apiVersion": "kaito.sh/v1alpha1"}
    assert judge({**on(None), **alpha}, {**on(A100), **alpha}) == ()
    assert fields(judge({**on(None), **alpha}, {**on("Standard_NV36ads_A10_v5"), **alpha})) == [
        "resource.instanceType"
    ]


@pytest.mark.parametrize(
    ("adapter", "field"),
    [
        ({"strength": "0.5"}, ""),
        ({"source": {"name": "a", "image": "r.io/a:1"}, "strength": "2"}, ".strength"),
        ({"source": {"name": "A", "image": "r.io/a:1"}}, ".source.name"),
        ({"source": {"name": "a", "image": "!"}}, ".source.image"),
    ],
)
def test_adapters_are_looked_at_again(adapter: dict[str, Any], field: str) -> None:
    assert fields(judge(served(), served(adapters=[adapter]))) == [f"inference.adapters[0]{field}"]


def test_images_are_looked_at_again() -> None:
    output = {"image": "R!", "imagePushSecret": "push"}
    assert fields(judge(tuned(), tuned(output=output))) == ["tuning.output.image"]
    preset = {"name": "phi-4", "presetOptions": {"image": "R!"}}
    assert fields(judge(served(preset=preset), served(preset=preset))) == [
        "inference.preset.presetOptions.image"
    ]


def test_a_node_class_is_looked_at_when_it_changed() -> None:
    theirs = {"metadata": {"name": "phi", "annotations": {"kaito.sh/node-class-name": "theirs"}}}
    assert judge(theirs, theirs, nodeProvisioner="karpenter") == ()
    assert len(judge({}, theirs, nodeProvisioner="karpenter")) == 1


def test_streaming_is_fixed_while_its_gate_is_on() -> None:
    off = {"metadata": {"name": "phi", "annotations": {"kaito.sh/model-streaming": "disabled"}}}
    assert judge({}, off) == ()
    assert len(judge({}, off, featureGates={"ModelStreaming": True})) == 1
