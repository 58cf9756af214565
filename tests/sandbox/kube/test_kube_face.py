from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.kube.served import (
    APPLY,
    MERGE,
    Served,
    config_map,
    definition,
    job,
    pod,
    pod_spec,
    widget,
    workload,
)

SPACE = "/api/v1/namespaces/default"
CONFIG_MAPS = f"{SPACE}/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
STRATEGIC = "application/strategic-merge-patch+json"


def test_an_object_can_be_made_read_changed_and_deleted(api: Served) -> None:
    assert api.call("POST", CONFIG_MAPS, config_map(a="1")).code == 201
    found = api.call("GET", f"{CONFIG_MAPS}/c").body
    assert (found["apiVersion"], found["kind"], found["data"]) == ("v1", "ConfigMap", {"a": "1"})
    found["data"]["b"] = "2"
    assert api.call("PUT", f"{CONFIG_MAPS}/c", found).body["data"] == {"a": "1", "b": "2"}
    done = api.call("DELETE", f"{CONFIG_MAPS}/c").body
    assert (done["kind"], done["status"], done["details"]["name"]) == ("Status", "Success", "c")
    assert api.call("GET", f"{CONFIG_MAPS}/c").code == 404


def test_a_missing_object_is_named_in_the_servers_words(api: Served) -> None:
    answer = api.call("GET", f"{DEPLOYMENTS}/nope")
    assert answer.code == 404
    assert answer.body["message"] == 'deployments.apps "nope" not found'
    assert answer.body["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}


def test_an_unknown_kind_is_answered_as_the_real_server_answers(api: Served) -> None:
    known_group = api.call("GET", "/apis/apps/v1/nopes")
    assert (known_group.code, known_group.body["reason"]) == (404, "NotFound")
    assert known_group.body["message"] == "the server could not find the requested resource"
    unknown_group = api.call("GET", "/apis/nope.io/v1/nopes")
    assert (unknown_group.code, unknown_group.body) == (404, "404 page not found\n")


def test_a_stale_replacement_is_a_conflict(api: Served) -> None:
    stale = api.call("POST", CONFIG_MAPS, config_map(a="1")).body
    api.call("PATCH", f"{CONFIG_MAPS}/c", {"data": {"a": "2"}}, MERGE)
    answer = api.call("PUT", f"{CONFIG_MAPS}/c", stale)
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert "the object has been modified" in answer.body["message"]


def test_a_custom_object_is_replaced_only_by_who_knows_its_version(api: Served) -> None:
    api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    api.call("POST", WIDGETS, widget(size=1))
    assert api.call("PUT", f"{WIDGETS}/a", widget(size=2)).code == 422


@pytest.mark.parametrize(
    ("content", "patch"),
    [
        (MERGE, {"data": {"a": None, "b": "2"}}),
        (STRATEGIC, {"data": {"a": None, "b": "2"}}),
        (
            "application/json-patch+json",
            [{"op": "remove", "path": "/data/a"}, {"op": "add", "path": "/data/b", "value": "2"}],
        ),
    ],
)
def test_each_kind_of_patch_is_understood(api: Served, content: str, patch: Any) -> None:
    api.call("POST", CONFIG_MAPS, config_map(a="1"))
    assert api.call("PATCH", f"{CONFIG_MAPS}/c", patch, content).body["data"] == {"b": "2"}


def test_a_failed_json_patch_is_unprocessable(api: Served) -> None:
    api.call("POST", CONFIG_MAPS, config_map(a="1"))
    patch = [{"op": "test", "path": "/data/a", "value": "2"}]
    assert api.call("PATCH", f"{CONFIG_MAPS}/c", patch, "application/json-patch+json").code == 422


def test_a_custom_kind_takes_no_strategic_patch(api: Served) -> None:
    api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    api.call("POST", WIDGETS, widget(size=1))
    answer = api.call("PATCH", f"{WIDGETS}/a", {"spec": {"size": 2}}, STRATEGIC)
    assert answer.code == 415
    assert MERGE in answer.body["message"]


def test_server_side_apply_creates_then_keeps_then_conflicts(api: Served) -> None:
    mine = f"{CONFIG_MAPS}/c?fieldManager=mine"
    made = api.call("PATCH", mine, config_map(a="1"), APPLY)
    kept = api.call("PATCH", mine, config_map(a="1"), APPLY)
    assert (made.code, kept.code) == (201, 200)
    assert kept.body["metadata"]["resourceVersion"] == made.body["metadata"]["resourceVersion"]
    theirs = f"{CONFIG_MAPS}/c?fieldManager=theirs"
    refused = api.call("PATCH", theirs, config_map(a="2"), APPLY)
    assert refused.code == 409
    assert refused.body["message"] == 'Apply failed with 1 conflict: conflict with "mine": .data.a'
    assert refused.body["details"]["causes"][0]["field"] == ".data.a"
    forced = api.call("PATCH", f"{theirs}&force=true", config_map(a="2"), APPLY)
    assert [each["manager"] for each in forced.body["metadata"]["managedFields"]] == ["theirs"]


def test_apply_reads_yaml_and_asks_for_a_manager(api: Served) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n"
    assert api.call("PATCH", f"{CONFIG_MAPS}/c", text, APPLY).code == 422
    assert api.call("PATCH", f"{CONFIG_MAPS}/c?fieldManager=m", text, APPLY).body["data"] == {"a": "1"}


def test_apply_to_the_status_touches_nothing_else(api: Served) -> None:
    api.call("POST", DEPLOYMENTS, workload())
    both = workload(replicas=7) | {"status": {"replicas": 2}}
    new = api.call("PATCH", f"{DEPLOYMENTS}/w/status?fieldManager=m", both, APPLY).body
    assert (new["spec"]["replicas"], new["status"]["replicas"]) == (1, 2)
    entry = next(each for each in new["metadata"]["managedFields"] if each["manager"] == "m")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})
    main = api.call("PATCH", f"{DEPLOYMENTS}/w?fieldManager=n&force=true", both, APPLY).body
    assert (main["spec"]["replicas"], main["status"]["replicas"]) == (7, 2)


def test_a_trial_apply_shows_and_changes_nothing(api: Served) -> None:
    shown = api.call("PATCH", f"{CONFIG_MAPS}/c?fieldManager=m&dryRun=All", config_map(a="1"), APPLY)
    assert shown.body["data"] == {"a": "1"}
    assert api.call("GET", f"{CONFIG_MAPS}/c").code == 404


def test_the_manager_of_a_plain_write_is_recorded(api: Served) -> None:
    api.call("POST", f"{CONFIG_MAPS}?fieldManager=kubectl-client-side-apply", config_map(a="1"))
    agent = {"User-Agent": "kubectl/v1.32"}
    new = api.call("PATCH", f"{CONFIG_MAPS}/c", {"data": {"b": "2"}}, MERGE, **agent).body
    written = {each["manager"]: each for each in new["metadata"]["managedFields"]}
    assert written["kubectl"]["fieldsV1"] == {"f:data": {"f:b": {}}}
    assert written["kubectl-client-side-apply"]["operation"] == "Update"


def test_unknown_fields_of_a_custom_object_are_refused_when_strict(api: Served) -> None:
    api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    refused = api.call("POST", f"{WIDGETS}?fieldValidation=Strict", widget(sise=1))
    assert refused.code == 400
    assert 'unknown field "spec.sise"' in refused.body["message"]


def test_replicas_are_scaled_through_the_scale(api: Served) -> None:
    api.call("POST", DEPLOYMENTS, workload(replicas=2))
    scale = api.call("GET", f"{DEPLOYMENTS}/w/scale").body
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == ("Scale", {"replicas": 2}, "app=w")
    scale["spec"]["replicas"] = 3
    assert api.call("PUT", f"{DEPLOYMENTS}/w/scale", scale).body["spec"] == {"replicas": 3}
    api.call("PATCH", f"{DEPLOYMENTS}/w/scale", {"spec": {"replicas": 4}}, MERGE)
    assert api.call("GET", f"{DEPLOYMENTS}/w").body["spec"]["replicas"] == 4
    assert api.call("PUT", f"{DEPLOYMENTS}/w/scale", scale).code == 409


@pytest.mark.parametrize("precondition", [{"uid": "another"}, {"resourceVersion": "1"}])
def test_a_deletion_holds_to_its_preconditions(api: Served, precondition: dict[str, str]) -> None:
    api.call("POST", CONFIG_MAPS, config_map())
    refused = api.call("DELETE", f"{CONFIG_MAPS}/c", {"preconditions": precondition})
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert api.call("GET", f"{CONFIG_MAPS}/c").code == 200


def test_a_jobs_pods_outlive_it_unless_told_otherwise(api: Served) -> None:
    for policy, left in (("", 200), ("?propagationPolicy=Background", 404)):
        owner = api.call("POST", JOBS, job()).body
        reference = {"apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": owner["metadata"]["uid"]}
        api.call("POST", f"{SPACE}/pods", pod(ownerReferences=[reference]))
        answer = api.call("DELETE", f"{JOBS}/j{policy}")
        assert ("Warning" in answer.headers) == (policy == "")
        assert api.call("GET", f"{SPACE}/pods/p").code == left
        api.call("DELETE", f"{SPACE}/pods/p")


def test_a_collection_is_deleted_by_selector(api: Served) -> None:
    for name, label in (("a", "x"), ("b", "y")):
        api.call("POST", CONFIG_MAPS, config_map() | {"metadata": {"name": name, "labels": {"l": label}}})
    api.call("DELETE", f"{CONFIG_MAPS}?labelSelector=l%3Dx")
    left = api.call("GET", CONFIG_MAPS).body["items"]
    assert [each["metadata"]["name"] for each in left] == ["b"]


def test_a_definitions_versions_show_the_same_object(api: Served) -> None:
    crd = definition()
    version = crd["spec"]["versions"][0]
    crd["spec"]["versions"].append({**version, "name": "v2", "storage": False})
    api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    api.call("POST", WIDGETS, widget(size=1))
    newer = api.call("GET", f"{WIDGETS.replace('v1', 'v2')}/a").body
    assert (newer["apiVersion"], newer["spec"]) == ("example.com/v2", {"size": 1})
    changed = {**widget(size=5), "apiVersion": "example.com/v2"}
    path = f"{WIDGETS.replace('v1', 'v2')}/a?fieldManager=m&force=true"
    assert api.call("PATCH", path, changed, APPLY).body["apiVersion"] == "example.com/v2"
    assert api.call("GET", f"{WIDGETS}/a").body["spec"] == {"size": 5}


def test_a_body_is_refused_with_a_reason(api: Served) -> None:
    protobuf = api.call("POST", CONFIG_MAPS, b"k8s\0", "application/vnd.kubernetes.protobuf")
    assert protobuf.code == 415
    assert "send JSON" in protobuf.body["message"]
    assert api.call("POST", CONFIG_MAPS, b"{").code == 400
    assert api.call("POST", CONFIG_MAPS, workload()).code == 400
    elsewhere = config_map() | {"metadata": {"name": "c", "namespace": "other"}}
    assert api.call("POST", CONFIG_MAPS, elsewhere).code == 400
    assert api.call("POST", CONFIG_MAPS, {"metadata": {}}).code == 422


def test_mistakes_come_with_their_causes(api: Served) -> None:
    template = {"metadata": {"labels": {"app": "w"}}, "spec": pod_spec(containers=[{"name": "main"}])}
    answer = api.call("POST", DEPLOYMENTS, workload(template=template))
    assert answer.code == 422
    assert answer.body["details"]["causes"] == [
        {
            "reason": "FieldValueRequired",
            "message": "Required value",
            "field": "spec.template.spec.containers[0].image",
        }
    ]
