"""What the real server was seen to do, held by the sandbox where no real server is at hand."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.kube.protobuf import Unreadable, read_protobuf
from reconciler.sandbox.kube.strategic import strategic_merge_patch
from tests.sandbox.kube.served import APPLY, MERGE, Served, config_map, definition, job, service, workload

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def owned(body: dict[str, Any], manager: str) -> Any:
    entries = body["metadata"]["managedFields"]
    return next(each["fieldsV1"] for each in entries if each["manager"] == manager)


def test_who_brings_a_container_owns_it_beside_its_parts(api: Served) -> None:
    api.call("PATCH", f"{MAPS}/c?fieldManager=m1", config_map(a="1"), APPLY)

    labelled = {"metadata": {"labels": {"x": "1"}}, "data": {"b": "1"}}
    body = api.call("PATCH", f"{MAPS}/c?fieldManager=u1", labelled, MERGE).body

    expected = {"f:data": {"f:b": {}}, "f:metadata": {"f:labels": {".": {}, "f:x": {}}}}
    assert owned(body, "u1") == expected
    assert owned(body, "m1") == {"f:data": {"f:a": {}}}


def test_who_owns_an_emptied_container_owns_what_comes_into_it(api: Served) -> None:
    labelled = {**config_map(a="1"), "metadata": {"name": "c", "labels": {"x": "2"}}}
    api.call("PATCH", f"{MAPS}/c?fieldManager=m1", config_map(a="1"), APPLY)
    api.call("PATCH", f"{MAPS}/c?fieldManager=u1", {"metadata": {"labels": {"x": "1"}}}, MERGE)

    taken = api.call("PATCH", f"{MAPS}/c?fieldManager=m1&force=true", labelled, APPLY).body
    assert owned(taken, "u1") == {"f:metadata": {"f:labels": {}}}

    again = api.call(
        "PATCH", f"{MAPS}/c?fieldManager=m2", {"metadata": {"name": "c"}, "data": {"z": "1"}}, APPLY
    )
    assert owned(again.body, "u1") == {"f:metadata": {"f:labels": {".": {}, "f:x": {}}}}


def test_an_empty_map_that_is_applied_empties_nothing(api: Served) -> None:
    api.call("PATCH", f"{MAPS}/c?fieldManager=m1", config_map(a="1"), APPLY)

    body = api.call("PATCH", f"{MAPS}/c?fieldManager=m2", config_map(), APPLY).body

    assert body["data"] == {"a": "1"}


def test_a_list_element_goes_with_the_last_who_owns_itself(api: Served) -> None:
    two = workload(name="w")
    two["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "i:1"})
    api.call("PATCH", f"{DEPLOYMENTS}/w?fieldManager=m1", two, APPLY)
    changed = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "i:2"}]}}}}
    api.call("PATCH", f"{DEPLOYMENTS}/w?fieldManager=u1", changed, "application/strategic-merge-patch+json")

    body = api.call("PATCH", f"{DEPLOYMENTS}/w?fieldManager=m1", workload(name="w"), APPLY).body

    assert [each["name"] for each in body["spec"]["template"]["spec"]["containers"]] == ["main"]
    assert [each["manager"] for each in body["metadata"]["managedFields"]] == ["m1"]


def test_nobody_is_noted_on_an_object_that_nobody_owns(api: Served) -> None:
    api.call("PATCH", f"{MAPS}/c?fieldManager=m1", {"metadata": {"name": "c"}}, APPLY)

    body = api.call("PATCH", f"{MAPS}/c?fieldManager=u1", {"data": {"a": "1"}}, MERGE).body

    assert "managedFields" not in body["metadata"]


def test_what_nobody_owns_is_in_the_way_of_the_first_apply(api: Served) -> None:
    api.call("PATCH", f"{MAPS}/c?fieldManager=m1", {"metadata": {"name": "c"}}, APPLY)
    api.call("PATCH", f"{MAPS}/c?fieldManager=u1", {"data": {"a": "1"}}, MERGE)

    refused = api.call("PATCH", f"{MAPS}/c?fieldManager=m1", config_map(a="2"), APPLY)

    [cause] = refused.body["details"]["causes"]
    assert cause["message"] == 'conflict with "before-first-apply" using v1'


def test_a_strategic_patch_puts_what_it_names_in_its_own_order() -> None:
    target = {"containers": [{"name": "a", "v": 1}, {"name": "b", "v": 1}], "finalizers": ["x", "y"]}

    patched = strategic_merge_patch(target, {"containers": [{"name": "c"}, {"name": "b", "v": 2}]})
    assert [each["name"] for each in patched["containers"]] == ["c", "a", "b"]
    assert strategic_merge_patch(target, {"finalizers": ["z", "x"]})["finalizers"] == ["z", "x", "y"]


def test_a_service_gives_its_ports_up_with_its_type(api: Served) -> None:
    path = "/api/v1/namespaces/default/services"
    api.call("POST", path, service(type="NodePort"))

    spec = api.call("PATCH", f"{path}/s", {"spec": {"type": "ClusterIP"}}, MERGE).body["spec"]

    assert "nodePort" not in spec["ports"][0]
    assert "externalTrafficPolicy" not in spec


def test_a_job_wears_the_labels_of_its_pods_and_nobody_stated_them(api: Served) -> None:
    body = api.call("POST", "/apis/batch/v1/namespaces/default/jobs?fieldManager=u1", job()).body

    assert body["metadata"]["labels"]["job-name"] == "j"
    assert "f:labels" not in str(owned(body, "u1"))
    assert "f:selector" not in str(owned(body, "u1"))


def test_a_count_of_nothing_is_left_out_of_a_status(api: Served) -> None:
    api.call("POST", DEPLOYMENTS, workload())

    told = {"status": {"replicas": 1, "readyReplicas": 0}}
    assert api.call("PATCH", f"{DEPLOYMENTS}/w/status", told, MERGE).body["status"] == {"replicas": 1}


def test_an_apply_to_an_incarnation_that_is_not_there_is_a_conflict(api: Served) -> None:
    wanted = {**config_map(a="1"), "metadata": {"name": "c", "uid": "other"}}
    gone = api.call("PATCH", f"{MAPS}/c?fieldManager=m1&force=true", wanted, APPLY)
    api.call("POST", MAPS, config_map())
    another = api.call("PATCH", f"{MAPS}/c?fieldManager=m1&force=true", wanted, APPLY)

    assert (gone.code, another.code) == (409, 422)


def test_the_version_that_is_preferred_is_the_most_stable_and_newest(api: Served) -> None:
    made = definition()
    [served] = made["spec"]["versions"]
    names = ("v1alpha1", "v1beta1", "v1", "v2")
    made["spec"]["versions"] = [{**served, "name": name, "storage": name == "v1"} for name in names]
    api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", made)

    group = api.call("GET", "/apis/example.com").body

    assert [each["version"] for each in group["versions"]] == ["v2", "v1", "v1beta1", "v1alpha1"]
    assert group["preferredVersion"]["version"] == "v2"


@pytest.mark.parametrize("body", [b"", b"k8s\x00", b"k8s\x00\xff", b'{"kind": "ConfigMap"}'])
def test_what_is_no_protobuf_is_said_to_be_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_protobuf(body)
