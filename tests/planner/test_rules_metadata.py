"""Names, labels, annotations: what every workspace carries."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Severity, has_errors
from tests.builders import manifest
from tests.planner.judged import annotated, context, fields, judge, tuned


def test_a_sound_workspace_has_nothing_said_of_it() -> None:
    assert judge(manifest()) == ()
    assert judge(tuned()) == ()
    assert judge({**manifest(), "apiVersion": "kaito.sh/v1alpha1"}) == ()


@pytest.mark.parametrize("name", ["-phi", "phi-", "Phi", "phi_4", "phi.4", "a" * 64, ""])
def test_a_name_is_a_dns_label(name: str) -> None:
    assert fields(judge(manifest(name))) != []


@pytest.mark.parametrize(("name", "said"), [("4phi", "digit"), ("a" * 53, "53 characters")])
def test_a_name_that_derived_objects_cannot_have_is_told(name: str, said: str) -> None:
    findings = judge(manifest(name))
    assert not has_errors(findings)
    assert said in findings[0].message


def test_labels_are_what_kubernetes_takes() -> None:
    metadata = {"name": "phi", "labels": {"a b": "c", "d": "e f", "g.h/i": ""}, "annotations": {"j/k/l": ""}}
    assert fields(judge(manifest(metadata=metadata))) == [
        "metadata.annotations[j/k/l]", "metadata.labels.d", "metadata.labels[a b]",
    ]  # fmt: skip


def test_a_workspace_serves_or_tunes_and_not_both() -> None:
    neither = manifest()
    del neither["inference"]
    assert "neither" in judge(neither)[0].message
    both = {**manifest(), "tuning": tuned()["tuning"]}
    assert fields(judge(both)) == ["tuning"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (annotated(node_image_family="windows"), "node-image-family"),
        (annotated(performance_mode="fast"), "performance-mode"),
        (annotated(use_local_weights="yes"), "use-local-weights"),
    ],
)
def test_annotations_have_known_values(document: dict[str, Any], field: str) -> None:
    assert fields(judge(document)) == [f"metadata.annotations[kaito.sh/{field}]"]


def test_annotation_values_that_are_known_are_taken() -> None:
    assert (
        judge(annotated(node_image_family=" AzureLinux ", performance_mode="balanced", runtime="vllm")) == ()
    )
    alpha = {**annotated(performance_mode="fast", use_local_weights="yes"), "apiVersion": "kaito.sh/v1alpha1"}
    assert judge(alpha) == ()


def test_a_node_class_must_be_the_fleets_with_karpenter_only() -> None:
    document = annotated(node_class_name="theirs")
    assert judge(document) == ()
    assert fields(judge(document, context({"nodeProvisioner": "karpenter"}))) != []
    assert judge(annotated(node_class_name=""), context({"nodeProvisioner": "karpenter"})) == ()


def test_an_annotation_that_is_nearly_a_known_one_is_told() -> None:
    (finding,) = judge(annotated(runtimes="transformers"))
    assert (finding.severity, finding.mend) == (Severity.WARNING, "did you mean kaito.sh/runtime?")


def test_what_happens_on_an_immutable_change_is_refuse_or_replace() -> None:
    metadata = {"name": "phi", "annotations": {"towline.dev/on-immutable-change": "recreate"}}
    assert fields(judge(manifest(metadata=metadata))) == [
        "metadata.annotations[towline.dev/on-immutable-change]"
    ]
