"""How things end on a Kubernetes API: deletion, its conditions and its waits, alike on both servers."""

from __future__ import annotations

from typing import Any

from tests.cluster.contract import CRDS, Space, config_map, definition, widget


def test_a_deletion_holds_to_the_incarnation_it_names(space: Space) -> None:
    made = space.make("a").body["metadata"]

    other = space.delete(space.maps("a"), preconditions={"uid": "00000000-0000-0000-0000-000000000000"})
    stale = space.delete(space.maps("a"), preconditions={"resourceVersion": "1"})
    assert (other.code, other.reason, stale.code) == (409, "Conflict", 409)
    assert space.delete(space.maps("a"), preconditions={"uid": made["uid"]}).code == 200
    assert space.get(space.maps("a")).code == 404
    assert space.delete(space.maps("a")).code == 404


def test_a_finalizer_holds_what_is_deleted_until_it_is_taken_off(space: Space) -> None:
    uid = space.make("a", finalizers=["x.example.com/y"]).body["metadata"]["uid"]

    first = space.delete(space.maps("a"))
    space.delete(space.maps("a"))
    held = space.get(space.maps("a")).body["metadata"]
    assert first.code == 200
    assert held["uid"] == uid
    assert held["deletionTimestamp"]
    assert space.make("a").code == 409
    more = space.merge(space.maps("a"), {"metadata": {"finalizers": ["x.example.com/y", "z.example.com/z"]}})
    assert more.code == 422

    space.merge(space.maps("a"), {"metadata": {"finalizers": None}})
    assert space.get(space.maps("a")).code == 404


def test_what_is_owned_goes_with_its_owner(space: Space) -> None:
    owner = space.make("owner").body
    space.make("owned", ownerReferences=[reference(owner)])

    space.delete(space.maps("owner"), propagationPolicy="Background")

    space.becomes(lambda: space.get(space.maps("owned")).code == 404)


def test_what_is_orphaned_stays(space: Space) -> None:
    owner = space.make("owner").body
    space.make("owned", ownerReferences=[reference(owner)])
    space.becomes(lambda: space.get(space.maps("owned")).code == 200)

    space.delete(space.maps("owner"), propagationPolicy="Orphan")

    space.becomes(lambda: space.get(space.maps("owner")).code == 404)
    assert "ownerReferences" not in space.get(space.maps("owned")).body["metadata"]


def reference(owner: dict[str, Any]) -> dict[str, Any]:
    about = owner["metadata"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": about["name"], "uid": about["uid"]}


def test_many_are_deleted_by_a_selector(space: Space) -> None:
    for name in ("a", "b"):
        space.make(name)
    space.make("c", labels={"t": "2"})

    assert space.plane.call("DELETE", f"{space.maps()}?labelSelector=t%3D1").code == 200

    space.becomes(lambda: space.get(space.maps("a")).code == space.get(space.maps("b")).code == 404)
    assert space.get(space.maps("c")).code == 200


def test_a_namespace_takes_what_is_in_it_along_and_lets_nothing_in(space: Space) -> None:
    here = f"/api/v1/namespaces/{space.name}"
    space.make("a", finalizers=["x.example.com/y"])

    space.delete(here)
    space.becomes(lambda: space.get(here).body["status"]["phase"] == "Terminating")
    refused = space.make("late")
    assert (refused.code, refused.reason) == (403, "Forbidden")
    assert ("metadata.namespace", "NamespaceTerminating") in refused.causes

    space.becomes(lambda: "deletionTimestamp" in space.get(space.maps("a")).body["metadata"])
    space.merge(space.maps("a"), {"metadata": {"finalizers": None}})
    space.becomes(lambda: space.get(here).code == 404)


def test_a_kind_comes_and_goes_with_its_definition(space: Space) -> None:
    group = f"{space.name}.example.com"
    served = space.at("widgets", group=f"/apis/{group}/v1")
    place = f"{CRDS}/widgets.{group}"
    space.plane.call("POST", CRDS, definition(group))
    space.becomes(lambda: _conditions(space.get(place).body).get("Established") == "True")
    space.becomes(lambda: space.get(served).code == 200)
    assert _conditions(space.get(place).body)["NamesAccepted"] == "True"
    space.apply(f"{served}/a", widget(group, "a", size=1))
    discovered = space.get(f"/apis/{group}/v1").body["resources"]
    assert {each["name"] for each in discovered} == {"widgets", "widgets/status"}

    space.delete(place)

    space.becomes(lambda: space.get(served).code == 404)
    space.plane.call("POST", CRDS, definition(group))
    space.becomes(lambda: space.get(served).code == 200)
    assert space.get(served).body["items"] == []
    space.delete(place)


def test_a_definition_waits_for_its_objects(space: Space) -> None:
    group = f"{space.name}.example.com"
    served = space.at("widgets", group=f"/apis/{group}/v1")
    space.plane.call("POST", CRDS, definition(group))
    space.becomes(lambda: space.get(served).code == 200)
    held = widget(group, "a", size=1)
    held["metadata"]["finalizers"] = ["x.example.com/y"]
    space.becomes(lambda: space.plane.call("POST", served, held).code in {201, 409})

    space.delete(f"{CRDS}/widgets.{group}")
    space.becomes(lambda: "deletionTimestamp" in space.get(f"{served}/a").body["metadata"])
    assert space.get(f"{CRDS}/widgets.{group}").code == 200

    space.merge(f"{served}/a", {"metadata": {"finalizers": None}})
    space.becomes(lambda: space.get(f"{CRDS}/widgets.{group}").code == 404)


def _conditions(crd: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["status"] for each in (crd.get("status") or {}).get("conditions") or ()}


def test_a_trial_deletion_deletes_nothing(space: Space) -> None:
    space.make("a")

    assert space.delete(space.maps("a"), dryRun=["All"]).code == 200
    assert space.get(space.maps("a")).body["data"] == config_map("a")["data"]
