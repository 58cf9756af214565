"""Towline's own containers: chosen by the Fleet, told by a document, made anew when it changes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reconciler.planner.desire.desire import desire
from reconciler.planner.resolve.blueprint import Env
from tests.planner.asking import (
    blueprint,
    catalog,
    config,
    desired,
    documents,
    findings,
    main_container,
    manifest,
    serving,
    templates,
    tuning,
)

OURS: dict[str, Any] = {"runtime": "towline", "image_registry": "registry.example.com/towline/"}
LOCAL: dict[str, Any] = {"node_provisioner": "byo", **OURS}
NC48 = "Standard_NC48ads_A100_v4"


def annotated(document: dict[str, Any], **annotations: str) -> dict[str, Any]:
    keys = {f"towline.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {**document, "metadata": {**document["metadata"], "annotations": keys}}


def without_gpus(document: dict[str, Any]) -> dict[str, Any]:
    resource = {key: value for key, value in document["resource"].items() if key != "instanceType"}
    return annotated({**document, "resource": resource}, device="cpu")


def told(document: dict[str, Any], settings: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """What the main container reads."""
    objects = documents(desired(document, settings, **{**OURS, **spec}))
    suffix = "tuning" if "tuning" in document else "serving"
    written: dict[str, Any] = yaml.safe_load(objects[f"ConfigMap/model-{suffix}"]["data"][f"{suffix}.yaml"])
    return written


def pod_of(document: dict[str, Any], **spec: Any) -> dict[str, Any]:
    objects = documents(desired(document, **{**OURS, **spec}))
    workload = objects.get("StatefulSet/model") or objects["Job/model"]
    template: dict[str, Any] = workload["spec"]["template"]
    return template


def test_kaitos_containers_remain_where_nobody_says_otherwise() -> None:
    assert documents(desired(serving())) == documents(desired(serving(), runtime="kaito"))
    assert main_container(blueprint(serving())).image.startswith("mcr.microsoft.com/aks/kaito/")


def test_images_come_from_the_registry_the_fleet_names() -> None:
    assert main_container(blueprint(serving(), **OURS)).image.startswith(
        "registry.example.com/towline/towline-serving:"
    )
    assert main_container(blueprint(tuning(), **OURS)).image.startswith(
        "registry.example.com/towline/towline-tuning:"
    )


def test_another_document_is_another_pod() -> None:
    mark = "towline.dev/document-digest"
    one = pod_of(serving())["metadata"]["annotations"][mark]
    two = pod_of(serving("phi-4"))["metadata"]["annotations"][mark]
    assert one == pod_of(serving())["metadata"]["annotations"][mark]
    assert one != two


def test_a_fleet_that_changes_its_containers_changes_its_workspaces_in_one_pass() -> None:
    memo: dict[Any, Any] = {}
    before = desire(config(serving()), catalog(), templates(), memo)
    after = desire(config(serving(), **OURS), catalog(), templates(), memo)
    (one,), (two,) = before.workspaces.values(), after.workspaces.values()
    assert "ConfigMap/model-serving" not in documents(one)
    assert "ConfigMap/model-serving" in documents(two)


def test_a_persons_own_pod_stays_theirs() -> None:
    own = manifest(inference={"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}})
    assert documents(desired(own, **OURS)) == documents(desired(own))


def test_vllm_is_told_nothing_that_only_kaitos_wrapper_knows() -> None:
    document = serving("llama-3.3-70b-instruct", NC48, config="mine", adapters=[])
    engine = told(document, {"inference_config.yaml": "vllm: {}"})["engine"]
    assert not any(name.startswith("kaito") for name in engine["arguments"])
    assert list(engine["arguments"]) == sorted(engine["arguments"])
    assert told(document, {"inference_config.yaml": "vllm: {}"})["userConfig"] == (
        "/mnt/config/inference_config.yaml"
    )


def test_a_model_over_several_nodes_has_a_leader_and_checks_of_its_own() -> None:
    document = serving("llama-3.3-70b-instruct", NC48)
    spread = told(document)["engine"]["spread"]
    assert spread == {
        "tensor": 2,
        "pipeline": 2,
        "data": 1,
        "nodes": 2,
        "leader": "model-0.model-headless.default.svc.cluster.local",
    }
    container = main_container(blueprint(document, **OURS))
    assert Env("POD_IP", field="status.podIP") in container.env
    for probe in (container.startup, container.liveness, container.readiness):
        assert probe is not None
        assert probe.command[-2:] == ("runtime.serving.vllm.health", "/etc/towline/serving.yaml")


def test_answers_in_flight_end_before_the_pod_is_killed() -> None:
    assert told(serving())["drainSeconds"] < pod_of(serving())["spec"]["terminationGracePeriodSeconds"]


def test_a_benchmark_is_left_out_where_the_person_says_so() -> None:
    document = serving()
    assert told(document)["benchmark"]["seconds"] > 0
    document["metadata"]["annotations"] = {"kaito.sh/disable-benchmark": "true"}
    assert told(document)["benchmark"]["seconds"] == 0


def test_weights_on_the_node_are_read_where_they_lie_for_serving_and_for_tuning() -> None:
    for document in (serving("phi-4"), tuning("phi-4")):
        document["metadata"]["annotations"] = {"kaito.sh/use-local-weights": "true"}
        section = told(document).get("model") or told(document)["base"]
        assert section["source"] == {"kind": "folder", "path": "/opt/kaito/models/microsoft-phi-4"}
        mounts = pod_of(document)["spec"]["containers"][0]["volumeMounts"]
        assert section["source"]["path"] in [each["mountPath"] for each in mounts]


def test_a_repository_in_mistrals_own_format_is_fetched_in_that_format() -> None:
    source = told(serving("mistral-large-3-675b-instruct", "Standard_ND96isr_H200_v5"))["model"]["source"]
    assert "consolidated*" in source["allow"]
    assert "params.json" in source["allow"]


def test_without_gpus_nothing_is_asked_of_a_node_but_its_labels() -> None:
    for document in (serving(), tuning()):
        template = pod_of(without_gpus(document), **LOCAL)
        assert "resources" not in template["spec"]["containers"][0]
        (term,) = template["spec"]["affinity"]["nodeAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]["nodeSelectorTerms"]
        assert [each["key"] for each in term["matchExpressions"]] == ["apps"]
    assert told(without_gpus(tuning()), **LOCAL)["device"] == "cpu"
    assert told(without_gpus(serving()), **LOCAL)["engine"]["device"] == "cpu"


def test_the_small_engine_stays_on_one_gpu_and_is_judged_by_it() -> None:
    document = serving("phi-4", NC48)
    document["metadata"]["annotations"] = {"kaito.sh/runtime": "transformers"}
    assert blueprint(document).capacity.gpus_asked == 2
    assert blueprint(document, **OURS).capacity.gpus_asked == 1
    document = serving("phi-4", "Standard_NC64as_T4_v3")
    document["metadata"]["annotations"] = {"kaito.sh/runtime": "transformers"}
    assert blueprint(document).capacity.gpus_asked == 4
    (finding,) = findings(document, **OURS)
    assert finding.field == "resource.instanceType"


@pytest.mark.parametrize("preset", ["mistral-7b", "smollm2-135m-instruct"])
def test_a_preset_whose_weights_kaito_keeps_nowhere_can_be_tuned(preset: str) -> None:
    (finding,) = findings(tuning(preset))
    assert finding.message.endswith("cannot be fine-tuned by KAITO's container: KAITO keeps no weights of it")
    assert finding.mend.startswith("Set spec.runtime: towline in towline.yaml, or choose one of phi-3-")
    assert told(tuning(preset))["base"]["source"]["kind"] == "hub"


def test_a_tuning_is_left_to_choose_for_itself_where_the_person_says_nothing() -> None:
    assert told(tuning())["userConfig"] == ""
    asked = desire(config(tuning(), **OURS), catalog(), templates(), {})
    assert asked.objects == ()


@pytest.mark.parametrize(
    ("output", "annotations", "work"),
    [
        ({"image": "r.example.com/a:1", "imagePushSecret": "s"}, {}, "/mnt/results"),
        ({"volumeSource": {"nfs": {"path": "/x"}}}, {}, "/mnt/output/.towline/model"),
        (
            {"image": "r.example.com/a:1", "imagePushSecret": "s"},
            {"work_claim": "kept"},
            "/mnt/results/model",
        ),
        ({"volumeSource": {"nfs": {"path": "/x"}}}, {"work_claim": "kept"}, "/mnt/results/model"),
    ],
)
def test_a_trainings_work_outlives_the_machine_where_there_is_a_volume(
    output: dict[str, Any], annotations: dict[str, str], work: str
) -> None:
    document = annotated(tuning(output=output), **annotations)
    assert told(document)["work"] == work
    volumes = {each["name"]: each for each in pod_of(document)["spec"]["volumes"]}
    if annotations:
        assert volumes["work-volume"]["persistentVolumeClaim"] == {"claimName": "kept"}


def test_a_mistake_ends_a_tuning_at_once_and_the_loss_of_a_machine_does_not() -> None:
    job = documents(desired(tuning(), **OURS))["Job/model"]
    evicted, mistaken = job["spec"]["podFailurePolicy"]["rules"]
    assert evicted["action"] == "Ignore"
    assert mistaken["action"] == "FailJob"
    assert mistaken["onExitCodes"]["values"] == [1, 2]
    assert 75 not in mistaken["onExitCodes"]["values"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_hosts_inside_and_registries_without_tls_are_the_fleets_to_name() -> None:
    document = tuning(
        input={"urls": ["http://data.internal/a.jsonl"]},
        output={"image": "127.0.0.1:5000/a:1", "imagePushSecret": "s"},
    )
    named = {"private_hosts": ["data.internal"], "insecure_registries": ["127.0.0.1:5000"]}
    plain, open_ = told(document), told(document, **named)
    assert "privateHosts" not in plain["data"]
    assert "insecure" not in plain["output"]
    assert open_["data"]["privateHosts"] == ["data.internal"]
    assert open_["output"]["insecure"] is True
