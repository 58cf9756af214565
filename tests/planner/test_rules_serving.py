"""What is served and how: presets, templates, runtimes, memory, adapters."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Severity
from tests.builders import manifest
from tests.planner.judged import A10, SELECTOR, TWO_A10, annotated, context, fields, judge, own, served


def test_something_is_served_and_only_one_thing() -> None:
    assert fields(judge(manifest(inference={}))) == ["inference"]
    template = {"spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    assert fields(judge(served(template=template))) == ["inference.template"]
    assert judge(manifest(inference={"template": template})) == ()


@pytest.mark.parametrize(
    ("template", "field"),
    [
        ({}, "spec.containers"),
        ({"spec": {"containers": []}}, "spec.containers"),
        ({"spec": {"containers": ["c"]}}, "spec.containers[0]"),
        ({"spec": {"containers": [{"image": "i"}]}}, "spec.containers[0].name"),
        ({"spec": {"containers": [{"name": "c"}]}}, "spec.containers[0].image"),
        ({"spec": {"containers": [{"name": "c", "image": "I!"}]}}, "spec.containers[0].image"),
        ({"spec": {"containers": [{"name": "c", "image": "i", "args": [1]}]}}, "spec.containers[0].args[0]"),
        (
            {"spec": {"containers": [{"name": "c", "image": "i", "env": [{"name": "A", "value": 1.1}]}]}},
            "spec.containers[0].env[0].value",
        ),
        (
            {"metadata": {"labels": {"v": 1.1}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
            "metadata.labels.v",
        ),
    ],
)
def test_a_pod_template_is_one_an_api_server_takes(template: dict[str, Any], field: str) -> None:
    assert fields(judge(manifest(inference={"template": template}))) == [f"inference.template.{field}"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("phi-2", "use phi-4-mini-instruct"),
        ("falcon-7b", "use "),
        ("phi-4-mini-instrct", "phi-4-mini-instruct"),
    ],
)
def test_a_name_that_is_no_preset_leads_to_one(name: str, said: str) -> None:
    (finding,) = judge(manifest(inference={"preset": {"name": name}}))
    assert finding.field == "inference.preset.name"
    assert said in finding.mend


def test_any_hugging_face_name_is_taken_in_any_casing() -> None:
    assert judge(manifest(inference={"preset": {"name": "some-org/Some-Model"}})) == ()
    assert judge(manifest(inference={"preset": {"name": "MICROSOFT/phi-4-MINI-instruct"}})) == ()


def test_a_gated_model_without_a_secret_is_told() -> None:
    preset = {"name": "llama-3.1-8b-instruct"}
    (finding,) = judge(manifest(inference={"preset": preset}))
    assert (finding.severity, finding.field) == (
        Severity.WARNING, "inference.preset.presetOptions.modelAccessSecret",
    )  # fmt: skip
    options = {"presetOptions": {"modelAccessSecret": "hf"}}
    assert judge(manifest(inference={"preset": {**preset, **options}})) == ()


def test_a_private_preset_needs_an_image_in_v1alpha1_only() -> None:
    document = manifest(inference={"preset": {"name": "phi-4-mini-instruct", "accessMode": "private"}})
    assert judge(document) == ()
    alpha = {**document, "apiVersion": "kaito.sh/v1alpha1"}
    assert fields(judge(alpha)) == ["inference.preset.accessMode"]
    alpha["inference"]["preset"]["presetOptions"] = {"image": "registry.example.com/phi:1"}
    assert judge(alpha) == ()


def test_the_transformers_runtime_serves_some_presets_on_one_machine() -> None:
    assert fields(judge(annotated(runtime="transformers"))) == ["inference.preset.name"]
    gate = context({"featureGates": {"vLLM": False}})
    assert fields(judge(manifest(), gate)) == ["inference.preset.name"]
    document = {
        **annotated(runtime="transformers", bypass_resource_checks=""),
        **own(instanceType=A10, count=2),
    }
    document["metadata"] = annotated(runtime="transformers", bypass_resource_checks="")["metadata"]
    document["inference"] = {"preset": {"name": "phi-4"}}
    (finding,) = judge(document)
    assert finding.field == "resource.instanceType"
    assert "several nodes" in finding.message
    assert judge({**document, "resource": {"instanceType": TWO_A10, "labelSelector": SELECTOR}}) == ()


def test_a_model_no_number_of_machines_can_serve_is_refused_unless_checks_are_bypassed() -> None:
    document = own(instanceType="Standard_NV6ads_A10_v5")
    document["inference"] = {"preset": {"name": "deepseek-r1-0528"}}
    (finding,) = judge(document)
    assert finding.severity is Severity.ERROR
    assert finding.mend.startswith("use one of: Standard_N")
    document["metadata"] = annotated(bypass_resource_checks="")["metadata"]
    assert fields(judge(document), Severity.WARNING) == ["resource.instanceType"]


def test_v1alpha1_adds_up_the_machines_asked_for() -> None:
    document = {**own(instanceType=A10), "apiVersion": "kaito.sh/v1alpha1"}
    document["inference"] = {"preset": {"name": "phi-4"}}
    (finding,) = judge(document)
    assert "27.31 GiB; 1 × Standard_NV36ads_A10_v5 have 24" in finding.message
    document["metadata"] = annotated(bypass_resource_checks="")["metadata"]
    assert judge(document) == ()


@pytest.mark.parametrize(
    ("adapter", "field"),
    [
        ({"source": {"name": "a", "image": "r.io/a:1"}}, None),
        ({"source": {"name": "a.b", "volumeSource": {"emptyDir": {}}}}, None),
        ({}, ""),
        ({"source": {"name": "a"}}, ".source"),
        ({"source": {"image": "r.io/a:1"}}, ".source.name"),
        ({"source": {"name": "A", "image": "r.io/a:1"}}, ".source.name"),
        ({"source": {"name": "a", "image": "r.io/A:1"}}, ".source.image"),
        ({"source": {"name": "a", "urls": ["https://a"]}}, ".source.urls"),
        ({"source": {"name": "a", "image": "r.io/a:1"}, "strength": "0.5"}, ".strength"),
    ],
)
def test_an_adapter_has_a_name_and_comes_from_somewhere(adapter: dict[str, Any], field: str | None) -> None:
    wrong = [] if field is None else [f"inference.adapters[0]{field}"]
    assert fields(judge(served(adapters=[adapter]))) == wrong


@pytest.mark.parametrize(
    ("strength", "wrong"), [("0", False), ("1.0", False), ("1.5", True), ("nan", True), ("x", True)]
)
def test_strength_is_a_share_and_for_transformers(strength: str, wrong: bool) -> None:
    document = annotated(runtime="transformers")
    adapter = {"source": {"name": "a", "image": "r.io/a:1"}, "strength": strength}
    document["inference"] = {"preset": {"name": "phi-3-mini-128k-instruct"}, "adapters": [adapter]}
    assert bool(judge(document)) is wrong


def test_adapters_are_at_most_ten_and_named_apart() -> None:
    many = [{"source": {"name": f"a{index % 10}", "image": "r.io/a:1"}} for index in range(11)]
    assert fields(judge(served(adapters=many))) == [
        "inference.adapters",
        "inference.adapters[10].source.name",
    ]


@pytest.mark.parametrize("name", ["a/b/c", "a/b c", "a/../b", "-a/b", "a/" + "b" * 97, "a/" + "b" * 900_000])
def test_a_name_that_no_repository_can_have_is_refused(name: str) -> None:
    (finding,) = judge(manifest(inference={"preset": {"name": name}}))
    assert "cannot be the name" in finding.message


def test_thousands_of_mistakes_are_told_as_a_hundred() -> None:
    adapters = [{"source": {"name": "a"}} for _ in range(20_000)]
    assert len(judge(served(adapters=adapters))) == 100
