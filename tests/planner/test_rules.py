"""Every rule of admission, and ours beyond it, with a case that keeps it and a case that breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Finding, Severity, has_errors
from reconciler.domain.fleet import Fleet
from reconciler.planner.read_workspace import workspace_of
from reconciler.planner.rules.context import Context, SeenNode
from reconciler.planner.rules.create import judge_create
from reconciler.planner.rules.images import is_reference
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


def test_a_size_is_needed_where_nodes_are_made_and_forbidden_where_they_are_brought() -> None:
    assert fields(judge(own())) == ["resource.instanceType"]
    assert judge(own(), context({"nodeProvisioner": "byo"})) == ()
    assert fields(judge(manifest(), context({"nodeProvisioner": "byo"}))) == ["resource.instanceType"]
    assert judge({**own(), "apiVersion": "kaito.sh/v1alpha1"}) == ()


@pytest.mark.parametrize(
    ("size", "field"), [("Standard_B2s", True), ("m5.large", True), (A10.upper(), False)]
)
def test_a_size_is_one_of_azures_gpu_sizes(size: str, field: bool) -> None:
    findings = judge(own(instanceType=size))
    assert (fields(findings) == ["resource.instanceType"]) is field


def test_a_mistyped_size_names_the_nearest() -> None:
    (finding,) = judge(own(instanceType="Standard_NC24ads_A100_v"))
    assert finding.severity is Severity.WARNING
    assert finding.mend == "did you mean Standard_NC24ads_A100_v4?"


def test_a_retired_size_is_told_with_the_cheapest_that_fit_and_their_prices() -> None:
    (finding,) = judge(own(instanceType="standard_nc6s_V3"))
    assert finding.severity is Severity.WARNING
    assert "Standard_NC6s_v3 was retired on 2025-09-30" in finding.message
    assert "Standard_NV36ads_A10_v5 ($3.20/h, 1 node)" in finding.mend


@pytest.mark.parametrize(
    ("size", "said"),
    [("Standard_NG32ads_V620_v1", "AMD"), ("Standard_NC4as_T4_v3", "compute capability 7.5")],
)
def test_a_size_that_does_not_suit_is_told(size: str, said: str) -> None:
    findings = judge(own(instanceType=size))
    assert any(said in finding.message for finding in findings)
    assert any("cheapest" in finding.mend or "use one of" in finding.mend for finding in findings)


@pytest.mark.parametrize(
    ("selector", "wrong"),
    [
        ({"matchLabels": {"a": "b"}}, None),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, None),
        (
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b", "c"]}]},
            ".matchExpressions[0]",
        ),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, ".matchExpressions[0]"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, ".matchExpressions[0]"),
        ({"matchLabels": {"kaito.sh/workspace": "b"}}, ""),
        ({"matchLabels": {"a": "b c"}}, ".matchLabels.a"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_selector_is_labels_that_can_be_put_on_nodes(selector: Any, wrong: str | None) -> None:
    findings = judge(manifest(resource={"instanceType": A10, "labelSelector": selector}))
    assert fields(findings)[:1] == ([] if wrong is None else [f"resource.labelSelector{wrong}"])


def test_no_nodes_are_asked_for_by_a_count_below_one() -> None:
    assert fields(judge(own(instanceType=A10, count=0))) == ["resource.count"]


@pytest.mark.parametrize(
    ("partition", "wrong"),
    [
        ({"mode": "mig", "profile": "3g.40gb"}, []),
        ({"mode": "accelerator", "count": 2}, []),
        ({"mode": "share"}, ["mode"]),
        ({"mode": "mig"}, ["profile"]),
        ({"mode": "mig", "profile": "small"}, ["profile"]),
        ({"mode": "mig", "profile": "9g.99gb"}, ["profile"]),
        ({"mode": "mig", "profile": "3g.40gb", "count": 1}, ["count"]),
        ({"mode": "mig", "profile": "1g.5gb"}, ["profile"]),
        ({"mode": "accelerator"}, ["count"]),
        ({"mode": "accelerator", "count": 0}, ["count"]),
        ({"mode": "accelerator", "count": 1, "profile": "1g.10gb"}, ["profile"]),
    ],
)
def test_shares_of_gpus_that_are_brought(partition: dict[str, Any], wrong: list[str]) -> None:
    assert fields(judge(own(partition=partition), context(BYO))) == [
        f"resource.partition.{each}" for each in wrong
    ]


@pytest.mark.parametrize("mode", ["mig", "accelerator"])
def test_shares_need_their_gate(mode: str) -> None:
    partition = {"mode": "mig", "profile": "3g.40gb"} if mode == "mig" else {"mode": mode, "count": 1}
    findings = judge(own(partition=partition), context({"nodeProvisioner": "byo"}))
    assert fields(findings) == ["resource.partition.mode"]


def test_shares_are_for_brought_nodes_and_for_serving() -> None:
    partition = {"mode": "accelerator", "count": 1}
    assert fields(judge(own(instanceType=A10, partition=partition))) == ["resource.partition"]
    document = {**tuned(), "resource": {"labelSelector": SELECTOR, "partition": partition}}
    assert fields(judge(document, context(BYO))) == ["resource.partition"]
    alpha = {**own(instanceType=A10, partition=partition), "apiVersion": "kaito.sh/v1alpha1"}
    assert fields(judge(alpha), Severity.WARNING) == ["resource.partition"]


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ((node(),), None),
        ((node("a"), node("b")), None),
        (None, None),
        ((), "no node"),
        ((SeenNode("x", {"other": "y"}),), "no node"),
        ((node(memory=""),), "does not say"),
        ((node(count="none"),), "does not say"),
        ((node("a"), node("b", product="H100")), "different GPUs"),
        ((node("a"), node("b", count="2")), "different numbers"),
        ((node("a"), node("b", memory="40960")), "different sizes"),
        ((node(memory="4096"),), "7.15 GiB"),
    ],
)
def test_brought_nodes_are_alike_and_large_enough(nodes: Any, said: str | None) -> None:
    findings = judge(own(), context({"nodeProvisioner": "byo"}, nodes=nodes))
    assert [(said or "?") in finding.message for finding in findings] == ([True] if said else [])


def test_the_bypass_annotation_leaves_memory_of_brought_nodes_to_the_user() -> None:
    document = {**annotated(bypass_resource_checks="false"), "resource": {"labelSelector": SELECTOR}}
    assert judge(document, context({"nodeProvisioner": "byo"}, nodes=(node(memory="4096"),))) == ()


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


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"preset": None}, "preset"),
        ({"preset": {"name": "phi-2"}}, "preset.name"),
        ({"preset": {"name": "llama-3.1-8b-instruct"}}, "preset.name"),
        ({"preset": {"name": "some-org/some-model"}}, "preset.name"),
        ({"method": None}, "method"),
        ({"method": "full"}, "method"),
        ({"input": None}, "input"),
        ({"input": {}}, "input"),
        ({"input": {"urls": ["https://a.io/b"], "image": "r.io/a:1"}}, "input"),
        ({"input": {"image": "R!"}}, "input.image"),
        ({"output": None}, "output"),
        ({"output": {}}, "output"),
        ({"output": {**OUTPUT, "volumeSource": {"emptyDir": {}}}}, "output"),
        ({"output": {"image": "r.io/a:1"}}, "output.imagePushSecret"),
        ({"output": {**OUTPUT, "image": "r.io/OUT:1"}}, "output.image"),
    ],
)
def test_tuning_says_what_how_from_where_and_to_where(change: dict[str, Any], field: str) -> None:
    assert fields(judge(tuned(**change))) == [f"tuning.{field}"]


def test_a_preset_that_cannot_be_tuned_names_those_that_can() -> None:
    (finding,) = judge(tuned(preset={"name": "llama-3.1-8b-instruct"}))
    assert "phi-3-mini-128k-instruct" in finding.mend


def test_tuning_takes_volumes_methods_in_any_casing_and_one_node() -> None:
    volume = {"volumeSource": {"persistentVolumeClaim": {"claimName": "c"}}}
    assert judge(tuned(method="QLoRA", input=volume, output=volume)) == ()
    document = tuned()
    document["resource"]["count"] = 2
    assert fields(judge(document)) == ["resource.count"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://huggingface.co/a/b?download=true", None),
        ("http://93.184.216.34/a", None),
        ("ftp://example.com/a", "HTTP"),
        ("example.com/a", "absolute"),
        ("https:///a", "absolute"),
        ("https://exa mple.com/a", "absolute"),
        ("https://[::1/a", "absolute"),
        ("http://localhost:8080/a", "this machine"),
        ("http://a.LOCALHOST./a", "this machine"),
        ("http://metadata.google.internal/a", "metadata"),
        ("http://169.254.169.254/a", "private"),
        ("http://10.1.2.3/a", "private"),
        ("http://[fd00::1]/a", "private"),
        ("http://[::ffff:127.0.0.1]/a", "private"),
        ("http://2130706433/a", "number"),
        ("http://0x7f.1/a", "number"),
        ("http://127.1/a", "number"),
    ],
)
def test_data_comes_from_public_hosts(url: str, said: str | None) -> None:
    findings = judge(tuned(input={"urls": ["https://example.com/ok", url]}))
    assert [(each.field, (said or "?") in each.message) for each in findings] == (
        [("tuning.input.urls[1]", True)] if said else []
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://a.io/b?sv=2022&sig=hunter2",
        "https://me:hunter2@a.io/b",
        "https://a.io/b?X-Amz-Signature=hunter2",
    ],
)
def test_a_credential_in_a_url_is_told_and_not_repeated(url: str) -> None:
    (finding,) = judge(tuned(input={"urls": [url]}))
    assert finding.severity is Severity.WARNING
    assert "hunter2" not in str(finding)


def test_v1alpha1_only_warns_of_urls() -> None:
    document = {**tuned(input={"urls": ["http://10.0.0.1/a"]}), "apiVersion": "kaito.sh/v1alpha1"}
    assert fields(judge(document), Severity.WARNING) == ["tuning.input.urls[0]"]
    assert not has_errors(judge(document))


TRAINING = "training_config:\n"


@pytest.mark.parametrize(
    ("text", "method", "said"),
    [
        (TRAINING + "  LoraConfig: {r: 8}\n  TrainingArguments: {output_dir: out}\n", "lora", None),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: true}\n", "qlora", None),
        (TRAINING + "  QuantizationConfig: {load_in_8bit: true, load_in_4bit: false}\n", "qlora", None),
        (TRAINING + "  LoraConfig: {r: 8}\n  DataCollator:\n", "lora", None),
        (TRAINING + "  TrainingArguments: {output_dir: /mnt/results}\n", "lora", None),
        (None, "lora", "no ConfigMap"),
        ("a: b", "lora", "training_config is not a mapping"),
        (TRAINING + "- a", "lora", "training_config is not a mapping"),
        (TRAINING + "  LoRAConfig: {r: 8}\n", "lora", "no section"),
        (TRAINING + "  TokenizerConfig: {r: 8}\n", "lora", "no section"),
        (TRAINING + "  LoraConfig: 8\n", "lora", "not a mapping"),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: 'yes'}\n", "qlora", "load_in_4bit"),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: true, load_in_8bit: true}\n", "qlora", "both"),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: true}\n", "lora", "whole weights"),
        (TRAINING + "  LoraConfig: {r: 8}\n", "qlora", "quantised"),
        (TRAINING + "  TrainingArguments: {output_dir: ../etc}\n", "lora", "output_dir"),
        (TRAINING + "  TrainingArguments: {output_dir: /mnt}\n", "lora", "output_dir"),
        (TRAINING + "  TrainingArguments: {output_dir: /mnt/../etc}\n", "lora", "output_dir"),
        (TRAINING + "  TrainingArguments: {output_dir: 5}\n", "lora", "output_dir"),
    ],
)
def test_the_settings_of_tuning(text: str | None, method: str, said: str | None) -> None:
    maps = {} if text is None else {("default", "cfg"): {"training_config.yaml": text}}
    findings = judge(tuned(config="cfg", method=method), context(config_maps=maps))
    assert [(each.field, (said or "?") in each.message) for each in findings] == (
        [("tuning.config", True)] if said else []
    )


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("data-image", True),
        ("data-image:latest", True),
        ("registry.example.com:5000/a/b__c/d-e.f:V1.2_3", True),
        ("LOCALHOST:5000/a", True),
        ("[::1]:5000/a", True),
        ("a@sha256:" + "0" * 64, True),
        ("a:tag@sha256:" + "0" * 64, True),
        ("a@sha256:" + "0" * 63, False),
        ("a@sha512:" + "0" * 128, True),
        ("registry.example.com/OUT:1", False),
        ("!ValidImage", False),
        ("a//b", False),
        ("a/", False),
        ("a:", False),
        ("a:" + "t" * 129, False),
        ("a..b", False),
        ("under_score.io/a", True),
        ("-a", False),
        ("a b", False),
        ("a\n", False),
        ("https://registry.io/a", False),
        ("", False),
        ("a" * 256, False),
    ],
)
def test_image_references(text: str, is_one: bool) -> None:
    assert is_reference(text) is is_one


def quick_start(**output: str) -> dict[str, Any]:
    """The fine-tuning example a newcomer starts with."""
    document = tuned(
        input={
            "urls": ["https://huggingface.co/datasets/some/data/resolve/main/train.parquet?download=true"]
        },
        output={
            "image": "ACR_REPO_HERE.azurecr.io/IMAGE_NAME_HERE:0.0.1",
            "imagePushSecret": "ACR_REGISTRY_SECRET_HERE",
            **output,
        },
    )
    document["apiVersion"] = "kaito.sh/v1alpha1"
    document["metadata"]["name"] = "workspace-tuning-phi-3"
    document["resource"] = {
        "instanceType": "Standard_NC6s_v3",
        "labelSelector": {"matchLabels": {"app": "tuning-phi-3"}},
    }
    return document


def test_the_quick_start_is_told_what_to_fill_in_and_once_filled_in_only_that_its_size_is_gone() -> None:
    findings = judge(quick_start())
    assert fields(findings) == ["tuning.output.image", "tuning.output.imagePushSecret"]
    assert fields(findings, Severity.WARNING) == ["resource.instanceType"]
    assert "ACR_REPO_HERE and IMAGE_NAME_HERE" in findings[1].message
    assert "docker-registry" in findings[2].mend
    filled = judge(quick_start(image="myregistry.azurecr.io/phi:0.0.1", imagePushSecret="acr"))
    assert [(finding.severity, finding.field) for finding in filled] == [
        (Severity.WARNING, "resource.instanceType")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<your-registry>.azurecr.io/a:1",
        "YOUR_REGISTRY/a:1",
        "<MODEL_ID>",
        "<model>",
        "REPO_HERE",
        "<Your name>",
    ],
)
def test_placeholders_of_all_kinds_are_seen(text: str) -> None:
    (finding,) = judge(tuned(output={**OUTPUT, "image": text}))
    assert "to be filled in" in finding.message


@pytest.mark.parametrize(
    "text", ["<s>", "<|im_start|>", "a < b > c", "cat <file >other", "{{ x }}", "THERE", "<EOT> x"]
)
def test_text_that_only_looks_like_one_is_let_be(text: str) -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "i", "args": ["a", text]}]}}
    assert judge(manifest(inference={"template": template})) == ()


def test_findings_never_move_a_cursor_and_never_run_on() -> None:
    for name in ("\x1b[2J\u202e" * 5, "x" * 5_000):
        document = manifest(inference={"preset": {"name": name}})
        for finding in judge(document):
            assert finding.message.isprintable()
            assert len(finding.message) < 300
