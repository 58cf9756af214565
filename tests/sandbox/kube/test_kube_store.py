from __future__ import annotations

from typing import Any

import pytest

from reconciler.sandbox.kube.store import Event, Refusal, Store, Write, key_of
from tests.sandbox.kube.served import (
    config_map,
    definition,
    job,
    now,
    pod,
    service,
    widget,
    workload,
)


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def owned_by(owner: dict[str, Any], name: str = "p") -> dict[str, Any]:
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
    reference |= {"name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
    return pod(name, ownerReferences=[reference])


def entries(store: Store, kind: str, name: str) -> dict[str, Any]:
    known = store.ledger.kinds.named(kind)
    assert known is not None
    managed = store.ledger.need(known, key_of(known, "default", name)).managed
    return {f"{each['manager']}/{each.get('subresource', '')}": each["fieldsV1"] for each in managed}


def test_there_are_three_namespaces_at_first(store: Store) -> None:
    assert [each["metadata"]["name"] for each in store.objects("Namespace")] == [
        "default",
        "kube-public",
        "kube-system",
    ]


def test_a_created_object_has_what_the_api_gives_it(store: Store) -> None:
    made = store.create(workload("StatefulSet"))
    assert made["metadata"]["uid"]
    assert made["metadata"]["creationTimestamp"].endswith("Z")
    assert made["metadata"]["generation"] == 1
    assert made["metadata"]["namespace"] == "default"
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Always"
    assert store.find("StatefulSet", "default", "w") is made


def test_a_pod_begins_pending_and_stays_so(store: Store) -> None:
    assert store.create(pod())["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_job_selects_its_own_pods_by_its_uid(store: Store) -> None:
    made = store.create(job())
    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert made["spec"]["template"]["metadata"]["labels"]["job-name"] == "j"
    assert (made["spec"]["backoffLimit"], made["spec"]["completions"]) == (6, 1)


def test_every_service_has_its_own_address(store: Store) -> None:
    addresses = {store.create(service(f"s{n}"))["spec"]["clusterIP"] for n in range(300)}
    assert len(addresses) == 300
    assert store.create(service("headless", clusterIP="None"))["spec"]["clusterIPs"] == ["None"]
    with pytest.raises(Refusal, match="already allocated"):
        store.create(service("thief", clusterIP=min(addresses)))


def test_the_generation_counts_changes_of_the_spec_alone(store: Store) -> None:
    store.create(workload())
    store.patch("Deployment", "default", "w", {"status": {"replicas": 1}}, subresource="status")
    store.patch("Deployment", "default", "w", {"metadata": {"annotations": {"a": "b"}}})
    assert store.patch("Deployment", "default", "w", {})["metadata"]["generation"] == 1
    assert store.patch("Deployment", "default", "w", {"spec": {"replicas": 3}})["metadata"]["generation"] == 2


def test_a_patch_that_changes_nothing_is_no_change(store: Store) -> None:
    made = store.create(config_map(a="1"))
    told: list[Event] = []
    store.subscribe(told.append)
    assert store.patch("ConfigMap", "default", "c", {"data": {"a": "1"}}) == made
    assert not told


def test_status_and_spec_are_written_apart(store: Store) -> None:
    store.create(workload())
    changed = {"spec": {"replicas": 5}, "status": {"replicas": 5}}
    by_status = store.patch("Deployment", "default", "w", changed, subresource="status")
    assert (by_status["spec"]["replicas"], by_status["status"]) == (1, {"replicas": 5})
    by_main = store.patch("Deployment", "default", "w", {"spec": {"replicas": 2}, "status": {"replicas": 9}})
    assert (by_main["spec"]["replicas"], by_main["status"]) == (2, {"replicas": 5})


def test_managed_fields_say_who_touched_what(store: Store) -> None:
    store.create(workload(), manager="towline")
    store.patch("Deployment", "default", "w", {"spec": {"replicas": 2}}, manager="kubectl-edit")
    store.patch(
        "Deployment", "default", "w", {"status": {"replicas": 2}}, subresource="status", manager="kcm"
    )
    found = entries(store, "Deployment", "w")
    assert found["kubectl-edit/"] == {"f:spec": {"f:replicas": {}}}
    assert found["kcm/status"] == {"f:status": {"f:replicas": {}}}
    assert "f:replicas" not in found["towline/"]["f:spec"]


def test_changes_are_told_in_order_even_when_a_callback_makes_more(store: Store) -> None:
    told: list[tuple[str, str, str]] = []

    def controller(event: Event) -> None:
        if event.type == "ADDED" and event.kind == "Deployment":
            store.create(config_map("made"))

    store.subscribe(controller)
    store.subscribe(lambda event: told.append((event.type, event.kind, event.obj["metadata"]["name"])))
    store.create(workload())
    store.delete("Deployment", "default", "w")
    assert told == [
        ("ADDED", "Deployment", "w"),
        ("ADDED", "ConfigMap", "made"),
        ("DELETED", "Deployment", "w"),
    ]


def test_objects_are_found_by_labels_and_namespace(store: Store) -> None:
    store.create(namespace("other"))
    for name, space, label in (("a", "default", "x"), ("b", "default", "y"), ("c", "other", "x")):
        store.create(
            config_map(name) | {"metadata": {"name": name, "namespace": space, "labels": {"l": label}}}
        )
    names = [each["metadata"]["name"] for each in store.objects("ConfigMap", "default", {"l": "x"})]
    assert names == ["a"]
    assert [each["metadata"]["name"] for each in store.objects("ConfigMap", None, {"l": "x"})] == ["a", "c"]
    store.patch("ConfigMap", "default", "a", {"metadata": {"labels": {"l": "z"}}})
    assert not store.objects("ConfigMap", "default", {"l": "x"})


def test_two_groups_may_share_a_kind_name(store: Store) -> None:
    other = definition()
    other["metadata"]["name"] = "deployments.example.com"
    names = {"plural": "deployments", "kind": "Deployment"}
    other["spec"]["names"] = names
    store.create(other)
    store.create({"apiVersion": "example.com/v1", "kind": "Deployment", "metadata": {"name": "mine"}})
    assert store.find("example.com/Deployment", "default", "mine") is not None
    assert store.find("Deployment", "default", "mine") is None
    store.create(workload())
    assert store.find("apps/Deployment", "default", "w") is not None


def test_generated_names_differ(store: Store) -> None:
    anonymous = config_map() | {"metadata": {"generateName": "g-"}}
    names = {store.create(anonymous)["metadata"]["name"] for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith("g-") and len(name) == 7 for name in names)


def test_a_trial_run_changes_nothing(store: Store) -> None:
    kind = store.ledger.kinds.named("ConfigMap")
    assert kind is not None
    before = store.ledger.revision
    shown = store.insert(kind, "default", config_map(), Write(dry_run=True))
    assert shown.obj["metadata"]["name"] == "c"
    assert store.find("ConfigMap", "default", "c") is None
    assert store.ledger.revision == before


def test_a_dump_restores_every_object_as_it_was(store: Store) -> None:
    store.create(definition())
    store.create(widget(size=1))
    owner = store.create(workload("StatefulSet"))
    store.create(owned_by(owner))
    taken = store.create(service())["spec"]["clusterIP"]
    bodies, revision = store.dump()
    again = Store(now)
    again.restore(list(bodies), revision)
    assert again.objects("Widget") == store.objects("Widget")
    assert again.find("StatefulSet", "default", "w") == owner
    assert again.ledger.revision == revision
    with pytest.raises(Refusal, match="already allocated"):
        again.create(service("thief", clusterIP=taken))
    again.delete("StatefulSet", "default", "w")
    assert again.find("Pod", "default", "p") is None
