"""What may be asked of Towline's own containers, and how a mistake is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.planner.asking import serving, tuning
from tests.planner.repository import read, text_of, told

FLEET: dict[str, Any] = {"apiVersion": "towline.dev/v1alpha1", "kind": "Fleet"}
OURS: dict[str, Any] = {"runtime": "towline", "imageRegistry": "registry.example.com/towline"}


def fleet(**spec: Any) -> list[str]:
    every = told(read({"towline.yaml": {**FLEET, "spec": spec}}))
    return [each for each in every if each.startswith("towline.yaml:")]


def of(document: dict[str, Any], *others: dict[str, Any], **spec: Any) -> list[str]:
    """What is said of a workspace in such a fleet, its ConfigMaps beside it."""
    files = {
        "towline.yaml": {**FLEET, "spec": {**OURS, **spec}},
        "workspaces/model.yaml": text_of(document, *others),
    }
    return told(read(files))


def annotated(document: dict[str, Any], **annotations: str) -> dict[str, Any]:
    keys = {f"towline.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {**document, "metadata": {**document["metadata"], "annotations": keys}}


def without_size(document: dict[str, Any]) -> dict[str, Any]:
    resource = {key: value for key, value in document["resource"].items() if key != "instanceType"}
    return {**document, "resource": resource}


def test_a_fleet_with_our_containers_must_say_where_their_images_lie() -> None:
    assert fleet(**OURS) == []
    (finding,) = fleet(runtime="towline")
    assert finding.startswith("towline.yaml:")
    assert "spec.imageRegistry" in finding
    (finding,) = fleet(runtime="towline", imageRegistry="https://Registry.example.com")
    assert "is no place for images" in finding
    (finding,) = fleet(runtime="sglang")
    assert "spec.runtime" in finding


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"privateHosts": ["https://data.internal/"]}, "spec.privateHosts[0]"),
        ({"privateHosts": ["data.internal", "10.0.0.1:80"]}, "spec.privateHosts[1]"),
        ({"insecureRegistries": ["registry/path"]}, "spec.insecureRegistries[0]"),
        ({"insecureRegistries": ["registry:"]}, "spec.insecureRegistries[0]"),
    ],
)
def test_what_is_no_host_is_told(spec: dict[str, Any], field: str) -> None:
    (finding,) = fleet(**OURS, **spec)
    assert f"{field}:" in finding
    assert "is no host" in finding


def test_hosts_are_named_for_our_containers_alone() -> None:
    good = {"privateHosts": ["data.internal", "10.0.0.1"], "insecureRegistries": ["127.0.0.1:5000", "r"]}
    assert fleet(**OURS, **good) == []
    assert len([each for each in fleet(**good) if "has no effect" in each]) == 2


def test_a_workspace_without_gpus_needs_our_containers_and_nodes_that_are_there() -> None:
    document = annotated(without_size(serving()), device="cpu")
    assert of(document, nodeProvisioner="byo") == []
    assert any("KAITO's containers need a GPU" in each for each in of(document, runtime="kaito"))
    (finding,) = of(annotated(serving(), device="cpu"))
    assert "would leave them idle" in finding
    (finding,) = of(annotated(without_size(serving()), device="tpu"), nodeProvisioner="byo")
    assert "is none of its values" in finding


def test_an_adapter_is_served_at_full_strength_only() -> None:
    image = {"name": "tone", "image": "registry.example.com/tone:1"}
    document = serving("phi-4-mini-instruct", adapters=[{"source": image, "strength": "0.5"}])
    for given in ({}, {"kaito.sh/runtime": "transformers"}):
        document["metadata"]["annotations"] = given
        strengths = [each for each in of(document) if "strength" in each]
        assert len(strengths) == 1
        assert "full strength only" in strengths[0]


def test_a_config_map_with_the_documents_name_is_told() -> None:
    taken = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "model-serving"}, "data": {}}
    (finding,) = of(serving(), taken)
    assert "metadata.name" in finding
    assert of(serving(), {**taken, "metadata": {"name": "other"}}) == []
    assert of(serving(), taken, runtime="kaito", imageRegistry="mcr.microsoft.com/aks/kaito") == []


def test_data_comes_by_https_or_from_a_host_the_fleet_names() -> None:
    def tuned(url: str, **spec: Any) -> list[str]:
        return of(tuning(input={"urls": [url]}), **spec)

    assert tuned("https://data.example.com/a.jsonl") == []
    (finding,) = tuned("http://data.example.com/a.jsonl")
    assert "plain http" in finding
    (finding,) = tuned("https://10.0.0.1/a.jsonl")
    assert "private" in finding
    named = {"privateHosts": ["10.0.0.1", "Data.internal"]}
    assert tuned("http://10.0.0.1:8000/a.jsonl", **named) == []
    assert tuned("http://data.internal/a.jsonl", **named) == []
    (finding,) = tuned("ftp://10.0.0.1/a.jsonl", **named)
    assert "not ftp" in finding


def test_a_claim_for_the_work_is_a_tunings_to_name() -> None:
    assert of(annotated(tuning(), work_claim="kept")) == []
    (finding,) = of(annotated(tuning(), work_claim="Not A Name"))
    assert "PersistentVolumeClaim" in finding
    (finding,) = of(annotated(serving(), work_claim="kept"))
    assert "has no effect" in finding
