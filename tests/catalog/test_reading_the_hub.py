"""config.json and a list of files, read into a preset."""

from typing import Any

import pytest

from reconciler.catalog.huggingface import HubFacts, Reading, read_model
from reconciler.catalog.preset import Preset, Quantization
from reconciler.catalog.sizing import TooSmall, size
from tests.catalog.known import catalog, instance

GIB = 2**30
LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "max_position_embeddings": 8192,
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}
WEIGHTS = {"model-1.safetensors": 2 * GIB, "model-2.safetensors": GIB // 2, "pytorch_model.bin": 9 * GIB}


def read(config: dict[str, Any], files: dict[str, int] | None = None, name: str = "org/name") -> Reading:
    return read_model(HubFacts(name, "a" * 40, config, WEIGHTS if files is None else files), catalog().rules)


def preset_of(config: dict[str, Any], files: dict[str, int] | None = None, name: str = "org/name") -> Preset:
    reading = read(config, files, name)
    assert reading.preset is not None, reading.problems
    return reading.preset


def test_a_plain_grouped_query_model_is_read() -> None:
    model = preset_of(LLAMA)
    assert (model.attention.kind, model.attention.bytes_per_token) == ("GQA", 2 * 16 * 2 * 8 * 64)
    assert (model.weights_gib, model.token_limit, model.revision) == (2.5, 8192, "a" * 40)
    assert (model.vllm.dtype, model.vllm.tool_call_parser, model.runtimes) == (
        "bfloat16",
        "llama3_json",
        ("vllm",),
    )
    assert read(LLAMA).doubts == ()


def test_latent_attention_is_read() -> None:
    config = LLAMA | {"architectures": ["DeepseekV3ForCausalLM"], "kv_lora_rank": 512, "qk_rope_head_dim": 64}
    model = preset_of(config, name="org/deepseek-v3-mini")
    assert (model.attention.kind, model.attention.bytes_per_token) == ("MLA", 2 * 16 * 576)
    assert (model.vllm.tokenizer_mode, model.vllm.reasoning_parser) == ("deepseek_v32", "deepseek_v3")


def test_one_key_value_head_and_the_older_spellings_are_read() -> None:
    config = {"n_embd": 4544, "n_layer": 32, "n_head": 71, "multi_query": True, "n_ctx": 1024}
    model = preset_of(config)
    assert (model.attention.kind, model.attention.kv_heads, model.attention.head_dim) == ("MQA", 1, 64)
    assert model.token_limit == 1024


def test_without_key_value_heads_every_head_has_its_own() -> None:
    config = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
    assert preset_of(config).attention.kind == "MHA"


@pytest.mark.parametrize("part", ["text_config", "llm_config"])
def test_a_nested_language_model_fills_what_the_top_lacks(part: str) -> None:
    nested = {**LLAMA, "head_dim": 256, "hidden_size": 4096, "quantization_config": {"quant_method": "fp8"}}
    top = {"architectures": ["Gemma4ForConditionalGeneration"], "hidden_size": 2048}
    model = preset_of({**top, part: nested})
    assert (model.attention.head_dim, model.attention.hidden_size) == (256, 2048)
    assert model.architectures == ("Gemma4ForConditionalGeneration",)
    assert model.quantization == Quantization("fp8")
    assert model.kv_offload_disabled


def test_mistrals_own_files_are_counted_and_loaded_as_such() -> None:
    config = {
        "dim": 4096,
        "n_layers": 32,
        "n_heads": 32,
        "n_kv_heads": 8,
        "head_dim": 128,
        "max_seq_len": 32768,
    }
    files = {"consolidated.safetensors": 13 * GIB, "model-1.safetensors": 13 * GIB, "params.json": 100}
    model = preset_of(config, files, name="org/Mistral-x")
    assert (model.weights_gib, model.token_limit) == (13, 32768)
    assert (model.vllm.load_format, model.vllm.config_format, model.vllm.tokenizer_mode) == ("mistral",) * 3


def test_bin_files_count_only_where_there_are_no_safetensors() -> None:
    assert preset_of(LLAMA, {"pytorch_model.bin": 3 * GIB, "README.md": 9 * GIB}).weights_gib == 3


def test_quantised_weights_leave_the_type_to_vllm() -> None:
    model = preset_of(LLAMA | {"quantization_config": {"quant_method": "awq", "bits": 4}})
    assert (model.quantization, model.vllm.dtype) == (Quantization("awq", 4), "auto")


def test_deepgemm_architectures_want_a_cuda_toolkit() -> None:
    model = preset_of(LLAMA | {"architectures": ["DeepseekV32ForCausalLM"]})
    assert model.requires_deepgemm
    assert model.requires_cuda_toolkit


def test_an_unknown_architecture_is_a_doubt_not_a_problem() -> None:
    reading = read(LLAMA | {"architectures": ["BrandNewForCausalLM"]})
    assert reading.preset is not None
    assert any("BrandNewForCausalLM" in doubt for doubt in reading.doubts)
    assert any("names no architecture" in doubt for doubt in read(LLAMA | {"architectures": []}).doubts)


def test_no_stated_context_means_two_thousand_tokens_and_a_doubt() -> None:
    reading = read({key: value for key, value in LLAMA.items() if key != "max_position_embeddings"})
    assert reading.preset is not None
    assert reading.preset.token_limit == 2048
    assert any("states no context length" in doubt for doubt in reading.doubts)


@pytest.mark.parametrize(
    ("config", "files", "problem"),
    [
        (LLAMA, {"README.md": 5}, "no weight files"),
        ({"architectures": ["LlamaForCausalLM"]}, WEIGHTS, "does not say how many layers"),
        ({**LLAMA, "num_hidden_layers": "16"}, WEIGHTS, "does not say how many layers"),
        ({**LLAMA, "num_hidden_layers": 2**40}, WEIGHTS, "does not say how many layers"),
        ({**LLAMA, "num_attention_heads": 0}, WEIGHTS, "does not say how many layers"),
        ({"text_config": "nonsense"}, {}, "no weight files"),
    ],
)
def test_a_repository_that_cannot_be_sized_is_a_problem(config, files, problem) -> None:
    reading = read(config, files)
    assert reading.preset is None
    assert any(problem in one for one in reading.problems)


def test_a_config_with_absurd_numbers_is_still_sized_soon() -> None:
    model = preset_of({**LLAMA, "num_hidden_layers": 2**30, "max_position_embeddings": 2**30})
    assert isinstance(size(model, instance("Standard_ND96isr_H200_v5"), 2**30), TooSmall)


def test_a_catalog_model_read_from_its_own_config_equals_its_preset_in_what_sizing_uses() -> None:
    known = catalog().by_name["qwen/qwen2.5-coder-7b-instruct"]
    config = {
        "architectures": ["Qwen2ForCausalLM"],
        "hidden_size": 3584,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "max_position_embeddings": 32768,
    }
    files = {"model.safetensors": known.weight_bytes}
    model = preset_of(config, files, name=known.name)
    assert (model.attention, model.vllm, model.token_limit) == (
        known.attention,
        known.vllm,
        known.token_limit,
    )
    assert model.weights_gib == pytest.approx(known.weights_gib, abs=0.011)
