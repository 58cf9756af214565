from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runtime.artifacts.faults import Mistaken
from runtime.serving.document import ServingConfig
from runtime.serving.vllm.adapters import Adapter, Found
from runtime.serving.vllm.arguments import Arguments, compose_arguments
from runtime.serving.vllm.ground import Ground
from runtime.serving.vllm.launch import _parsed
from runtime.serving.vllm.options import Option
from runtime.serving.vllm.user_config import UserConfig, parse_user_config
from tests.runtime.serving_vllm.conftest import config_for

GPU = Ground(device="cuda", free_bytes=64 * 2**30)
CPU = Ground(device="cpu", free_bytes=64 * 2**30)
WEIGHTS = Path("/workspace/weights")
NONE = Found()
Known = Mapping[str, Option]


def composed(
    known: Known, *, ground: Ground = GPU, found: Found = NONE, text: str = "", **fields: Any
) -> Arguments:
    config = ServingConfig.model_validate(config_for(WEIGHTS, **fields))
    user = parse_user_config(text, "inference_config.yaml") if text else UserConfig()
    return compose_arguments(config, WEIGHTS, found, user, ground, known)


def parsed(arguments: Arguments) -> Any:
    """By the parser of the installed vLLM itself."""
    return _parsed(arguments)


def test_the_installed_vllm_takes_what_a_plain_document_says(known: Known) -> None:
    told = parsed(composed(known, drainSeconds=25.9))
    assert told.model == "/workspace/weights"
    assert told.served_model_name == ["tiny"]
    assert told.host == "127.0.0.1"
    assert told.shutdown_timeout == 25
    assert told.max_num_seqs == 4
    assert told.max_model_len == -1  # vLLM finds the longest that fits
    assert not told.enforce_eager
    assert not told.enable_lora


def test_options_stand_in_the_order_of_their_names(known: Known) -> None:
    names = [word.split("=")[0] for word in composed(known).words if word.startswith("--")]
    assert names == sorted(names)
    assert composed(known, port=5000) == composed(known, port=5000)


def test_without_a_gpu_nothing_is_compiled_and_the_cache_is_small(known: Known) -> None:
    told = parsed(composed(known, ground=CPU))
    assert told.enforce_eager
    assert told.kv_cache_memory_bytes == 2**30


def test_what_the_person_writes_overrides_the_document_and_the_document_overrides_us(known: Known) -> None:
    text = (
        "vllm:\n  max_num_seqs: 7\n  served-model-name: [mine, also-mine]\n  enable-prefix-caching: false\n"
    )
    told = parsed(composed(known, text=text, engine={"kind": "vllm", "arguments": {"max-num-seqs": 9}}))
    assert told.max_num_seqs == 7
    assert told.served_model_name == ["mine", "also-mine"]
    assert told.enable_prefix_caching is False


def test_null_takes_one_of_our_options_back(known: Known) -> None:
    assert parsed(composed(known, text="vllm: {max-model-len: null}")).max_model_len is None


def test_maps_and_dotted_keys_reach_vllm_as_its_own_json(known: Known) -> None:
    text = (
        "vllm:\n  limit-mm-per-prompt: {image: 2}\n  override-generation-config.temperature: 0.5\n"
        "  allowed-origins: ['*']\n"
    )
    told = parsed(composed(known, text=text))
    assert told.limit_mm_per_prompt == {"image": 2}
    assert told.override_generation_config == {"temperature": 0.5}
    assert told.allowed_origins == ["*"]


def test_middleware_of_a_person_is_added_to_ours(known: Known) -> None:
    told = parsed(composed(known, text="vllm: {middleware: mine.Middleware}"))
    assert told.middleware[-1] == "mine.Middleware"
    assert "runtime.serving.vllm.chat_route.ChatRoute" in told.middleware


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("max-modl-len: 5", "line 2: vLLM has no option max-modl-len; did you mean max-model-len?"),
        ("gpu_memory_utilisation: 0.9", "did you mean gpu-memory-utilization?"),
        ("qwertyuiop: 1", "vLLM has no option qwertyuiop; see the options of vllm serve."),
        ("enforce-eager: maybe", "enforce-eager is switched by true or false, not by maybe."),
        ("port: 8000", "port is not yours to set: the probes and the Service ask"),
        ("model: other/model", "model is not yours to set"),
    ],
)
def test_a_wrong_option_is_told_in_one_sentence(known: Known, written: str, sentence: str) -> None:
    with pytest.raises(Mistaken) as told:
        composed(known, text=f"vllm:\n  {written}\n")
    assert str(told.value).startswith("inference_config.yaml, line 2: ")
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    "written",
    ["max-num-seqs: many", "dtype: float17", "enable-auto-tool-choice: true", "tool-call-parser: nobody"],
)
def test_a_value_vllm_does_not_take_is_told_by_vllms_own_words(known: Known, written: str) -> None:
    name = written.split(":")[0]
    if name == "tool-call-parser":
        written += "\n  enable-auto-tool-choice: true"
    arguments = composed(known, text=f"vllm:\n  {written}\n")
    with pytest.raises(Mistaken, match=r"^vLLM (does not take this|refuses these options together): "):
        parsed(arguments)


def test_an_option_vllm_dropped_since_kaitos_example_is_left_out_and_told(known: Known) -> None:
    arguments = composed(known, text="vllm:\n  swap-space: 4\n")
    assert not any("swap" in word for word in arguments.words)
    assert arguments.remarks == (
        "inference_config.yaml, line 2: swap-space is left out: vLLM swaps no more; see cpu-offload-gb and "
        "kv_cache_cpu_memory_utilization.",
    )


@pytest.mark.parametrize("asked", [600, 0])
def test_a_drain_longer_than_the_pod_lives_or_none_at_all_is_not_taken(known: Known, asked: int) -> None:
    arguments = composed(known, text=f"vllm: {{shutdown-timeout: {asked}}}")
    assert parsed(arguments).shutdown_timeout == 30
    assert "shutdown-timeout stays 30" in arguments.remarks[0]


def test_kaitos_share_of_memory_becomes_vllms_own_offloading_on_a_gpu(known: Known) -> None:
    text = "kv_cache_cpu_memory_utilization: 0.5"
    assert parsed(composed(known, text=text)).kv_offloading_size == 32
    assert parsed(composed(known, text=text, ground=CPU)).kv_offloading_size is None


def test_adapters_are_modules_named_after_their_folders_with_the_rank_they_need(known: Known) -> None:
    found = Found((Adapter("one", Path("/mnt/adapter/one"), 8), Adapter("two", Path("/mnt/adapter/two"), 24)))
    told = parsed(composed(known, found=found))
    assert [(module.name, module.path) for module in told.lora_modules] == [
        ("one", "/mnt/adapter/one"),
        ("two", "/mnt/adapter/two"),
    ]
    assert told.enable_lora
    assert told.max_lora_rank == 32
    assert told.max_loras == 2


def test_where_adapters_may_change_there_is_room_for_the_highest_rank_from_the_start(known: Known) -> None:
    told = parsed(composed(known, adapters={"mayChange": True, "mostRank": 128}))
    assert told.enable_lora
    assert told.max_lora_rank == 128
    assert told.api_server_count == 1


def test_a_model_over_two_nodes_is_spread_by_ray(known: Known) -> None:
    spread = {"tensor": 8, "pipeline": 2, "nodes": 2, "leader": "phi-0.phi-headless"}
    told = parsed(composed(known, engine={"kind": "vllm", "spread": spread}))
    assert (told.tensor_parallel_size, told.pipeline_parallel_size) == (8, 2)
    assert told.distributed_executor_backend == "ray"


def test_copies_on_one_node_are_vllms_data_parallel(known: Known) -> None:
    told = parsed(composed(known, engine={"kind": "vllm", "spread": {"data": 4}}))
    assert told.data_parallel_size == 4
    assert told.distributed_executor_backend is None


def test_a_field_behind_a_dot_is_spelled_as_vllm_spells_it(known: Known) -> None:
    name = "compilation_config.pass_config.fuse_allreduce_rms"
    told = parsed(composed(known, engine={"kind": "vllm", "arguments": {name: "False"}}))
    assert told.compilation_config.pass_config.fuse_allreduce_rms is False
