"""A revision to everything asked for: memoised, held where it must be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.config import Config, Supporting
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.state import DesiredState
from reconciler.planner.desire.desire import desire, desire_cluster
from tests.planner.asking import (
    A100,
    catalog,
    config,
    desired,
    documents,
    manifest,
    serving,
    templates,
    tuning,
)


def named(name: str, document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "name": name}}


def asked(config: Config, memo: dict[Any, Any] | None = None, *standing: str) -> DesiredState:
    already = {WorkspaceName("default", name) for name in standing}
    return desire(config, catalog(), templates(), {} if memo is None else memo, already)


def finding(severity: Severity) -> Finding:
    return Finding("f.yaml", 1, 1, "x", "wrong", "mend it", severity)


def test_a_workspace_asks_for_its_resource_services_workload_and_pool() -> None:
    workspace = desired(serving())
    assert list(documents(workspace)) == [
        "Workspace/model",
        "Service/model-headless",
        "Service/model",
        "StatefulSet/model",
    ]
    assert workspace.pool is not None
    assert (workspace.pool.instance_type, workspace.pool.count) == (A100, 1)


def test_every_object_says_whose_it_is() -> None:
    for provisioner in ("agentPool", "karpenter", "gpu-provisioner"):
        for each in desired(serving(), node_provisioner=provisioner).objects:
            labels = each.document["metadata"]["labels"]
            assert labels["towline.dev/fleet"] == "towline"
            assert labels["kaito.sh/workspace"] == "model"


def test_pods_say_whose_they_are_even_where_a_person_says_otherwise() -> None:
    template = {
        "metadata": {"labels": {"kaito.sh/workspace": "other", "towline.dev/fleet": "other"}},
        "spec": {"containers": [{"name": "a", "image": "b"}]},
    }
    workload = documents(desired(manifest(inference={"template": template})))["StatefulSet/model"]
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert labels["towline.dev/fleet"] == "towline"


def test_an_old_manifest_is_stored_in_the_new_version_with_its_default_written_out() -> None:
    document = manifest(None, version="v1alpha1", inference=serving()["inference"])
    stored = documents(desired(document))["Workspace/model"]
    assert stored["apiVersion"] == "kaito.sh/v1beta1"
    assert stored["resource"]["instanceType"] == A100
    assert stored["inference"] == document["inference"]


def test_other_configuration_content_is_another_pod() -> None:
    document = serving(config="settings")

    def template(text: str) -> Any:
        return documents(desired(document, {"inference_config.yaml": text}))["StatefulSet/model"]["spec"][
            "template"
        ]

    assert template("vllm: {max-model-len: 4096}") != template("vllm: {max-model-len: 4097}")
    assert template("vllm: {}") == template("vllm: {}")


def test_an_unchanged_workspace_is_the_very_same_value_again() -> None:
    memo: dict[Any, Any] = {}
    revision = config(named("a", serving()), named("b", serving()))
    before = asked(revision, memo)
    changed = replace(
        revision,
        commit="other",
        workspaces={
            name: replace(each, digest="new") if name.name == "b" else each
            for name, each in revision.workspaces.items()
        },
    )
    after = asked(changed, memo)
    a, b = WorkspaceName("default", "a"), WorkspaceName("default", "b")
    assert after.workspaces[a] is before.workspaces[a]
    assert after.workspaces[b] is not before.workspaces[b]


def test_a_fleet_change_that_matters_is_noticed_and_one_that_does_not_costs_nothing() -> None:
    memo: dict[Any, Any] = {}
    name = WorkspaceName("default", "model")
    first = asked(config(serving()), memo).workspaces[name]
    assert asked(config(serving(), approved=["abc"]), memo).workspaces[name] is first
    moved = asked(config(serving(), image_registry="mirror.example.com"), memo).workspaces[name]
    assert moved.objects != first.objects


def test_facts_learned_meanwhile_free_a_workspace_that_was_held() -> None:
    memo: dict[Any, Any] = {}
    revision, name = config(serving("acme/phi")), WorkspaceName("default", "model")
    assert name in asked(revision, memo).held
    known = catalog().by_name["phi-4"]
    wiser = replace(catalog(), by_name={**catalog().by_name, "acme/phi": known})
    assert name in desire(revision, wiser, templates(), memo).workspaces


def test_the_memory_of_workspaces_long_gone_is_given_up() -> None:
    memo: dict[Any, Any] = {}
    asked(config(*(named(f"w{index}", serving()) for index in range(150))), memo)
    asked(config(serving()), memo)
    assert len(memo) == 1


def test_what_the_fleet_accepts_is_asked_for_anew_and_how_patient_it_is_changes_nothing() -> None:
    memo: dict[Any, Any] = {}
    name = WorkspaceName("default", "model")
    before = asked(config(serving()), memo).workspaces[name]
    patient = config(serving(), provisioning={"limits": {"createMinutes": 90}, "maxTries": 3})
    assert asked(patient, memo).workspaces[name] is before
    zones = config(serving(), provisioning={"zones": ["1", "2"]})
    assert [each.option.zone for each in asked(zones, memo).workspaces[name].alternatives] == ["2"]


def test_a_declaration_with_errors_is_held_and_one_with_warnings_is_not() -> None:
    revision = config(named("wrong", serving()), named("odd", serving()))
    wrong, odd = revision.workspaces.values()
    judged = {
        wrong.name: replace(wrong, findings=(finding(Severity.ERROR),)),
        odd.name: replace(odd, findings=(finding(Severity.WARNING),)),
    }
    state = asked(replace(revision, workspaces=judged))
    assert set(state.held) == {wrong.name}
    assert state.workspaces[odd.name].findings == (finding(Severity.WARNING),)


def test_a_workspace_that_cannot_be_resolved_is_held_with_the_reason() -> None:
    state = asked(config(serving("phi-2")))
    ((held,),) = state.held.values()
    assert "no longer a preset" in held.message


def test_trainings_of_a_namespace_share_the_shipped_configuration() -> None:
    revision = config(named("a", tuning()), named("b", tuning()), named("c", tuning(method="lora")))
    shipped = {each.ref.name: each.document for each in asked(revision).objects}
    assert sorted(shipped) == ["lora-params-template", "qlora-params-template"]
    text = shipped["qlora-params-template"]["data"]["training_config.yaml"]
    assert "load_in_4bit: true" in text
    assert "load_in_4bit" not in shipped["lora-params-template"]["data"]["training_config.yaml"]


def test_a_held_training_keeps_the_configuration_it_has_mounted() -> None:
    revision = config(tuning())
    ((name, declared),) = revision.workspaces.items()
    broken = replace(declared, findings=(finding(Severity.ERROR),))
    revision = replace(revision, workspaces={name: broken})
    assert asked(revision).objects == ()
    assert [each.ref.name for each in asked(revision, None, name.name).objects] == ["qlora-params-template"]


def test_a_persons_own_configuration_of_that_name_is_left_alone() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "qlora-params-template", "labels": {"mine": "yes"}},
        "data": {"training_config.yaml": "mine"},
    }
    ref = Ref("v1", "ConfigMap", "default", "qlora-params-template")
    revision = replace(config(tuning()), supporting=(Supporting(ref, body, "c.yaml", 1),))
    (only,) = asked(revision).objects
    assert only.ref == ref
    assert only.document["data"] == body["data"]
    assert only.document["metadata"]["namespace"] == "default"
    assert only.document["metadata"]["labels"] == {
        "mine": "yes",
        "app.kubernetes.io/managed-by": "towline",
        "towline.dev/fleet": "towline",
    }


def test_supporting_objects_are_remembered_too() -> None:
    memo: dict[Any, Any] = {}
    ref = Ref("v1", "ConfigMap", "default", "c")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}
    revision = replace(config(), supporting=(Supporting(ref, body, "c.yaml", 1),))
    (first,) = asked(revision, memo).objects
    (again,) = asked(revision, memo).objects
    assert again is first
    changed = replace(revision, supporting=(Supporting(ref, {**body, "data": {"a": "2"}}, "c.yaml", 1),))
    assert asked(changed, memo).objects[0].document["data"] == {"a": "2"}


def test_the_cluster_gets_the_kind_and_the_fleets_own_namespaces() -> None:
    objects = desire_cluster(config(namespaces=["default", "kube-system", "research"]), templates())
    assert [str(each.ref) for each in objects] == [
        "CustomResourceDefinition/workspaces.kaito.sh",
        "Namespace/research",
        "Namespace/towline-system",
    ]


def test_the_kinds_columns_are_those_kubectl_shows_for_kaito() -> None:
    crd, _ = desire_cluster(config(), templates())
    alpha, beta = crd.document["spec"]["versions"]
    for version in (alpha, beta):
        columns = [each["name"] for each in version["additionalPrinterColumns"] if not each.get("priority")]
        assert columns == [
            "Instance",
            "ResourceReady",
            "InferenceReady",
            "JobStarted",
            "WorkspaceReady",
            "Age",
        ]
    assert (alpha["storage"], beta["storage"]) == (False, True)


@pytest.mark.parametrize("provisioner", ["karpenter", "gpu-provisioner", "byo"])
def test_only_agent_pools_are_asked_of_the_cloud(provisioner: str) -> None:
    size = None if provisioner == "byo" else A100
    workspace = desired(manifest(size, inference=serving()["inference"]), node_provisioner=provisioner)
    assert workspace.pool is None
