"""The contract: every preset, on the cheapest size it fits, becomes objects a Kubernetes API accepts."""

from __future__ import annotations

import base64
import http.client
import json
import re
import ssl
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.catalog.offer import cheapest
from reconciler.catalog.preset import Preset
from reconciler.domain.identity import Ref
from reconciler.planner.desire.desire import desire_cluster
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.planner.asking import (
    blueprint,
    catalog,
    config,
    desired,
    main_container,
    manifest,
    serving,
    templates,
    tuning,
)

PLURALS = {
    "Workspace": "workspaces",
    "Service": "services",
    "StatefulSet": "statefulsets",
    "Job": "jobs",
    "ConfigMap": "configmaps",
    "Namespace": "namespaces",
    "CustomResourceDefinition": "customresourcedefinitions",
}
ARGUMENT = re.compile(r"--([a-z][a-z0-9._-]*)(=(.|\n)+)?")


class Api:
    """Server-side apply over plain HTTP."""

    def __init__(self, kubeconfig: Path) -> None:
        written = yaml.safe_load(kubeconfig.read_text())
        cluster = written["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        server = urllib.parse.urlsplit(cluster["server"]).netloc
        trust = ssl.create_default_context(cadata=authority)
        self._connection = http.client.HTTPSConnection(server, timeout=30, context=trust)
        self._token = written["users"][0]["user"]["token"]

    def apply(self, ref: Ref, document: dict[str, Any]) -> int:
        """The HTTP status; 200 for a document that was there already, 201 for a new one."""
        root = f"/apis/{ref.api_version}" if ref.group else f"/api/{ref.api_version}"
        place = f"/namespaces/{ref.namespace}" if ref.namespace else ""
        path = f"{root}{place}/{PLURALS[ref.kind]}/{ref.name}?fieldManager=towline"
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/apply-patch+yaml",
        }
        self._connection.request("PATCH", path, json.dumps(document), headers)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        assert answer.status < 300, f"{ref}: {answer.status} {body}"
        return answer.status

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with Sandbox(SandboxSettings(state=tmp_path_factory.mktemp("sandbox"))) as sandbox:
        found = Api(sandbox.kubeconfig)
        for each in desire_cluster(config(), templates()):
            found.apply(each.ref, each.document)
        yield found
        found.close()


@pytest.mark.parametrize("preset", catalog().presets, ids=lambda preset: preset.short_name)
def test_every_preset_is_served_from_objects_the_api_accepts(preset: Preset, api: Api) -> None:
    offer = cheapest(catalog(), preset)[0]
    document = serving(preset.name, offer.instance.name)
    document["metadata"]["name"] = re.sub(r"[^a-z0-9]+", "-", preset.short_name)
    workspace = desired(document)
    assert workspace.nodes == offer.sizing.nodes
    for each in workspace.objects:
        assert api.apply(each.ref, each.document) == 201
        assert api.apply(each.ref, each.document) == 200


@pytest.mark.parametrize("preset", catalog().presets, ids=lambda preset: preset.short_name)
def test_vllm_is_started_with_well_formed_arguments_in_order(preset: Preset) -> None:
    offer = cheapest(catalog(), preset)[0]
    resolved = blueprint(serving(preset.name, offer.instance.name))
    arguments = [each for each in main_container(resolved).args if each.startswith("--")]
    found = [ARGUMENT.fullmatch(each) for each in arguments]
    assert all(found)
    names = [each[1] for each in found if each]
    assert len(names) == len(set(names))
    assert names == sorted(names)
    degrees = resolved.capacity
    assert degrees.tensor_parallel * degrees.pipeline_parallel * degrees.data_parallel == offer.sizing.gpus


def test_the_commit_the_catalog_knows_is_the_one_that_is_loaded() -> None:
    for preset in catalog().presets:
        if preset.revision:
            resolved = blueprint(serving(preset.name, cheapest(catalog(), preset)[0].instance.name))
            assert f"--revision={preset.revision}" in main_container(resolved).args


@pytest.mark.parametrize(
    "preset", [each for each in catalog().presets if each.transformers], ids=lambda each: each.short_name
)
def test_every_preset_of_transformers_is_served_from_one_machine(preset: Preset, api: Api) -> None:
    offers = cheapest(catalog(), preset, purpose="transformers")
    if not offers:
        pytest.skip("no single machine holds its weights")
    name = "tf-" + re.sub(r"[^a-z0-9]+", "-", preset.short_name)
    asked = {"kaito.sh/runtime": "transformers"}
    section = {"preset": {"name": preset.name}}
    workspace = desired(manifest(offers[0].instance.name, name=name, annotations=asked, inference=section))
    for each in workspace.objects:
        assert api.apply(each.ref, each.document) == 201


@pytest.mark.parametrize(
    "preset",
    [each for each in catalog().presets if each.tuning and each.tuning.weights_image],
    ids=lambda each: each.short_name,
)
def test_every_tuning_preset_becomes_a_job_the_api_accepts(preset: Preset, api: Api) -> None:
    document = tuning(preset.short_name)
    document["metadata"]["name"] = "tune-" + re.sub(r"[^a-z0-9]+", "-", preset.short_name)
    for each in desired(document).objects:
        assert api.apply(each.ref, each.document) == 201


@pytest.mark.parametrize("preset", catalog().presets, ids=lambda preset: preset.short_name)
def test_every_preset_in_towlines_own_container_is_accepted_too(preset: Preset, api: Api) -> None:
    document = serving(preset.name, cheapest(catalog(), preset)[0].instance.name)
    document["metadata"]["name"] = "own-" + re.sub(r"[^a-z0-9]+", "-", preset.short_name)
    for each in desired(document, runtime="towline", image_registry="registry.example.com/own").objects:
        assert api.apply(each.ref, each.document) == 201
        assert api.apply(each.ref, each.document) == 200


def test_a_tuning_in_towlines_own_container_is_accepted_too(api: Api) -> None:
    for name, method in (("own-lora", "lora"), ("own-qlora", "qlora")):
        document = tuning(method=method)
        document["metadata"]["name"] = name
        for each in desired(document, runtime="towline", image_registry="registry.example.com/own").objects:
            assert api.apply(each.ref, each.document) == 201
            assert api.apply(each.ref, each.document) == 200


def test_adapters_templates_and_namespaces_are_accepted_too(api: Api) -> None:
    source = {"name": "tone", "image": "r.example.com/tone:1", "imagePullSecrets": ["login"]}
    adapted = serving("phi-3-mini-128k-instruct", adapters=[{"source": source}], config="settings")
    own = manifest(
        name="own", inference={"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}
    )
    for document in (adapted, own):
        for each in desired(document, {"inference_config.yaml": "vllm: {}"}).objects:
            assert api.apply(each.ref, each.document) == 201
    for each in desire_cluster(config(namespaces=["research"]), templates()):
        api.apply(each.ref, each.document)
