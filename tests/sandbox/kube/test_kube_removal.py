from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.kube.removal import remove
from reconciler.sandbox.kube.store import Deletion, Refusal, Store
from tests.sandbox.kube.served import (
    config_map,
    definition,
    pod,
    widget,
    workload,
)


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def owned_by(owner: dict[str, Any], name: str = "p") -> dict[str, Any]:
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
    reference |= {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return pod(name, ownerReferences=[reference])


def test_an_object_with_a_finalizer_waits_for_it(store: Store) -> None:
    store.create(config_map() | {"metadata": {"name": "c", "finalizers": ["x/y"]}})
    store.delete("ConfigMap", "default", "c")
    held = store.find("ConfigMap", "default", "c")
    assert held is not None
    assert held["metadata"]["deletionTimestamp"]
    with pytest.raises(Refusal, match="no new finalizers"):
        store.patch("ConfigMap", "default", "c", {"metadata": {"finalizers": ["x/y", "x/z"]}})
    store.patch("ConfigMap", "default", "c", {"metadata": {"finalizers": None}})
    assert store.find("ConfigMap", "default", "c") is None


def test_what_an_owner_owns_goes_with_it(store: Store) -> None:
    owner = store.create(workload("StatefulSet"))
    store.create(owned_by(owner))
    store.delete("StatefulSet", "default", "w")
    assert store.find("Pod", "default", "p") is None


def test_an_object_whose_owner_is_gone_does_not_stay(store: Store) -> None:
    owner = store.create(workload("StatefulSet"))
    store.delete("StatefulSet", "default", "w")
    store.create(owned_by(owner))
    assert store.find("Pod", "default", "p") is None


def test_a_namespace_takes_all_that_is_in_it_along(store: Store) -> None:
    store.create(namespace("n"))
    store.create(config_map() | {"metadata": {"name": "c", "namespace": "n"}})
    store.delete("Namespace", None, "n")
    assert store.find("Namespace", None, "n") is None
    assert store.find("ConfigMap", "n", "c") is None


def test_a_namespace_stays_terminating_while_something_in_it_is_held(store: Store) -> None:
    store.create(namespace("n"))
    store.create(config_map() | {"metadata": {"name": "c", "namespace": "n", "finalizers": ["x/y"]}})
    store.delete("Namespace", None, "n")
    space = store.find("Namespace", None, "n")
    assert space is not None
    assert space["status"]["phase"] == "Terminating"
    with pytest.raises(Refusal, match="because it is being terminated") as caught:
        store.create(config_map() | {"metadata": {"name": "d", "namespace": "n"}})
    assert caught.value.code == 403
    store.patch("ConfigMap", "n", "c", {"metadata": {"finalizers": None}})
    assert store.find("Namespace", None, "n") is None


def test_a_namespace_must_exist(store: Store) -> None:
    with pytest.raises(Refusal, match='namespaces "n" not found') as caught:
        store.create(config_map() | {"metadata": {"name": "c", "namespace": "n"}})
    assert caught.value.code == 404


def test_deleting_another_uid_is_a_conflict(store: Store) -> None:
    store.create(config_map())
    with pytest.raises(Refusal, match="does not match the UID in record") as caught:
        store.delete("ConfigMap", "default", "c", uid="another")
    assert caught.value.code == 409


def test_a_definition_brings_its_kind_and_takes_it_away(store: Store) -> None:
    assert store.objects("Widget") == []
    store.create(definition())
    store.create(widget(size=1))
    assert [each["metadata"]["name"] for each in store.objects("Widget")] == ["a"]
    store.delete("CustomResourceDefinition", None, "widgets.example.com")
    assert store.objects("Widget") == []
    with pytest.raises(Refusal) as caught:
        store.create(widget())
    assert caught.value.code == 404


def test_a_definition_waits_for_its_held_objects(store: Store) -> None:
    store.create(definition())
    store.create(widget() | {"metadata": {"name": "a", "finalizers": ["x/y"]}})
    store.delete("CustomResourceDefinition", None, "widgets.example.com")
    assert store.find("Widget", "default", "a") is not None
    store.patch("Widget", "default", "a", {"metadata": {"finalizers": None}})
    assert store.find("CustomResourceDefinition", None, "widgets.example.com") is None


def test_orphaned_dependents_stay_and_forget_their_owner(store: Store) -> None:
    owner = store.create(workload("StatefulSet"))
    store.create(owned_by(owner))
    kind = store.ledger.kinds.named("StatefulSet")
    assert kind is not None
    remove(store.ledger, kind, ("default", "w"), Deletion(orphan=True))
    left = store.find("Pod", "default", "p")
    assert left is not None
    assert "ownerReferences" not in left["metadata"]
