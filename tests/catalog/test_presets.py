"""Every fact file reads, agrees with itself, and is found by its names."""

from pathlib import Path

import pytest
import yaml

from reconciler.catalog.catalog import Catalog, Retired, Unknown, read_catalog
from reconciler.catalog.preset import Preset, read_preset
from reconciler.wiring import presets_dir
from tests.catalog.known import OUR_OWN, catalog, preset

MODELS = sorted((presets_dir() / "models").glob("*.yaml"))
EXAMPLES = Path(__file__).parents[2] / "../shared/cases/kaito-examples"


def test_kaito_has_sixty_models_with_twenty_five_aliases() -> None:
    presets = [one for one in catalog().presets if one.name not in OUR_OWN]
    assert len(presets) == 60
    assert sum(len(one.aliases) for one in presets) == 25


def test_our_own_models_are_there_beside_them() -> None:
    assert {one.name for one in catalog().presets} >= OUR_OWN


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_file_agrees_with_itself(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    model = read_preset(document)
    assert path.stem == model.short_name
    assert model.attention.bytes_per_token == document["attention"]["bytes_per_token"]
    assert model.source == f"https://huggingface.co/{model.name}"
    assert model.weights_gib > 0
    assert model.revision is None or len(model.revision) == 40
    assert model.runtimes[0] == "vllm"
    assert ("transformers" in model.runtimes) == (model.transformers is not None)
    rules = catalog().rules
    assert model.hybrid_cache == (not rules.hybrid_cache_architectures.isdisjoint(model.architectures))
    assert model.requires_deepgemm == (not rules.deepgemm_architectures.isdisjoint(model.architectures))
    assert (model.quantization is None) == (model.vllm.dtype == "bfloat16")


@pytest.mark.parametrize(
    "model", [one for one in catalog().presets if one.name not in OUR_OWN], ids=lambda model: model.short_name
)
def test_the_rules_for_unknown_models_say_the_same_of_one_that_kaito_knows(model: Preset) -> None:
    told = catalog().rules.vllm(
        model.short_name,
        model.architectures,
        quantized=model.quantization is not None,
        mistral=model.vllm.load_format == "mistral",
    )
    assert told == model.vllm


def test_a_key_we_do_not_know_is_refused() -> None:
    document = yaml.safe_load(MODELS[0].read_text())
    with pytest.raises(TypeError):
        read_preset(document | {"layes": 3})


def test_a_preset_is_found_by_alias_and_by_repository_in_any_casing() -> None:
    for name in ("phi-4", "PHI-4", "microsoft/phi-4", "Microsoft/Phi-4", " phi-4 "):
        assert preset(name).name == "microsoft/phi-4"
    assert preset("gemma-3-4b-instruct").name == "google/gemma-3-4b-it"


@pytest.mark.parametrize("name", ["phi-2", "falcon-7b", "Falcon-40B-Instruct"])
def test_a_retired_preset_names_one_that_works(name: str) -> None:
    found = catalog().preset(name)
    assert isinstance(found, Retired)
    assert isinstance(catalog().preset(found.instead), Preset)


def test_an_unknown_preset_names_the_nearest() -> None:
    found = catalog().preset("phi-4-mini-instuct")
    assert isinstance(found, Unknown)
    assert found.nearest[0] == "phi-4-mini-instruct"
    assert not found.is_hub_name


@pytest.mark.parametrize(
    ("name", "is_hub"), [("org/name", True), ("/name", False), ("org/", False), ("a", False)]
)
def test_only_org_slash_name_is_a_repository(name: str, is_hub: bool) -> None:
    found = catalog().preset(name)
    assert isinstance(found, Unknown)
    assert found.is_hub_name is is_hub


def test_what_is_known_of_gating_is_marked() -> None:
    assert (preset("llama-3.1-8b-instruct").gated, preset("llama-3.1-8b-instruct").gated_confidence) == (
        True,
        "high",
    )
    assert preset("mistral-7b-instruct").gated_confidence == "medium"
    assert preset("phi-4").gated is False
    assert preset("moonshotai/kimi-k2.5").gated is None


def test_disk_and_start_up_time_follow_the_weights() -> None:
    small, large = preset("phi-4"), preset("deepseek-r1-0528")
    assert (small.disk_gib, small.startup_seconds) == (107, 1800)
    assert (large.disk_gib, large.startup_seconds) == (721, 10800)
    assert preset("gpt-oss-120b").startup_seconds == pytest.approx(900 + 18 * 121.54)


def test_every_image_says_where_we_learned_of_it() -> None:
    images = catalog().images
    assert {"serving", "tuning", "pause"} <= set(images)
    root = presets_dir().parent
    for image in images.values():
        assert image.image
        assert image.source.startswith("https://") or (root / image.source).parent.is_dir()


def test_the_same_files_give_the_same_catalog() -> None:
    paths = sorted(presets_dir().rglob("*.yaml"), reverse=True)
    root = presets_dir()
    again: Catalog = read_catalog(
        {p.relative_to(root).as_posix(): yaml.safe_load(p.read_text()) for p in paths}
    )
    assert again == catalog()


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="KAITO's examples are not on this machine")
def test_every_preset_of_kaitos_examples_is_known() -> None:
    texts = [path.read_text() for path in EXAMPLES.glob("*.yaml")]
    objects = [one for text in texts for one in yaml.safe_load_all(text) if one]
    blocks = [block for one in objects for block in (one.get("inference"), one.get("tuning")) if block]
    names = [block["preset"]["name"] for block in blocks if "preset" in block]
    assert names
    assert all(isinstance(catalog().preset(name), Preset) for name in names)
