from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client, watch

from tests.sandbox.kube.served import Served, config_map, definition, pod, service, widget, workload

TOKEN = "secret"
watching: Any = watch.Watch  # the client does not type it


@pytest.fixture
def api() -> Iterator[Served]:
    with Served(token=TOKEN) as served:
        yield served


@pytest.fixture
def connection(api: Served) -> Iterator[Any]:
    configuration = client.Configuration()
    configuration.host = api.url
    configuration.api_key = {"BearerToken": f"Bearer {TOKEN}"}
    with client.ApiClient(configuration) as opened:
        yield opened


def test_the_client_makes_reads_lists_and_deletes(connection: Any) -> None:
    core: Any = client.CoreV1Api(connection)
    made = core.create_namespaced_config_map("default", config_map(a="1"))
    assert made.metadata.uid
    assert core.read_namespaced_config_map("c", "default").data == {"a": "1"}
    assert [each.metadata.name for each in core.list_namespaced_config_map("default").items] == ["c"]
    assert core.delete_namespaced_config_map("c", "default")["status"] == "Success"
    with pytest.raises(client.ApiException) as caught:
        core.read_namespaced_config_map("c", "default")
    assert caught.value.status == 404


def test_the_client_gets_back_what_it_expects_to_delete(connection: Any) -> None:
    core: Any = client.CoreV1Api(connection)
    core.create_namespaced_service("default", service())
    core.create_namespaced_pod("default", pod())
    assert core.delete_namespaced_service("s", "default").metadata.name == "s"
    assert core.delete_namespaced_pod("p", "default").metadata.name == "p"


def test_the_client_applies_and_scales_a_stateful_set(connection: Any) -> None:
    apps: Any = client.AppsV1Api(connection)
    wanted = workload("StatefulSet", replicas=2)
    applied = apps.patch_namespaced_stateful_set(
        "w", "default", wanted, field_manager="m", force=True, _content_type="application/apply-patch+yaml"
    )
    assert applied.spec.replicas == 2
    scale = apps.read_namespaced_stateful_set_scale("w", "default")
    scale.spec.replicas = 5
    apps.replace_namespaced_stateful_set_scale("w", "default", scale)
    assert apps.read_namespaced_stateful_set("w", "default").spec.replicas == 5


def test_the_client_handles_custom_objects(connection: Any) -> None:
    extensions: Any = client.ApiextensionsV1Api(connection)
    extensions.create_custom_resource_definition(definition())
    custom: Any = client.CustomObjectsApi(connection)
    address = ("example.com", "v1", "default", "widgets")
    custom.create_namespaced_custom_object(*address, widget(size=1))
    status = {"status": {"phase": "Ready"}}
    custom.patch_namespaced_custom_object_status(*address, "a", status)
    found = custom.get_namespaced_custom_object(*address, "a")
    assert (found["spec"], found["status"]) == ({"size": 1}, {"phase": "Ready"})


def test_the_client_watches_from_a_list(connection: Any, api: Served) -> None:
    core: Any = client.CoreV1Api(connection)
    since = core.list_namespaced_config_map("default").metadata.resource_version
    maker = threading.Thread(
        target=lambda: [
            api.call("POST", "/api/v1/namespaces/default/configmaps", config_map(n)) for n in "ab"
        ]
    )
    maker.start()
    names = []
    watcher: Any = watching()
    for event in watcher.stream(
        core.list_namespaced_config_map, "default", resource_version=since, timeout_seconds=10
    ):
        names.append((event["type"], event["object"].metadata.name))
        if len(names) == 2:
            watcher.stop()
    maker.join()
    assert names == [("ADDED", "a"), ("ADDED", "b")]


def test_the_client_hears_that_its_version_is_too_old(connection: Any, api: Served) -> None:
    core: Any = client.CoreV1Api(connection)
    since = core.list_namespaced_config_map("default").metadata.resource_version
    core.create_namespaced_config_map("default", config_map())
    api.inside(lambda store: store.ledger.compact())
    with pytest.raises(client.ApiException) as caught:
        list(watching().stream(
            core.list_namespaced_config_map, "default", resource_version=since, timeout_seconds=2
        ))  # fmt: skip
    assert caught.value.status == 410
