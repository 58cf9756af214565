from __future__ import annotations

import pytest

from runtime.artifacts.faults import Mistaken
from runtime.serving.vllm.user_config import parse_user_config

NAME = "inference_config.yaml"

KAITO_EXAMPLE = """\
# Maximum number of steps to find the max available seq len fitting in the GPU memory.
max_probe_steps: 6
vllm:
  cpu-offload-gb: 0
  gpu-memory-utilization: 0.95
  swap-space: 4
  max-model-len: 131072
"""


def test_the_example_of_kaitos_guide_is_understood() -> None:
    config = parse_user_config(KAITO_EXAMPLE, NAME)
    assert config.vllm["max-model-len"] == 131072
    assert config.probes == 6


def test_an_option_knows_the_line_it_stands_in() -> None:
    config = parse_user_config(KAITO_EXAMPLE, NAME)
    assert config.place("gpu-memory-utilization") == "inference_config.yaml, line 5"


def test_an_empty_file_asks_for_nothing() -> None:
    assert not parse_user_config("# nothing yet\n", NAME).vllm


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("vlm: {}", "there is no field vlm; did you mean vllm?"),
        ("max-model-len: 5", "there is no field max-model-len; vLLM's own options belong under vllm:."),
        ("- vllm", "a map with the key vllm: is expected, not a list."),
        ("vllm: [a]", "vllm: must be a map of vLLM's options, not a list."),
        ("vllm: {1: 2}", "vllm: must be a map of vLLM's options, not a map whose keys are no texts."),
        (
            "kv_cache_cpu_memory_utilization: 1.5",
            "kv_cache_cpu_memory_utilization is a share from 0 to 1, not 1.5.",
        ),
        ("max_probe_steps: often", "max_probe_steps is a whole number, not often."),
    ],
)
def test_a_mistake_is_told_in_one_sentence_that_names_the_file(text: str, sentence: str) -> None:
    with pytest.raises(Mistaken) as told:
        parse_user_config(text, NAME)
    assert str(told.value) == f"{NAME}: {sentence}"


def test_what_is_not_yaml_is_told_with_its_line() -> None:
    with pytest.raises(Mistaken, match=r"this is not YAML: .* line 2"):
        parse_user_config("vllm:\n  a: [1\n", NAME)
