"""The house and the containers share a document: what the house renders, the runtime's own class parses, and
the real vLLM takes.

Run it where vLLM is installed for the last part; elsewhere that part is skipped.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from reconciler.catalog.offer import Offer, cheapest
from reconciler.catalog.preset import Preset
from reconciler.domain.state import DesiredWorkspace
from runtime.artifacts.document import FolderSource, HubSource, OciSource, Source, UrlsSource
from runtime.serving.document import ServingConfig, Small, Vllm
from runtime.serving.reading import parse_document
from runtime.tuning.document import FolderOutput, ImageOutput, TuningConfig
from runtime.tuning.document_file import read_document
from tests.planner.asking import catalog, desired, documents, manifest, serving, tuning
from tests.planner.test_hostile_values import HOSTILE

OURS: dict[str, Any] = {"runtime": "towline", "image_registry": "registry.example.com/towline"}
PRESETS = catalog().presets
TUNABLE = [each for each in PRESETS if each.tuning]
COMMIT = re.compile(r"[0-9a-f]{40}")
PVC = {"persistentVolumeClaim": {"claimName": "work"}}
HAS_VLLM = importlib.util.find_spec("vllm") is not None


def short(preset: Preset) -> str:
    return preset.short_name


def machines(preset: Preset) -> Iterator[Offer]:
    """The cheapest size for each way the model can be laid out over GPUs, at most six of them."""
    layouts: dict[tuple[int, ...], Offer] = {}
    for offer in cheapest(catalog(), preset):
        sizing = offer.sizing
        spread = (sizing.nodes, sizing.tensor_parallel, sizing.pipeline_parallel, sizing.data_parallel)
        layouts.setdefault(spread, offer)
    yield from islice(layouts.values(), 6)


def files(workspace: DesiredWorkspace, suffix: str) -> dict[str, str]:
    """What the container finds in its folder of documents."""
    data: dict[str, str] = documents(workspace)[f"ConfigMap/model-{suffix}"]["data"]
    return data


def served(workspace: DesiredWorkspace) -> ServingConfig:
    """The document as the serving container reads it."""
    return parse_document(files(workspace, "serving")["serving.yaml"], "serving.yaml")


def tuned(workspace: DesiredWorkspace, folder: Path) -> TuningConfig:
    """The document as the tuning container reads it."""
    path = folder / "tuning.yaml"
    path.write_text(files(workspace, "tuning")["tuning.yaml"])
    return read_document(str(path))


@pytest.mark.parametrize("preset", PRESETS, ids=short)
def test_every_preset_is_told_of_in_words_the_server_reads(preset: Preset) -> None:
    for offer in machines(preset):
        config = served(desired(serving(preset.name, offer.instance.name), **OURS))
        assert config.model.served_name == preset.short_name
        assert isinstance(config.engine, Vllm)
        spread, sizing = config.engine.spread, offer.sizing
        assert (spread.tensor, spread.pipeline, spread.data) == (
            sizing.tensor_parallel,
            sizing.pipeline_parallel,
            sizing.data_parallel,
        )
        assert spread.nodes == (sizing.nodes if sizing.pipeline_parallel > 1 else 1)
        assert bool(spread.leader) == (spread.nodes > 1)


@pytest.mark.parametrize("preset", PRESETS, ids=short)
def test_a_model_is_fetched_at_the_commit_the_catalog_knows(preset: Preset) -> None:
    workspace = desired(serving(preset.name, cheapest(catalog(), preset)[0].instance.name), **OURS)
    source = served(workspace).model.source
    assert isinstance(source, HubSource)
    assert source.repository == preset.name
    if preset.revision:
        assert source.revision == preset.revision
        assert COMMIT.fullmatch(source.revision)
    else:
        assert any("knows no commit" in step for step in workspace.because)


@pytest.mark.parametrize("preset", [each for each in PRESETS if each.transformers], ids=short)
def test_a_preset_of_transformers_is_served_by_the_small_engine_on_one_gpu(preset: Preset) -> None:
    annotations = {"kaito.sh/runtime": "transformers"}
    offers = [each for each in cheapest(catalog(), preset, purpose="transformers") if each.sizing.gpus == 1]
    if not offers:
        pytest.skip("no single GPU holds its weights")
    section = {"preset": {"name": preset.name}}
    document = manifest(offers[0].instance.name, annotations=annotations, inference=section)
    config = served(desired(document, **OURS))
    assert isinstance(config.engine, Small)
    assert config.engine.device == "cuda"
    assert config.engine.most_tokens <= preset.token_limit


@pytest.mark.parametrize("preset", PRESETS, ids=short)
def test_every_preset_may_be_tried_without_a_gpu(preset: Preset) -> None:
    section = {"preset": {"name": preset.name}}
    document = manifest(None, annotations={"towline.dev/device": "cpu"}, inference=section)
    workspace = desired(document, node_provisioner="byo", **OURS)
    config = served(workspace)
    assert isinstance(config.engine, Small)
    assert config.engine.device == "cpu"
    assert (workspace.gpus_per_node, workspace.nodes, workspace.cost.dollars_per_hour) == (0, 1, 0)


@pytest.mark.parametrize("method", ["lora", "qlora", "QLoRA"])
@pytest.mark.parametrize("preset", TUNABLE, ids=short)
def test_every_tuning_is_told_of_in_words_the_trainer_reads(
    preset: Preset, method: str, tmp_path: Path
) -> None:
    size = cheapest(catalog(), preset, purpose=method.lower())[0].instance
    workspace = desired(tuning(preset.name, size.name, method=method), **OURS)
    config = tuned(workspace, tmp_path)
    assert (config.workspace, config.method) == ("model", method.lower())
    assert (config.base.name, config.base.revision) == (preset.name, preset.revision)
    assert isinstance(config.data, UrlsSource)
    assert isinstance(config.output, ImageOutput)
    assert config.output.docker_config == "/mnt/logins/output/config.json"
    assert (config.processes, config.device, config.user_config) == (size.gpu_count, "cuda", "")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"urls": ["https://data.example.com/a.jsonl", "https://data.example.com/b.csv"]}, UrlsSource),
        ({"image": "registry.example.com/data:1", "imagePullSecrets": ["one", "two"]}, OciSource),
        ({"volumeSource": PVC}, FolderSource),
    ],
)
@pytest.mark.parametrize(
    ("output", "place"),
    [
        ({"image": "registry.example.com/adapter:1", "imagePushSecret": "push"}, ImageOutput),
        ({"volumeSource": PVC}, FolderOutput),
    ],
)
@pytest.mark.parametrize("claim", ["", "work"])
def test_every_source_and_destination_is_one_the_trainer_knows(
    data: dict[str, Any], kind: type, output: dict[str, Any], place: type, claim: str, tmp_path: Path
) -> None:
    document = tuning(input=data, output=output, config="mine")
    document["metadata"]["annotations"] = {"towline.dev/work-claim": claim} if claim else {}
    workspace = desired(document, {"training_config.yaml": "training_config: {}"}, **OURS)
    config = tuned(workspace, tmp_path)
    assert isinstance(config.data, kind)
    assert isinstance(config.output, place)
    assert config.user_config == "/mnt/config/training_config.yaml"
    shown = mounted(workspace, "Job")
    told = [config.work, config.user_config, getattr(config.data, "docker_config", "")]
    told += [getattr(config.output, "path", ""), getattr(config.data, "path", "")]
    assert all(is_shown(path, shown) for path in told if path)


def test_what_a_document_names_is_mounted_where_it_says() -> None:
    image = {
        "name": "tone",
        "image": "registry.example.com/adapters/tone:1",
        "imagePullSecrets": ["one", "two"],
    }
    volume = {"name": "legal", "volumeSource": PVC}
    document = serving(
        "phi-3-mini-128k-instruct", config="mine", adapters=[{"source": image}, {"source": volume}]
    )
    options = {"image": "registry.example.com/weights:1", "imagePullSecrets": ["one"]}
    document["inference"]["preset"]["presetOptions"] = options
    workspace = desired(document, {"inference_config.yaml": "vllm: {}"}, **OURS)
    config, shown = served(workspace), mounted(workspace, "StatefulSet")
    assert isinstance(config.model.source, OciSource)
    told = (config.model.source.docker_config, config.user_config, f"{config.adapters.folder}/legal")
    assert all(is_shown(path, shown) for path in (*told, config.model.folder))


def test_an_adapters_document_is_one_that_the_fetcher_reads() -> None:
    image = {"name": "tone", "image": "127.0.0.1:5000/tone:1", "imagePullSecrets": ["one"]}
    document = serving("phi-3-mini-128k-instruct", adapters=[{"source": image}])
    workspace = desired(document, insecure_registries=["127.0.0.1:5000"], **OURS)
    pod = documents(workspace)["StatefulSet/model"]["spec"]["template"]["spec"]
    (fetcher,) = pod["initContainers"]
    name, folder, expects = fetcher["args"]
    assert (folder, expects) == ("/mnt/adapter/tone", "adapter")
    told = yaml.safe_load(files(workspace, "serving")[Path(name).name])
    source = TypeAdapter(Source).validate_json(json.dumps(told))
    assert source == OciSource(
        image="127.0.0.1:5000/tone:1", docker_config="/mnt/logins/adapter-0/config.json", insecure=True
    )
    assert is_shown(source.docker_config, {each["mountPath"] for each in fetcher["volumeMounts"]})


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_a_person_writes_arrives_in_the_container_as_it_was_written(text: str, tmp_path: Path) -> None:
    document = tuning(input={"urls": [text, "https://x.example"]}, output={"image": text})
    config = tuned(desired(document, **OURS), tmp_path)
    assert isinstance(config.data, UrlsSource)
    assert isinstance(config.output, ImageOutput)
    assert (config.data.urls[0], config.output.image) == (text, text)
    document = serving("phi-4")
    document["inference"]["preset"]["presetOptions"] = {"image": text}
    source = served(desired(document, **OURS)).model.source
    assert isinstance(source, OciSource)
    assert source.image == text


def mounted(workspace: DesiredWorkspace, kind: str) -> set[str]:
    """The paths the main container is shown, each by a volume that is there."""
    pod = documents(workspace)[f"{kind}/model"]["spec"]["template"]["spec"]
    volumes = {each["name"] for each in pod["volumes"]}
    mounts = pod["containers"][0]["volumeMounts"]
    assert {each["name"] for each in mounts} <= volumes
    return {each["mountPath"] for each in mounts}


def is_shown(path: str, shown: set[str]) -> bool:
    return any(f"{path}/".startswith(f"{each}/") for each in shown)


@pytest.mark.skipif(not HAS_VLLM, reason="vLLM is not installed here")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("preset", PRESETS, ids=short)
def test_the_real_vllm_takes_what_every_preset_is_told(preset: Preset) -> None:
    from runtime.serving.vllm import check

    for mode in ("balanced", "throughput"):
        for offer in machines(preset):
            document = serving(preset.name, offer.instance.name)
            document["metadata"]["annotations"] = {"kaito.sh/performance-mode": mode}
            check(served(desired(document, **OURS)))
