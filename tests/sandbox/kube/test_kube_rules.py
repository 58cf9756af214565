from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.kube.store import Refusal, Store
from tests.sandbox.kube.served import (
    config_map,
    definition,
    job,
    pod,
    pod_spec,
    service,
    widget,
    workload,
)


def fields_at_fault(refusal: Refusal) -> dict[str, str]:
    assert refusal.details is not None
    return {cause["field"]: cause["reason"] for cause in refusal.details["causes"]}


SIZES = {
    "size": {"type": "integer", "minimum": 1},
    "mode": {"type": "string", "enum": ["fast", "slow"], "default": "slow"},
    "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


def test_a_custom_object_is_filled_in_and_pruned_by_its_schema(store: Store) -> None:
    store.create(definition(SIZES))
    made = store.create(widget(size=2, unknown=1, open={"any": 1}))
    assert made["spec"] == {"size": 2, "mode": "slow", "open": {"any": 1}}


@pytest.mark.parametrize(
    ("spec", "field", "reason"),
    [
        ({"size": "2"}, "spec.size", "FieldValueTypeInvalid"),
        ({"size": 0}, "spec.size", "FieldValueInvalid"),
        ({"mode": "odd"}, "spec.mode", "FieldValueNotSupported"),
    ],
)
def test_a_custom_object_is_checked_by_its_schema(
    store: Store, spec: dict[str, Any], field: str, reason: str
) -> None:
    store.create(definition(SIZES))
    with pytest.raises(Refusal) as caught:
        store.create(widget(**spec))
    assert caught.value.code == 422
    assert fields_at_fault(caught.value) == {field: reason}


def _stateful(**spec: Any) -> dict[str, Any]:
    return workload("StatefulSet", **spec)


FIXED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (_stateful(), {"spec": {"serviceName": "x"}}, "spec"),
    (_stateful(), {"spec": {"podManagementPolicy": "Parallel"}}, "spec"),
    (workload(), {"spec": {"selector": {"matchLabels": {"app": "x"}}}}, "spec.selector"),
    (job(), {"spec": {"completions": 3}}, "spec.completions"),
    (job(), {"spec": {"template": {"spec": {"hostNetwork": True}}}}, "spec.template"),
    (service(), {"spec": {"clusterIP": "10.0.9.9"}}, "spec.clusterIPs[0]"),
    (pod(), {"spec": {"hostNetwork": True}}, "spec"),
]


@pytest.mark.parametrize(("obj", "patch", "field"), FIXED)
def test_what_is_immutable_stays(
    store: Store, obj: dict[str, Any], patch: dict[str, Any], field: str
) -> None:
    store.create(obj)
    with pytest.raises(Refusal) as caught:
        store.patch(obj["kind"], "default", obj["metadata"]["name"], patch)
    assert caught.value.code == 422
    assert field in fields_at_fault(caught.value)


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"replicas": 0}},
        {"spec": {"template": {"spec": {"hostNetwork": True}}}},
        {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}},
        {"spec": {"minReadySeconds": 5}},
        {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}},
    ],
)
def test_a_stateful_set_may_change_the_rest(store: Store, patch: dict[str, Any]) -> None:
    store.create(_stateful())
    assert store.patch("StatefulSet", "default", "w", patch)["metadata"]["generation"] == 2


def test_a_stateful_set_mounts_what_its_claim_templates_bring(store: Store) -> None:
    requests = {"requests": {"storage": "1Gi"}}
    claim = {"metadata": {"name": "v"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": requests}}
    wanted = _stateful(volumeClaimTemplates=[claim])
    wanted["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    made = store.create(wanted)
    assert made["spec"]["volumeClaimTemplates"][0]["spec"]["volumeMode"] == "Filesystem"


def _with_container(**container: Any) -> dict[str, Any]:
    changed = workload()
    changed["spec"]["template"]["spec"]["containers"][0] |= container
    return changed


_MAIN = "spec.template.spec.containers[0]"
WRONG: list[tuple[dict[str, Any], str]] = [
    (config_map("Z_z"), "metadata.name"),
    (config_map("c") | {"metadata": {"name": "c", "labels": {"a b": "c"}}}, "metadata.labels"),
    (config_map("c") | {"data": {"a/b": "c"}}, "data[a/b]"),
    (service("1s"), "metadata.name"),
    (service(ports=[]), "spec.ports"),
    (service(ports=[{"port": 1}, {"port": 2, "name": "b"}]), "spec.ports[0].name"),
    (service(ports=[{"port": 1, "name": "b"}, {"port": 2, "name": "b"}]), "spec.ports[1].name"),
    (_with_container(image=""), f"{_MAIN}.image"),
    (_with_container(name="Main"), f"{_MAIN}.name"),
    (_with_container(ports=[{"containerPort": 99999}]), f"{_MAIN}.ports[0].containerPort"),
    (_with_container(volumeMounts=[{"name": "v", "mountPath": "/v"}]), f"{_MAIN}.volumeMounts[0].name"),
    (
        _with_container(resources={"limits": {"nvidia.com/gpu": "0.5"}}),
        f"{_MAIN}.resources.limits[nvidia.com/gpu]",
    ),
    (_with_container(resources={"requests": {"nvidia.com/gpu": "1"}}), f"{_MAIN}.resources.limits"),
    (
        _with_container(resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}),
        f"{_MAIN}.resources.requests",
    ),
    (workload(template={"spec": pod_spec()}), "spec.template.metadata.labels"),
    (workload(template={"metadata": {"labels": {"app": "w"}}, "spec": {}}), "spec.template.spec.containers"),
    (workload(replicas=-1), "spec.replicas"),
    (job(template={"spec": pod_spec()}), "spec.template.spec.restartPolicy"),
]


@pytest.mark.parametrize(("obj", "field"), WRONG, ids=[field for _, field in WRONG])
def test_a_mistake_is_named_by_its_field(store: Store, obj: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        store.create(obj)
    assert caught.value.code == 422
    assert field in fields_at_fault(caught.value)


@pytest.mark.parametrize(
    "obj",
    [
        config_map("c") | {"data": {"a": 1}},
        _with_container(env=[{"name": "A", "value": 1}]),
        _with_container(resources={"limits": {"cpu": "lots"}}),
        workload(replicas="2"),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "%"}},
    ],
)
def test_a_value_of_the_wrong_type_cannot_be_decoded(store: Store, obj: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="cannot be handled as a") as caught:
        store.create(obj)
    assert caught.value.code == 400
