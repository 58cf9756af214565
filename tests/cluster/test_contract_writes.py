"""What Towline relies on when it writes to a Kubernetes API, held by both servers alike."""

from __future__ import annotations

from typing import Any

from tests.cluster.contract import CRDS, Space, config_map, definition, deployment, widget
from tests.cluster.planes import APPLY, JSON_PATCH, STRATEGIC

APPS = "/apis/apps/v1"
LEASES = "/apis/coordination.k8s.io/v1"


def test_what_is_there_is_not_created_again(space: Space) -> None:
    space.make("a")

    again = space.make("a")

    assert (again.code, again.reason) == (409, "AlreadyExists")
    assert again.body["details"] == {"name": "a", "kind": "configmaps"}


def test_a_conflict_names_the_manager_and_the_field(space: Space) -> None:
    place = space.at("deployments", "d", APPS)
    space.apply(place, deployment("d"))

    refused = space.apply(place, deployment("d", replicas=3), "m2")

    assert (refused.code, refused.reason) == (409, "Conflict")
    assert refused.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "m1"', "field": ".spec.replicas"}
    ]
    assert space.apply(place, deployment("d", replicas=3), "m2", "&force=true").code == 200


def test_who_edits_is_named_with_the_version_it_wrote_in(space: Space) -> None:
    place = space.at("deployments", "d", APPS)
    space.apply(place, deployment("d"))
    space.merge(f"{place}?fieldManager=kubectl-edit", {"spec": {"replicas": 2}})

    refused = space.apply(place, deployment("d"))

    [cause] = refused.body["details"]["causes"]
    assert cause["message"] == 'conflict with "kubectl-edit" using apps/v1'


def test_an_apply_that_changes_nothing_makes_no_revision(space: Space) -> None:
    place = space.at("deployments", "d", APPS)
    first = space.apply(place, deployment("d")).body["metadata"]

    again = space.apply(place, deployment("d"))

    assert again.code == 200
    kept = ("resourceVersion", "generation", "managedFields")
    assert [again.body["metadata"][each] for each in kept] == [first[each] for each in kept]


def test_a_note_of_one_manager_outlives_the_applies_of_another(space: Space) -> None:
    noted = config_map("a")
    noted["metadata"]["annotations"] = {"towline.dev/digest": "1"}
    space.apply(space.maps("a"), noted)

    space.apply(space.maps("a"), config_map("a"), "m2")
    after = space.apply(space.maps("a"), config_map("a"), "m1").body["metadata"]

    assert "annotations" not in after
    assert after["labels"] == {"t": "1"}


def test_what_is_stated_no_more_goes_unless_another_states_it(space: Space) -> None:
    space.apply(space.maps("a"), config_map("a", {"a": "1", "b": "1"}))
    space.apply(space.maps("a"), config_map("a", {"b": "1"}), "m2")

    left = space.apply(space.maps("a"), config_map("a", {"c": "1"})).body["data"]

    assert left == {"b": "1", "c": "1"}


def test_a_write_to_another_incarnation_is_a_conflict(space: Space) -> None:
    made = space.make("a").body["metadata"]
    other = config_map("a", uid="00000000-0000-0000-0000-000000000000")
    stale = config_map("a", {"a": "2"}, resourceVersion="1")

    applied = space.apply(space.maps("a"), other, more="&force=true")
    assert applied.causes == {("metadata.uid", "FieldValueInvalid")}
    assert space.plane.call("PUT", space.maps("a"), other).reason == "Conflict"
    assert space.plane.call("PUT", space.maps("a"), stale).reason == "Conflict"
    assert space.merge(space.maps("a"), {"metadata": {"resourceVersion": "1"}}).reason == "Conflict"
    assert space.get(space.maps("a")).body["metadata"]["resourceVersion"] == made["resourceVersion"]


def test_an_apply_that_names_an_incarnation_makes_no_other(space: Space) -> None:
    gone = config_map("a", uid="00000000-0000-0000-0000-000000000000")

    refused = space.apply(space.maps("a"), gone, more="&force=true")

    assert (refused.code, refused.reason) == (409, "Conflict")
    assert space.get(space.maps("a")).code == 404


def test_of_two_who_take_a_lease_one_is_late(space: Space) -> None:
    place = space.at("leases", "l", LEASES)
    lease: dict[str, Any] = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}}
    seen = space.plane.call("POST", space.at("leases", group=LEASES), lease).body

    first = space.plane.call("PUT", place, {**seen, "spec": {"holderIdentity": "b"}})
    second = space.plane.call("PUT", place, {**seen, "spec": {"holderIdentity": "c"}})
    blind = space.plane.call("PUT", place, {**lease, "spec": {"holderIdentity": "d"}})

    assert [first.code, second.code, blind.code] == [200, 409, 422]
    assert space.get(place).body["spec"]["holderIdentity"] == "b"


def test_the_status_is_written_apart(space: Space) -> None:
    place = space.at("deployments", "d", APPS)
    space.apply(place, deployment("d"))

    space.merge(place, {"spec": {"replicas": 2}, "status": {"replicas": 7}})
    told = space.merge(f"{place}/status", {"spec": {"replicas": 9}, "status": {"observedGeneration": 2}}).body

    assert told["spec"]["replicas"] == 2
    assert told["status"].get("replicas") != 7
    assert told["metadata"]["generation"] == 2


def test_a_trial_changes_nothing(space: Space) -> None:
    tried = space.apply(space.maps("a"), config_map("a"), more="&dryRun=All")
    assert tried.code == 201
    assert space.get(space.maps("a")).code == 404
    space.make("b")

    shown = space.apply(space.maps("b"), config_map("b", {"a": "2"}), more="&force=true&dryRun=All")
    space.plane.call("DELETE", f"{space.maps('b')}?dryRun=All")

    assert shown.body["data"] == {"a": "2"}
    assert space.get(space.maps("b")).body["data"] == {"a": "1"}
    assert space.apply(space.maps("a"), config_map("a"), more="&dryRun=Some").code == 422


def test_what_is_wrong_is_named_field_by_field(space: Space) -> None:
    wrong = deployment("d", selector=None, replicas=-1)
    refused = space.plane.call("POST", space.at("deployments", group=APPS), wrong)
    space.apply(space.at("deployments", "e", APPS), deployment("e"))
    other = {"matchLabels": {"app": "other"}}
    fixed = space.merge(space.at("deployments", "e", APPS), {"spec": {"selector": other}})

    assert (refused.code, refused.reason) == (422, "Invalid")
    assert {("spec.selector", "FieldValueRequired"), ("spec.replicas", "FieldValueInvalid")} <= refused.causes
    assert refused.body["details"]["kind"] == "Deployment"
    assert ("spec.selector", "FieldValueInvalid") in fixed.causes


def test_a_custom_resource_is_held_to_its_schema(space: Space) -> None:
    group = f"{space.name}.example.com"
    served = space.at("widgets", group=f"/apis/{group}/v1")
    space.plane.call("POST", CRDS, definition(group))
    space.becomes(lambda: space.get(served).code == 200)

    made = space.plane.call("POST", served, widget(group, "a", size=1, other=True))
    assert made.code == 201
    assert made.body["spec"] == {"size": 1}
    tall, none = (space.merge(f"{served}/a", {"spec": {"size": size}}) for size in (10, None))
    assert tall.causes == {("spec.size", "FieldValueInvalid")}
    assert none.causes == {("spec.size", "FieldValueRequired")}
    assert space.plane.call("PATCH", f"{served}/a", {}, STRATEGIC).code == 415
    assert space.plane.call("PUT", f"{served}/a", widget(group, "a", size=2)).code == 422
    space.delete(f"{CRDS}/widgets.{group}")


def test_a_body_that_cannot_be_read_is_refused(space: Space) -> None:
    space.make("a")

    assert space.plane.call("POST", space.maps(), b"{").code == 400
    assert space.plane.call("PATCH", space.maps("a"), {}, "text/plain").code == 415
    assert space.plane.call("PATCH", space.maps("a"), {}, "application/apply-patch+json").code == 415
    assert space.plane.call("PATCH", space.maps("a"), config_map("a"), APPLY).code == 422
    assert space.apply(space.maps("a"), config_map("b")).code == 400
    assert space.merge(space.maps("a"), {"data": {"a": 1}}).causes == {("patch", "FieldValueInvalid")}
    tested = [{"op": "test", "path": "/data/a", "value": "9"}]
    assert space.plane.call("PATCH", space.maps("a"), tested, JSON_PATCH).code == 422
    assert space.plane.call("POST", space.maps("a"), config_map("a")).code == 405
