"""`towline size`, as typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.size import command
from tests.adapters.hub import Hub, answer


def size(*words: str) -> Result:
    return CliRunner().invoke(command, words)


def test_the_arithmetic_comes_first_and_the_offers_after() -> None:
    result = size("phi-4", "--instance-type", "standard_nv36ads_a10_v5")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0] == "microsoft/phi-4 on Standard_NV36ads_A10_v5: 2 nodes"
    assert "27.31 GiB of files × 1.02" in lines[1]
    headings = next(line for line in lines if line.startswith("INSTANCE TYPE"))
    for heading in ("GPU", "NODES", "TP×PP×DP", "LARGEST CONTEXT", "$/HOUR", "PRICE OF"):
        assert heading in headings
    first = lines[lines.index(headings) + 1].split()
    assert first[0] == "Standard_NC24ads_A100_v4"
    assert first[-3:] == ["3.67", "eastus", "2026-06-18"]


def test_without_a_size_the_cheapest_is_worked_out() -> None:
    assert size("phi-4").output.startswith("microsoft/phi-4 on Standard_NC24ads_A100_v4: 1 node\n")


def test_json_says_the_same() -> None:
    found = json.loads(size("deepseek-r1-0528", "--context", "131072", "-o", "json").output)
    assert found["model"] == "deepseek-ai/DeepSeek-R1-0528"
    assert found["answer"]["context"] == 131072
    assert found["answer"]["instance_type"] == found["offers"][0]["instance_type"]
    assert found["prices"]["date"] == "2026-06-18"


def test_a_retired_size_names_what_to_use_instead() -> None:
    result = size("phi-4-mini-instruct", "--instance-type", "Standard_NC6s_v3")
    assert result.exit_code == 1
    assert "Standard_NC6s_v3 was retired on 2025-09-30" in result.output
    assert "Standard_NV36ads_A10_v5 ($3.20/h, 1 node)" in result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("falcon-7b",), "Use qwen2.5-coder-7b-instruct instead"),
        (("phi-5",), "Did you mean"),
        (("phi-4", "--instance-type", "Standard_NC24ads_A10_v4"), "We know no size Standard_NC24ads_A10_v4"),
        (("llama-3.1-8b-instruct", "--for", "lora"), "not made for lora"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(words: tuple[str, ...], says: str) -> None:
    result = size(*words)
    assert result.exit_code == 1
    assert says in result.output


def test_a_size_the_preset_is_not_for_is_minded() -> None:
    result = size("phi-4", "--instance-type", "Standard_NC64as_T4_v3")
    assert "Mind: T4 has compute capability 7.5; presets need 8.0." in result.output


def test_a_size_that_is_too_small_says_what_is_lacking() -> None:
    result = size(
        "llama-3.3-70b-instruct", "--for", "transformers", "--instance-type", "Standard_NC24ads_A100_v4"
    )
    assert result.exit_code == 0
    assert "does not fit" in result.output


def test_a_model_outside_the_catalog_is_asked_of_the_hub(tmp_path: Path) -> None:
    with Hub() as hub:
        hub.holds("org/brand-new")
        result = size("org/brand-new", "--endpoint", hub.url, "--cache-dir", str(tmp_path), "-o", "json")
        offline = size("org/brand-new", "--offline", "--cache-dir", str(tmp_path), "-o", "json")
    assert result.exit_code == 0, result.output
    assert result.output == offline.output
    assert json.loads(result.output)["offers"]


def test_a_hub_that_refuses_is_told_in_a_sentence(tmp_path: Path) -> None:
    with Hub() as hub:
        hub.answers["/api/models/org/x/revision/main"] = answer({"sha": "nonsense"})
        result = size("org/x", "--endpoint", hub.url, "--cache-dir", str(tmp_path))
    assert result.exit_code == 1
    assert "names no commit of org/x" in result.output
