"""Every open choice made, and the mistakes that leave one open."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.config import NodeGpus
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.planner.resolve.blueprint import Blueprint, Env, Runtime
from reconciler.planner.resolve.names import container_name, node_pool_name, pool_name
from reconciler.planner.resolve.resolve import resolve
from tests.planner.asking import (
    A100,
    blueprint,
    catalog,
    declared,
    findings,
    fleet,
    main_container,
    manifest,
    serving,
    tuning,
)

NC48 = "Standard_NC48ads_A100_v4"
H200 = "Standard_ND96isr_H200_v5"


def context(tokens: object) -> dict[str, str]:
    return {"inference_config.yaml": f"vllm:\n  max-model-len: {tokens}\n"}


def test_a_small_model_takes_one_machine_and_costs_what_the_list_says() -> None:
    resolved = blueprint(serving())
    capacity = resolved.capacity
    assert (capacity.nodes, capacity.gpus_asked, capacity.tensor_parallel) == (1, 1, 1)
    assert capacity.cost.dollars_per_hour == pytest.approx(3.673)
    assert resolved.model == "phi-4-mini-instruct"
    assert resolved.because


def test_a_large_model_is_spread_over_machines_and_led_by_pod_zero() -> None:
    resolved = blueprint(serving("llama-3.3-70b-instruct", NC48))
    container = main_container(resolved)
    assert resolved.capacity.nodes == 2
    assert container.args[:2] == ("2", "model-0.model-headless.default.svc.cluster.local")
    assert {"--tensor-parallel-size=2", "--pipeline-parallel-size=2"} <= set(container.args)
    assert "--distributed-executor-backend=ray" in container.args
    assert Env("POD_INDEX", field="metadata.labels['apps.kubernetes.io/pod-index']") in container.env
    assert container.liveness is not None
    assert container.liveness.command[2] == "liveness"


def test_a_longer_context_in_the_persons_configuration_takes_more_machines() -> None:
    document = serving("qwen2.5-coder-32b-instruct", A100, config="settings")
    assert blueprint(document, context(2048)).capacity.nodes == 2
    document = serving("phi-3-mini-128k-instruct", "Standard_NV36ads_A10_v5", config="settings")
    assert blueprint(document, context(2048)).capacity.nodes == 1
    assert blueprint(document, context(131072)).capacity.nodes > 1


@pytest.mark.parametrize("tokens", ["auto", "true", "-5", "[1]", "{a: b", "0x", "'4096'"])
def test_a_context_that_is_no_number_is_planned_for_as_if_unsaid(tokens: str) -> None:
    assert blueprint(serving(config="settings"), context(tokens)).capacity.nodes == 1


def test_a_machine_with_room_for_copies_serves_copies() -> None:
    container = main_container(blueprint(serving("phi-4-mini-instruct", NC48)))
    assert "--data-parallel-size=2" in container.args
    assert "--tensor-parallel-size=1" in container.args


def test_an_a10_gives_vllm_a_little_less_of_its_memory() -> None:
    container = main_container(blueprint(serving(size="Standard_NV36ads_A10_v5")))
    assert "--gpu-memory-utilization=0.82" in container.args


def test_the_declared_count_is_told_when_the_arithmetic_says_otherwise() -> None:
    resolved = blueprint({**serving(), "resource": {**serving()["resource"], "count": 6}})
    assert resolved.capacity.nodes == 1
    assert any("resource.count says 6" in step for step in resolved.because)


def test_a_model_too_large_for_a_gpu_is_held_with_sizes_that_fit() -> None:
    (finding,) = findings(serving("deepseek-ai/DeepSeek-V4-Pro", "Standard_NC4as_T4_v3"))
    assert finding.field == "resource.instanceType"
    assert "Standard_N" in finding.mend


def test_bypassing_the_checks_tries_all_the_same() -> None:
    document = manifest(
        "Standard_NC4as_T4_v3",
        count=2,
        annotations={"kaito.sh/bypass-resource-checks": "false"},
        inference={"preset": {"name": "deepseek-ai/DeepSeek-V4-Pro"}},
    )
    resolved = blueprint(document)
    assert resolved.capacity.nodes == 2
    assert any("bypass" in step for step in resolved.because)


def test_the_transformers_runtime_is_chosen_by_annotation_or_by_the_fleet() -> None:
    asked = manifest(
        annotations={"kaito.sh/runtime": "transformers"}, inference=serving("phi-4")["inference"]
    )
    assert blueprint(asked).runtime is Runtime.TRANSFORMERS
    by_gate = blueprint(serving("phi-4"), feature_gates={"vLLM": False})
    assert by_gate.runtime is Runtime.TRANSFORMERS
    assert main_container(by_gate).command[:2] == ("accelerate", "launch")
    other = manifest(annotations={"kaito.sh/runtime": "sglang"}, inference=serving("phi-4")["inference"])
    assert blueprint(other).runtime is Runtime.VLLM


def test_a_model_without_transformers_is_told_so() -> None:
    (finding,) = findings(serving("phi-4-mini-instruct"), feature_gates={"vLLM": False})
    assert "does not run on Hugging Face Transformers" in finding.message


@pytest.mark.parametrize(
    ("preset", "message", "mend"),
    [
        ("phi-2", "no longer a preset", "Use phi-4-mini-instruct"),
        ("phi-4-mni-instruct", "is not a preset", "Did you mean phi-4-mini-instruct"),
        ("acme/own-model", "not in the catalog", "repository exists"),
    ],
)
def test_a_preset_nobody_knows_is_a_finding(preset: str, message: str, mend: str) -> None:
    (finding,) = findings(serving(preset))
    assert message in finding.message
    assert mend in finding.mend
    assert finding.field == "inference.preset.name"
    assert finding.workspace == WorkspaceName("default", "model")


def test_a_retired_size_is_planned_for_as_well_as_it_can_be() -> None:
    resolved = blueprint(tuning(size="Standard_NC6s_v3"))
    assert (resolved.capacity.nodes, resolved.capacity.gpus_asked) == (1, 1)
    assert resolved.capacity.cost.dollars_per_hour is None
    assert resolved.nodes.pool


def test_a_size_goes_by_the_name_azure_gives_it() -> None:
    assert blueprint(serving(size="standard_nd96asr_a100_v4")).capacity.instance_type == "Standard_ND96asr_v4"


def test_own_nodes_cost_nothing_and_are_asked_for_by_label_alone() -> None:
    resolved = blueprint(manifest(None, count=2, inference=serving()["inference"]), node_provisioner="byo")
    assert resolved.capacity.cost.dollars_per_hour == 0
    assert resolved.nodes.pool == ""
    assert resolved.requirements == {"apps": ("model",)}
    assert resolved.capacity.is_distributed


def on_own(gpus: NodeGpus | None, document: dict[str, Any]) -> Blueprint | tuple[Finding, ...]:
    return resolve(replace(declared(document), gpus=gpus), fleet(nodeProvisioner="byo"), catalog())


TWO_A100 = NodeGpus("NVIDIA-A100-80GB-PCIe", 2, 81920)


@pytest.mark.parametrize(
    ("preset", "nodes", "tensor", "data"),
    [
        ("phi-4-mini-instruct", 1, 1, 2),
        ("qwen2.5-coder-32b-instruct", 1, 2, 1),
        ("llama-3.3-70b-instruct", 2, 2, 1),
    ],
)
def test_own_nodes_that_say_what_they_have_are_taken_whole(
    preset: str, nodes: int, tensor: int, data: int
) -> None:
    resolved = on_own(TWO_A100, manifest(None, inference={"preset": {"name": preset}}))
    assert isinstance(resolved, Blueprint)
    capacity = resolved.capacity
    assert (capacity.nodes, capacity.tensor_parallel, capacity.data_parallel) == (nodes, tensor, data)
    assert (capacity.gpus_asked, capacity.instance_type, capacity.cost.dollars_per_hour) == (2, "", 0)
    assert capacity.because[0].startswith("the fleet's own nodes: 2 × NVIDIA-A100-80GB-PCIe on each of")


def test_own_nodes_that_are_too_small_are_told_unless_checks_are_bypassed() -> None:
    small = NodeGpus("Quadro-K620", 1, 2048)
    document = manifest(None, inference={"preset": {"name": "phi-4-mini-instruct"}})
    refused = on_own(small, document)
    assert isinstance(refused, tuple)
    assert [each.field for each in refused] == ["resource.labelSelector"]
    document["metadata"]["annotations"] = {"kaito.sh/bypass-resource-checks": "true"}
    assert isinstance(on_own(small, document), Blueprint)


def test_training_on_own_nodes_takes_one_gpu_whatever_labels_come_and_go() -> None:
    document = tuning(size="")
    known, unknown = (on_own(gpus, document) for gpus in (TWO_A100, None))
    assert isinstance(known, Blueprint)
    assert isinstance(unknown, Blueprint)
    assert known.capacity == unknown.capacity
    assert known.capacity.gpus_asked == 1


def test_a_slice_of_a_gpu_is_asked_for_by_its_profile() -> None:
    partition = {"mode": "mig", "profile": "1g.10gb"}
    document = manifest(None, partition=partition, inference=serving()["inference"])
    resolved = blueprint(document, node_provisioner="byo")
    container = main_container(resolved)
    assert (container.gpu_resource, container.gpus) == ("nvidia.com/mig-1g.10gb", 1)
    assert "--kaito-kv-cache-cpu-memory-utilization=0" in container.args
    assert "nvidia.com/mig-1g.10gb" in [each.key for each in resolved.tolerations]


def test_a_share_of_a_nodes_gpus_is_spread_over_them() -> None:
    document = manifest(None, partition={"mode": "accelerator", "count": 4}, inference=serving()["inference"])
    assert "--tensor-parallel-size=4" in main_container(blueprint(document, node_provisioner="byo")).args


@pytest.mark.parametrize(
    ("provisioner", "key"),
    [
        ("agentPool", "kubernetes.azure.com/agentpool"),
        ("karpenter", "karpenter.kaito.sh/workspace-name"),
        ("gpu-provisioner", "kaito.sh/workspace"),
    ],
)
def test_pods_run_on_the_nodes_that_were_made_for_them(provisioner: str, key: str) -> None:
    resolved = blueprint(serving(), node_provisioner=provisioner)
    assert key in resolved.requirements
    labels = {**resolved.nodes.labels, "kubernetes.azure.com/agentpool": resolved.nodes.pool}
    assert {key: values[0] for key, values in resolved.requirements.items()}.items() <= labels.items()


def test_reserved_labels_select_nothing() -> None:
    labels = {"kaito.sh/workspace": "other", "karpenter.kaito.sh/workspace-name": "other", "b": "2", "a": "1"}
    workspace = declared(manifest(labels=labels)).manifest
    assert list(workspace.node_labels.items()) == [("a", "1"), ("b", "2")]


def test_an_expression_with_one_value_is_a_label() -> None:
    selector = {"matchExpressions": [{"key": "apps", "operator": "In", "values": ["model"]}]}
    document = {**serving(), "resource": {"instanceType": A100, "labelSelector": selector}}
    assert blueprint(document).nodes.labels["apps"] == "model"


def test_a_label_a_kubelet_refuses_is_not_given_to_nodes_but_told() -> None:
    resolved = blueprint(
        {
            **serving(),
            **manifest(labels={"app.kubernetes.io/name": "x"}, name="model")
            | {"inference": serving()["inference"]},
        }
    )
    assert "app.kubernetes.io/name" not in resolved.nodes.labels
    assert resolved.requirements["app.kubernetes.io/name"] == ("x",)
    assert [each.severity for each in resolved.findings] == [Severity.WARNING]


def test_a_name_too_long_for_its_pods_is_a_finding() -> None:
    assert blueprint(manifest(name="a" * 52, inference=serving()["inference"]))
    (finding,) = findings(manifest(name="a" * 53, inference=serving()["inference"]))
    assert finding.field == "metadata.name"


def test_images_come_from_the_fleets_registry_where_it_mirrors_kaitos() -> None:
    resolved = blueprint(tuning(), image_registry="mirror.example.com/kaito/")
    assert main_container(resolved).image == "mirror.example.com/kaito/kaito-base:0.5.0"
    assert resolved.pod is not None
    weights, download = resolved.pod.init_containers
    assert weights.command[2].startswith("mirror.example.com/kaito/kaito-phi-3-mini-128k-instruct:")
    assert download.image == "curlimages/curl"


def test_a_persons_own_image_and_secrets_are_used() -> None:
    options = {"image": "r.example.com/m:1", "imagePullSecrets": ["login"], "modelAccessSecret": "hf"}
    resolved = blueprint(manifest(inference={"preset": {"name": "phi-4", "presetOptions": options}}))
    assert main_container(resolved).image == "r.example.com/m:1"
    assert Env("HF_TOKEN", secret="hf") in main_container(resolved).env
    assert resolved.pod is not None
    assert resolved.pod.pull_secrets == ("login",)


def test_weights_on_the_node_are_read_where_they_lie() -> None:
    resolved = blueprint(
        manifest(annotations={"kaito.sh/use-local-weights": "true"}, inference=serving()["inference"])
    )
    folder = "/opt/kaito/models/microsoft-phi-4-mini-instruct"
    arguments = main_container(resolved).args
    assert f"--model={folder}" in arguments
    assert not any(each.startswith(("--download-dir", "--revision")) for each in arguments)


def test_weights_go_to_the_machines_own_disk_only_where_it_has_one() -> None:
    asked = {"towline.dev/weights-storage-class": "kaito-local-nvme-disk"}
    on_disk = blueprint(manifest(annotations=asked, inference=serving()["inference"])).pod
    assert on_disk is not None
    assert [(claim.gib, claim.storage_class) for claim in on_disk.claims] == [(87, "kaito-local-nvme-disk")]
    size = "Standard_NV36ads_A10_v5"
    without = blueprint(manifest(size, annotations=asked, inference=serving()["inference"])).pod
    assert without is not None
    assert without.claims == ()


def test_ray_is_reachable_only_inside_the_cluster_and_only_where_it_runs() -> None:
    public = {"kaito.sh/enablelb": "True"}
    document = manifest(NC48, annotations=public, inference={"preset": {"name": "llama-3.3-70b-instruct"}})
    names = [port.name for port in blueprint(document).service_ports]
    assert names == ["http"]
    assert [port.name for port in blueprint(serving()).service_ports] == ["http", "kv-events"]


def test_performance_mode_is_said_unless_it_is_balanced() -> None:
    def arguments(mode: str) -> tuple[str, ...]:
        document = manifest(annotations={"kaito.sh/performance-mode": mode}, inference=serving()["inference"])
        return main_container(blueprint(document)).args

    assert "--performance-mode=throughput" in arguments("throughput")
    assert not any("performance-mode" in each for each in arguments("balanced"))


@pytest.mark.parametrize(
    ("adapter", "field"),
    [
        ({}, "inference.adapters[0].source.name"),
        ({"source": {"name": "../up", "image": "a/b:1"}}, "inference.adapters[0].source.name"),
        ({"source": {"name": "nowhere"}}, "inference.adapters[0].source"),
    ],
)
def test_an_adapter_that_cannot_be_had_is_a_finding(adapter: dict[str, Any], field: str) -> None:
    (finding,) = findings(serving(adapters=[adapter]))
    assert finding.field == field


def test_the_strength_of_an_adapter_reaches_the_container() -> None:
    adapter = {"source": {"name": "tone", "image": "r.example.com/tone:1"}, "strength": "0.5"}
    assert Env("tone", "0.5") in main_container(blueprint(serving(adapters=[adapter]))).env


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"input": {}}, "tuning.input"),
        ({"output": {}}, "tuning.output"),
        ({"preset": "llama-3.1-8b-instruct"}, "tuning.preset.name"),
    ],
)
def test_a_training_without_source_result_or_tunable_model_is_a_finding(
    changes: dict[str, Any], field: str
) -> None:
    (finding,) = findings(tuning(**changes))
    assert finding.field == field


@pytest.mark.parametrize(
    ("asked", "folder"),
    [
        ("/mnt/results", "/mnt/results"),
        ("runs/one", "/mnt/runs/one"),
        ("/etc", "/mnt/output"),
        ("../etc", "/mnt/output"),
        ("/mnt", "/mnt/output"),
        ("[a]", "/mnt/output"),
    ],
)
def test_results_stay_below_mnt(asked: str, folder: str) -> None:
    text = f"training_config:\n  TrainingArguments:\n    output_dir: {asked}\n"
    resolved = blueprint(tuning(config="mine"), {"training_config.yaml": text})
    assert main_container(resolved).args[0] == folder


def test_a_training_into_a_volume_has_no_pusher() -> None:
    volume = {"volumeSource": {"persistentVolumeClaim": {"claimName": "out"}}}
    pod = blueprint(tuning(output=volume)).pod
    assert pod is not None
    assert len(pod.containers) == 1
    assert pod.shares_processes is None


def test_a_template_without_containers_is_a_finding() -> None:
    specs: list[dict[str, Any]] = [{}, {"containers": []}, {"containers": ["x"]}]
    for template in ({}, *({"spec": spec} for spec in specs)):
        (finding,) = findings(manifest(inference={"template": template}))
        assert finding.field == "inference.template.spec.containers"


def test_a_number_json_cannot_say_is_a_finding() -> None:
    document = declared(manifest(inference={"template": {"spec": {"containers": [{"name": "a"}]}}}))
    assert document.manifest.inference is not None
    assert document.manifest.inference.template is not None
    document.manifest.inference.template["spec"]["x"] = [float("nan")]
    outcome = resolve(document, fleet(), catalog())
    assert isinstance(outcome, tuple)
    assert outcome[0].field == "inference.template"


def test_quantities_in_a_template_are_text_when_they_are_applied() -> None:
    resources = {"limits": {"nvidia.com/gpu": 1, "memory": "8Gi"}, "requests": {"cpu": 0.5}}
    template = {"spec": {"containers": [{"name": "a", "image": "b", "resources": resources}]}}
    own = blueprint(manifest(inference={"template": template})).own_pod
    assert own is not None
    applied = own["containers"][0]["resources"]
    assert applied == {"limits": {"nvidia.com/gpu": "1", "memory": "8Gi"}, "requests": {"cpu": "0.5"}}


def test_a_template_runs_on_as_many_machines_as_it_says() -> None:
    template = {"spec": {"containers": [{"name": "a", "image": "b"}]}}
    resolved = blueprint(manifest(count=3, inference={"template": template}))
    assert (resolved.capacity.nodes, resolved.nodes.disk_gib) == (3, 1024)


def test_pool_names_suit_aks_and_tell_workspaces_and_sizes_apart() -> None:
    phi, other = WorkspaceName("default", "phi"), WorkspaceName("team", "phi")
    names = [
        pool_name("f", phi, Option(A100)),
        pool_name("f", phi, Option(H200)),
        pool_name("f", other, Option(A100)),
        pool_name("g", phi, Option(A100)),
        pool_name("f", phi, Option(A100, CapacityType.SPOT)),
        pool_name("f", phi, Option(A100, zone="1")),
        pool_name("f", phi, Option(A100, zone="2")),
        pool_name("f", phi, Option(A100), "AzureLinux"),
        pool_name("f", phi, Option(A100), driver=False),
    ]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"w[a-z2-7]{10}", name) for name in names)
    assert pool_name("f", phi, Option(A100.upper())) == names[0]


def test_long_names_are_cut_and_still_told_apart() -> None:
    one, two = (node_pool_name(WorkspaceName("n" * 40, "w" * 40 + end)) for end in "ab")
    assert one != two
    assert max(len(one), len(two)) <= 63


@pytest.mark.parametrize("text", ["a.b", "x" * 80, "UPPER", "ends-"])
def test_a_container_is_named_by_a_dns_label_whatever_the_text(text: str) -> None:
    name = container_name("puller", text)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 63
